"""Kept answers: what was read a moment ago answers whoever asks the same meanwhile."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from service.api.requests import as_json, moment, reading, store
from service.api.stores import FRESH

Make = Callable[[Session], Any]

_PLAIN = {"Content-Type": "application/json", "Vary": "Accept-Encoding"}
_PACKED = _PLAIN | {"Content-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as it is sent, plain and compressed: what many ask for is written once."""

    plain: bytes
    packed: bytes

    def answer(self) -> Response:
        """Answer so, in the form that is asked for."""
        if request.accept_encodings["gzip"]:
            return Response(self.packed, headers=_PACKED)
        return Response(self.plain, headers=_PLAIN)


def write(document: object) -> Written:
    written = as_json(document)
    return Written(written, gzip.compress(written, mtime=0))


def kept(make: Make, *, fresh: timedelta = FRESH) -> Response:
    """Answer what *make* reads, as it was a second ago or, with *fresh*, at most so long ago.

    It is read anew as soon as anybody has done anything that is on record, so that nobody is
    shown the state before their own deed. What happens by itself, such as texts that are sent,
    shows after *fresh*; where reading takes long, after nine times as long as it takes.
    """
    written: Written = kept_value(
        request.full_path, lambda session: write(make(session)), fresh=fresh
    )
    return written.answer()


def kept_value(name: str, make: Make, *, fresh: timedelta = FRESH) -> Any:
    """Return what *make* reads, kept under *name* as `kept` keeps answers.

    It is for everybody who asks: *make* finds no caller.
    """
    return store("answers").get(name, lambda: _for_anybody(make), moment(), fresh)


def _for_anybody(make: Make) -> Any:
    asking = g.pop("caller")
    try:
        with reading() as session:
            return make(session)
    finally:
        g.caller = asking

"""Kept answers: what was read a moment ago answers whoever asks the same meanwhile."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from service.api.requests import as_json, moment, reading, store
from service.api.stores import FRESH

Make = Callable[[Session], Any]


def kept(make: Make, *, fresh: timedelta = FRESH) -> Response:
    """Answer what *make* reads, as it was a second ago or, with *fresh*, at most so long ago.

    It is read anew as soon as anybody has done anything that is on record, so that nobody is
    shown the state before their own deed. What happens by itself, such as texts that are sent,
    shows after *fresh*; where reading takes long, after three times as long as it takes.
    """

    def write(session: Session) -> tuple[bytes, bytes]:
        written = as_json(make(session))
        return written, gzip.compress(written, mtime=0)

    said, packed = kept_value(request.full_path, write, fresh=fresh)
    # What many ask for in the same second is compressed once.
    if request.accept_encodings["gzip"]:
        told = Response(packed, content_type="application/json")
        told.headers["Content-Encoding"] = "gzip"
    else:
        told = Response(said, content_type="application/json")
    told.vary.add("Accept-Encoding")
    return told


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

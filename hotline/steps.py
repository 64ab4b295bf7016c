"""Steps: what a call does next, as data; ``service/twilio`` alone turns them into TwiML."""

import re
from dataclasses import dataclass, fields
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something the caller hears: a recording by its digest, or a text that a voice reads."""

    language: str
    text: str
    recording: str = ""


@dataclass(frozen=True, slots=True)
class AwaitKeys:
    """Wait for keys, and for words where *hears* names a language; silence is an answer too.

    With *most* of 1 every key counts, also ``*`` and ``#``; otherwise ``#`` ends what is keyed.
    """

    most: int = 1
    hears: str = ""
    hints: tuple[str, ...] = ()
    timeout_s: int = 6


@dataclass(frozen=True, slots=True)
class AwaitVoice:
    """Record what is said after the tone, for at most *longest_s* or until ``#``."""

    longest_s: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Ring *numbers* (E.164) all at once for *ring_s*; the next turn hears what came of it."""

    numbers: tuple[str, ...]
    ring_s: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The conversation is over."""


Ending = AwaitKeys | AwaitVoice | Transfer | HangUp
_ENDINGS = {kind.__name__: kind for kind in (AwaitKeys, AwaitVoice, Transfer, HangUp)}
_WAITS_FOR_KEYS = re.compile(rf'\[{{"kind":"{AwaitKeys.__name__}","most":(\d+)').match
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _ENDINGS.values()}


@dataclass(frozen=True, slots=True)
class Reply:
    """One turn of ours: everything that is said, then the one thing that is waited for."""

    spoken: tuple[Spoken, ...]
    ending: Ending

    def to_json(self) -> str:
        """Write the reply so that a repeated request can be given the very same one."""
        spoken = [[one.language, one.text, one.recording] for one in self.spoken]
        kind = type(self.ending)
        ending = {"kind": kind.__name__} | {n: getattr(self.ending, n) for n in _FIELDS[kind]}
        return orjson.dumps([ending, spoken]).decode()

    @classmethod
    def from_json(cls, written: str) -> "Reply":
        """Read what `to_json` wrote."""
        ending, spoken = orjson.loads(written)
        kind = _ENDINGS[ending.pop("kind")]
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in ending.items()
        }
        return cls(tuple(Spoken(*one) for one in spoken), kind(**fields))


def keys_awaited(written: str) -> int:
    """Return how many keys the reply that `Reply.to_json` wrote waits for at most, 0 for none."""
    found = _WAITS_FOR_KEYS(written)
    return int(found[1]) if found else 0

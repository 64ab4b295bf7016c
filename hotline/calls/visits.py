"""Visits: where in the script a call is, and what has to be remembered from turn to turn."""

from dataclasses import dataclass, field, fields

import orjson

ANSWER = "answer:"
PERSON = "person:"
RESUME = "resume"


@dataclass(slots=True)
class Visit:
    """The place of a call: ``path`` is the way back, ``notes`` what the node itself remembers.

    ``misses`` counts silences and wrong keys in a row; ``is_full`` says that the last entry had
    as many keys as it could, so that a ``#`` after it is still its end.
    """

    node: str
    language: str
    path: list[str] = field(default_factory=list)
    topic: str = ""
    area_code: str = ""
    misses: int = 0
    is_full: bool = False
    notes: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return orjson.dumps({name: getattr(self, name) for name in _FIELDS}).decode()

    @classmethod
    def from_json(cls, written: str) -> "Visit":
        return cls(**orjson.loads(written))


_FIELDS = tuple(one.name for one in fields(Visit))

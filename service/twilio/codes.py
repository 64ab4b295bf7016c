"""What Twilio's numbered errors mean for us: one table, ``codes.csv``, and how to ask it."""

import csv
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from importlib import resources
from types import MappingProxyType

from campaigns.gateway import Blocked, Postponed, Refused, Uncertain

STOPPED_BY_RECIPIENT = "21610"
_REFUSES_US = frozenset({401, 402, 403, 404, 405, 410})
_WAIT_UNLESS_TOLD = timedelta(seconds=1)


class Meaning(StrEnum):
    """Who or what is refused.

    ``REFUSED``: this text to this number, for good. ``POSTPONED``: this text, for now.
    ``BLOCKED``: we. ``FAILED``: a text that was accepted before.
    """

    REFUSED = "refused"
    POSTPONED = "postponed"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Code:
    """One line of the table; ``words`` tell an operator what happened."""

    meaning: Meaning
    wait: timedelta
    words: str


@cache
def known_codes() -> MappingProxyType[str, Code]:
    """Return the whole table, by code."""
    with (resources.files(__package__) / "codes.csv").open(encoding="utf-8") as file:
        return MappingProxyType(
            {
                row["code"]: Code(
                    Meaning(row["meaning"]),
                    timedelta(seconds=int(row["wait_s"] or 0)),
                    row["words"],
                )
                for row in csv.DictReader(file)
            }
        )


def is_stopped_by_recipient(code: str) -> bool:
    """Whether *code* says that the recipient told the carrier to stop: treat it as an opt-out."""
    return code == STOPPED_BY_RECIPIENT


def answer_to_refusal(
    status: int, code: str, *, wait: timedelta | None = None
) -> Refused | Postponed | Blocked | Uncertain:
    """Sort an HTTP *status* of 300 or more and Twilio's *code*, '' if none, into an answer.

    Whatever is not known is taken for our own fault where the status says so, because taking it
    for the recipient's would refuse a whole province one by one.
    """
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Uncertain(f"http {status}")
    match known_codes().get(code):
        case None:
            return _answer_to_unknown(status, code or f"http-{status}", wait)
        case Code(Meaning.POSTPONED) as known:
            return Postponed(code, wait or known.wait)
        case Code(Meaning.BLOCKED) as known:
            return Blocked(code, known.words)
        case _:
            return Refused(code, is_stop=is_stopped_by_recipient(code))


def _answer_to_unknown(
    status: int, code: str, wait: timedelta | None
) -> Refused | Postponed | Blocked:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Postponed(code, wait or _WAIT_UNLESS_TOLD)
    if status < HTTPStatus.BAD_REQUEST:
        return Blocked(code, "The carrier's address answers elsewhere; check LOA_TWILIO_API_URL")
    if status in _REFUSES_US:
        return Blocked(code, f"The carrier refuses us with HTTP status {status}")
    return Refused(code)

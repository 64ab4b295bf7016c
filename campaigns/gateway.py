"""What the domain needs from a carrier, and nothing about which carrier it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of a text after its carrier accepted it, in rising order of certainty.

    ``SILENT``: nothing heard yet. ``NETWORK``: the carrier's own message centre took it.
    ``HANDSET`` and ``FAILED`` are final.
    """

    SILENT = "silent"
    NETWORK = "network"
    HANDSET = "handset"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in {Outcome.HANDSET, Outcome.FAILED}


@dataclass(frozen=True, slots=True, repr=False)
class OutgoingText:
    """One claimed delivery, ready to be spoken: ``to`` is E.164; worthless from ``expires_at``."""

    broadcast_id: int
    position: int
    to: str
    body: str
    sender: str
    segments: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took the text and calls it *sid*."""

    sid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier will never deliver this text to this number; trying again is pointless.

    ``is_stop``: because whoever has the number told the carrier that they want no texts of ours.
    """

    code: str
    is_stop: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """The carrier did not take the text now, and surely did not keep it; try again later."""

    code: str
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Uncertain:
    """No clear answer came back: the carrier may or may not have the text."""

    why: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The carrier refuses *us* (credentials, account, sender): stop before everybody is refused."""

    code: str
    why: str


Answer = Accepted | Refused | Postponed | Uncertain | Blocked


@dataclass(frozen=True, slots=True)
class SentText:
    """A text as the carrier remembers it; ``sent_at`` is when it took it over.

    ``is_stop``: it failed because whoever has the number told the carrier to stop.
    """

    sid: str
    body: str
    sent_at: datetime
    outcome: Outcome
    error_code: str
    is_stop: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Inquiry:
    """A question to the carrier: what did it take over for the number *to* since *since*."""

    to: str
    since: datetime


class TextGateway(Protocol):
    """A carrier, spoken to many texts at a time. Implementations must be safe to use serially."""

    def send_all(self, texts: Sequence[OutgoingText], *, until: datetime) -> list[Answer]:
        """Hand over *texts* and return one answer for each, in order; never raise.

        What could not be spoken before *until* is Postponed with no wait: after that moment
        another worker may own these texts.
        """
        ...

    def find_sent(self, inquiries: Sequence[Inquiry]) -> list[list[SentText] | None]:
        """Return one complete list for each inquiry, in order; None where the carrier is unclear.

        Only a complete list proves that a text was never taken over.
        """
        ...

    def fetch(self, sids: Sequence[str]) -> list[SentText | None]:
        """Return each text by the carrier's name for it; None if unknown or not to be had now."""
        ...

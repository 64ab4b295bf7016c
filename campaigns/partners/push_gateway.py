"""What the domain needs of whoever brings a push to a partner, and nothing about how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, repr=False)
class Push:
    """One batch of a feed on its way: *rows* from *first* to *last*, signed with *secrets*."""

    partner: str
    url: str
    secrets: tuple[bytes, ...]
    first: int
    last: int
    rows: Sequence[dict[str, Any]]

    @property
    def id(self) -> str:
        """What the partner knows the batch by; the same however often it is tried."""
        return f"{self.partner}-{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Taken:
    """The partner answered that it has the batch."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The partner wants no more pushes there (HTTP 410)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The batch did not arrive, or was not taken: *why*. *wait* is how long the partner asks for.

    *why* is ours and never the partner's own words.
    """

    why: str
    wait: timedelta | None = None


PushAnswer = Taken | Gone | Failed


class PushGateway(Protocol):
    """Brings pushes to partners. Many threads send at a time."""

    def send(self, push: Push) -> PushAnswer:
        """Hand over *push* within half a minute and say what came of it; never raise."""
        ...

"""Lanes: the gateways texts leave by, each with an agreed rate and the carriers it serves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Lane:
    """One gateway account: *rate_per_s* in segments a second, over all machines together.

    A lane without *carriers* takes everybody that no other lane claims.
    """

    name: str
    rate_per_s: float
    carriers: tuple[str, ...] = ()

    @classmethod
    def read(cls, written: str) -> Self:
        """Read ``NAME=RATE`` or ``NAME=RATE:carrier+carrier``; raise ValueError otherwise."""
        name, _, rest = written.strip().partition("=")
        rate, _, carriers = rest.partition(":")
        try:
            rate_per_s = float(rate)
        except ValueError:
            rate_per_s = 0.0
        if not name.isidentifier() or not 0 < rate_per_s < float("inf"):
            raise ValueError(
                f"{written.strip()!r} is not a lane; write NAME=RATE or NAME=RATE:carrier+carrier, "
                "the rate in segments per second, for example twilio=100"
            )
        return cls(name, rate_per_s, tuple(part for part in carriers.split("+") if part))

    def __str__(self) -> str:
        carriers = f":{'+'.join(self.carriers)}" if self.carriers else ""
        return f"{self.name}={self.rate_per_s:g}{carriers}"

    @classmethod
    def read_all(cls, written: str) -> tuple[Self, ...]:
        """Read a comma-separated list of lanes; raise ValueError when two share a name."""
        lanes = tuple(cls.read(part) for part in written.split(",") if part.strip())
        if not lanes or len({lane.name for lane in lanes}) < len(lanes):
            raise ValueError("name at least one lane, and each only once, such as twilio=100")
        return lanes


def lane_for(lanes: Sequence[Lane], carrier: str) -> Lane:
    """Return the lane that serves *carrier*: one that names it, else the first open to all."""
    return next(
        (lane for lane in lanes if carrier in lane.carriers),
        next((lane for lane in lanes if not lane.carriers), lanes[0]),
    )


def carriers_named(lanes: Iterable[Lane]) -> frozenset[str]:
    return frozenset(carrier for lane in lanes for carrier in lane.carriers)

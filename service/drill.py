"""The drill: parts of a running broadcast are killed, and the carrier's log says what it cost."""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import cycle
from urllib.request import urlopen

from sqlalchemy import text

from campaigns.broadcasts.controls import get_broadcast
from campaigns.broadcasts.ledger import Ledger, draw_ledger
from service.database import reading
from service.errors import UnreachableError
from service.loopback.carrier import SUMMARY_PATH
from service.machine import Machine

DIRECTORY = "drill"
# Short, so that what a dead worker held is looked up while one still watches.
LEASE_S = 8
KILLS_OF_EACH = 2
_BETWEEN_KILLS_S = 3.0
_LOCKED_FOR_S = 4.0
_LOOK_EVERY_S = 0.2
_PATIENCE_S = 600.0

Say = Callable[[str], None]


class Part(StrEnum):
    """What can be killed; the database of one machine is no process, and is locked instead."""

    WORKER = "worker"
    REDIS = "redis"
    WEB = "web"
    CARRIER = "carrier"
    DATABASE = "database"


_CHILDREN = {
    Part.WORKER: ("worker-1", "worker-2"),
    Part.REDIS: ("valkey",),
    Part.WEB: ("web",),
    Part.CARRIER: ("carrier",),
}


@dataclass(frozen=True, slots=True)
class Drilled:
    """What the drill cost, by the ledger and by the carrier's own log."""

    planned: int
    at_the_carrier: int
    lost: int
    doubled: int
    unknown: int
    balanced: bool
    kills: int
    seconds: float

    @property
    def is_clean(self) -> bool:
        return self.balanced and not (self.lost or self.doubled or self.unknown)

    def document(self) -> dict[str, object]:
        return asdict(self) | {"clean": self.is_clean}


def drill(machine: Machine, broadcast_id: int, parts: Sequence[Part], *, say: Say) -> Drilled:
    """Kill each of *parts* twice, one after the other, while *broadcast_id* is sent, and count.

    Raises UnreachableError when the broadcast has not come to its end within ten minutes.
    """
    began = time.monotonic()
    left = [part for _, part in zip(range(KILLS_OF_EACH * len(parts)), cycle(parts), strict=False)]
    kills, next_kill = 0, began + 1.0
    while not _is_over(machine, broadcast_id):
        machine.supervisor.tend()
        now = time.monotonic()
        if now - began > _PATIENCE_S:
            raise UnreachableError(
                f"The broadcast did not come to its end within {_PATIENCE_S:.0f} s. Everything is "
                "being stopped; look at its ledger and at the logs in the data directory."
            )
        if left and now >= next_kill:
            part = left.pop(0)
            say(f"  {now - began:5.1f} s: {_kill(machine, part)}")
            kills, next_kill = kills + 1, time.monotonic() + _BETWEEN_KILLS_S
        time.sleep(_LOOK_EVERY_S)
    return _count(machine, broadcast_id, kills=kills, seconds=time.monotonic() - began)


def _is_over(machine: Machine, broadcast_id: int) -> bool:
    with reading(machine.resources.sessions) as session:
        return get_broadcast(session, broadcast_id).is_over


def _kill(machine: Machine, part: Part) -> str:
    """Kill *part* as a power cut would; return what was done."""
    if part is Part.DATABASE:
        return _lock_database(machine)
    up = [name for name in _CHILDREN[part] if machine.supervisor.is_up(name)]
    for name in up:
        os.killpg(machine.supervisor.pid(name), signal.SIGKILL)
    return f"killed {' and '.join(up) or f'nothing: no {part} was up'}"


def _lock_database(machine: Machine) -> str:
    with machine.resources.engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET number = number"))
        time.sleep(_LOCKED_FOR_S)
    return f"locked the database for {_LOCKED_FOR_S:.0f} s"


def _count(machine: Machine, broadcast_id: int, *, kills: int, seconds: float) -> Drilled:
    with reading(machine.resources.sessions) as session:
        ledger: Ledger = draw_ledger(session, broadcast_id)
    # The last part that was killed may be the one that is asked now.
    machine.wait_for_carrier()
    with urlopen(f"{machine.carrier_url}{SUMMARY_PATH}", timeout=10) as answer:  # noqa: S310
        carrier: dict[str, int] = json.load(answer)
    settled_here = sum(ledger.skipped.values()) + sum(ledger.refused.values())
    expected = ledger.planned - settled_here - ledger.expired - ledger.cancelled - ledger.unknown
    return Drilled(
        planned=ledger.planned,
        at_the_carrier=carrier["distinct"],
        lost=max(0, expected - carrier["distinct"]),
        doubled=carrier["doubled"],
        unknown=ledger.unknown,
        balanced=ledger.is_balanced,
        kills=kills,
        seconds=round(seconds, 1),
    )

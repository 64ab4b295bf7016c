"""Aftermath: what a database that was brought back cannot know of the time since its backup."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import pause_all
from campaigns.deliveries import Broadcast
from campaigns.errands import Errand, withdraw_launches

NOTE = (
    "restored from a backup; what was sent since is not known here; "
    "do not resume without checking at the carrier"
)
_NUMBERED_SINCE = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How many broadcasts were paused, and the number that the next one gets."""

    paused: int
    next_broadcast: int


def settle_aftermath(engine: Engine, *, now: datetime) -> Aftermath:
    """Pause what the backup believes is going on, and leave the numbers of lost broadcasts unused.

    Carriers go on reporting about broadcasts that were launched after the backup, and their
    receipts name them by number. The next number is therefore the minute of the restore, counted
    from 2025: more than any number in use, since fewer than one broadcast a minute is launched.
    A launch that waited when the backup was made has happened since, for all that is known here.
    """
    knows_errands = inspect(engine).has_table(Errand.__tablename__)
    with Session(engine) as session, session.begin():
        paused = pause_all(session, note=NOTE)
        if knows_errands:
            withdraw_launches(session, now=now)
        newest = session.scalar(select(func.max(Broadcast.id))) or 0
        used = max(newest, (now - _NUMBERED_SINCE) // timedelta(minutes=1))
        for statement in _COUNT_ON_FROM[engine.dialect.name]:
            session.execute(text(statement), {"used": used})
    return Aftermath(paused, used + 1)


_COUNT_ON_FROM = {
    "sqlite": (
        "UPDATE sqlite_sequence SET seq = :used WHERE name = 'broadcasts'",
        """
        INSERT INTO sqlite_sequence (name, seq) SELECT 'broadcasts', :used
        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'broadcasts')
        """,
    ),
    "postgresql": ("SELECT setval(pg_get_serial_sequence('broadcasts', 'id'), :used)",),
}

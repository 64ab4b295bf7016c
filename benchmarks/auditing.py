"""What the audit trail costs: its share of a launch, from the first statement to the commit."""

import statistics
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import fresh_database
from benchmarks.launching import TERMS, fill, submit_signed
from campaigns.broadcasts.launching import launch
from campaigns.definitions.reading import read_campaign
from service.database import open_engine, open_sessions
from service.demonstration import CAMPAIGN

ROWS = 100_000


def measure(*, postgresql: str | None, runs: int) -> dict[str, Any]:
    """Return seconds of a launch of ROWS texts and those of the audit in it, by database."""
    measured: dict[str, Any] = {}
    for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
        done = [_launch_once(kind, postgresql) for _ in range(runs)]
        launched, recorded = (statistics.median(one) for one in zip(*done, strict=True))
        measured[kind] = {
            "launch_seconds": round(launched, 3),
            "audit_ms": round(recorded * 1000, 2),
            "share_percent": round(100 * recorded / launched, 2),
        }
    return measured


def _launch_once(kind: str, postgresql: str | None) -> tuple[float, float]:
    """Launch once; return seconds in all, and those in which the chain was appended to."""
    with fresh_database(kind, postgresql) as url:
        fill(url, ROWS)
        engine = open_engine(url)
        sessions = open_sessions(engine)
        document = read_campaign(CAMPAIGN.read_text(encoding="utf-8"), name="campaign.yaml")
        with sessions.begin() as session:
            plan = submit_signed(session, document)
        looks = _watch_appending(sessions)
        begun = time.perf_counter()
        with sessions.begin() as session:
            launch(session, session.merge(plan), terms=TERMS, now=datetime.now(UTC))
        launched = time.perf_counter() - begun
        engine.dispose()
    return launched, looks[1] - looks[0]


def _watch_appending(sessions: sessionmaker[Session]) -> list[float]:
    """Note when the appending of a commit begins and ends; what waits to be written is written."""
    looks: list[float] = []

    def before(session: Session) -> None:
        session.flush()
        looks.append(time.perf_counter())

    def after(_: Session) -> None:
        looks.append(time.perf_counter())

    event.listen(Session, "before_commit", before, insert=True)
    event.listen(sessions, "before_commit", after)
    return looks

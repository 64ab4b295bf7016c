"""Stopping while workers claim and settle, each in a transaction of its own on a real server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.settling import settle
from campaigns.gateway import Postponed
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_province
from tests.databases import is_over_or_waits

LEASE = timedelta(minutes=1)
PATIENCE_S = 20


@pytest.fixture
def broadcast_id(commits: sessionmaker[Session], sealer: Sealer) -> int:
    with commits.begin() as session:
        a_province(session, sealer, people=3)
        return a_broadcast(session).id


def claim(session: Session, broadcast_id: int, sealer: Sealer) -> Claim | None:
    return claim_batch(
        session,
        broadcast_id,
        lane="twilio",
        claimant="worker-1",
        lease=LEASE,
        sealer=sealer,
        now=NOON,
    )


def test_a_stop_waits_for_a_claim_and_cancels_the_rest(
    own_engine: Engine, commits: sessionmaker[Session], sealer: Sealer, broadcast_id: int
) -> None:
    """Neither dies of the other: the worker speaks what it has, and nothing else leaves."""
    claimed, let_go = Event(), Event()

    def work() -> int:
        with commits.begin() as session:
            found = claim(session, broadcast_id, sealer)
            claimed.set()
            assert let_go.wait(PATIENCE_S)
        return len(found.texts) if found else 0

    def end() -> None:
        with commits.begin() as session:
            stop(session, broadcast_id, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        working = pool.submit(work)
        assert claimed.wait(PATIENCE_S)
        ending = pool.submit(end)
        assert is_over_or_waits(ending, own_engine)
        let_go.set()
        spoken = working.result(PATIENCE_S)
        ending.result(PATIENCE_S)

    with commits() as session:
        ledger = draw_ledger(session, broadcast_id)
    assert ledger.in_flight == spoken
    assert ledger.cancelled == ledger.planned - spoken


def test_what_is_postponed_while_a_stop_is_under_way_is_cancelled(
    own_engine: Engine, commits: sessionmaker[Session], sealer: Sealer, broadcast_id: int
) -> None:
    """A stop of a million texts takes seconds; nothing may slip back in meanwhile."""
    with commits.begin() as session:
        found = claim(session, broadcast_id, sealer)
    assert found is not None
    stopped, let_go = Event(), Event()

    def end() -> None:
        with commits.begin() as session:
            stop(session, broadcast_id, now=NOON)
            stopped.set()
            assert let_go.wait(PATIENCE_S)

    def work() -> None:
        with commits.begin() as session:
            settle(session, found, [Postponed("20429", timedelta())] * len(found.texts), now=NOON)

    with ThreadPoolExecutor(2) as pool:
        ending = pool.submit(end)
        assert stopped.wait(PATIENCE_S)
        working = pool.submit(work)
        assert is_over_or_waits(working, own_engine)
        let_go.set()
        ending.result(PATIENCE_S)
        working.result(PATIENCE_S)

    with commits() as session:
        ledger = draw_ledger(session, broadcast_id)
    assert (ledger.in_flight, ledger.cancelled) == (0, ledger.planned)
    assert ledger.is_settled

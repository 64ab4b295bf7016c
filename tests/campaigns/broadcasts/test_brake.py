"""Stopping everything while a launch is being written, on a real server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.controls import stop_all
from campaigns.broadcasts.launching import launch
from campaigns.deliveries import Broadcast, BroadcastState, Delivery
from campaigns.errors import LaunchWithdrawnError
from campaigns.plans.models import Plan
from campaigns.sealing import Sealer
from tests.builders import NOON, TERMS, a_document, a_province, a_signed_plan
from tests.databases import is_over_or_waits, someone_waits
from tests.fakes.processes import eventually

PATIENCE_S = 20


@pytest.fixture
def plan_id(commits: sessionmaker[Session], sealer: Sealer) -> int:
    with commits.begin() as session:
        a_province(session, sealer, people=3)
        return a_signed_plan(session, a_document()).id


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def end_everything(commits: sessionmaker[Session]) -> int:
    with commits.begin() as session:
        return len(stop_all(session, now=NOON))


def send(
    commits: sessionmaker[Session], plan_id: int, *, at_the_end: Callable[[], object] = bool
) -> None:
    with commits.begin() as session:
        launch(session, session.get_one(Plan, plan_id), terms=TERMS, now=NOON)
        at_the_end()


def test_a_launch_that_is_about_to_be_kept_is_waited_for_and_stopped(
    own_engine: Engine, commits: sessionmaker[Session], plan_id: int, pool: ThreadPoolExecutor
) -> None:
    written, let_go = Event(), Event()

    def wait() -> None:
        written.set()
        assert let_go.wait(PATIENCE_S)

    sending = pool.submit(send, commits, plan_id, at_the_end=wait)
    assert written.wait(PATIENCE_S)
    ending = pool.submit(end_everything, commits)
    assert is_over_or_waits(ending, own_engine)
    let_go.set()
    sending.result(PATIENCE_S)
    assert ending.result(PATIENCE_S) == 1

    with commits() as session:
        assert session.scalars(select(Broadcast.state)).all() == [BroadcastState.STOPPED]


def test_a_launch_that_is_still_being_written_does_not_happen(
    own_engine: Engine, commits: sessionmaker[Session], plan_id: int, pool: ThreadPoolExecutor
) -> None:
    """Held up in its middle, it is overtaken; SQLite lets nobody overtake a launch."""
    if own_engine.dialect.name == "sqlite":
        send(commits, plan_id)
        assert end_everything(commits) == 1
        return
    with own_engine.connect() as between:
        between.execute(text("LOCK TABLE batches IN EXCLUSIVE MODE"))
        sending = pool.submit(send, commits, plan_id)
        assert eventually(lambda: someone_waits(own_engine))
        assert end_everything(commits) == 0
    with pytest.raises(LaunchWithdrawnError, match="Nothing was sent"):
        sending.result(PATIENCE_S)

    with commits() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
    send(commits, plan_id)
    with commits() as session:
        assert session.scalars(select(Broadcast.state)).all() == [BroadcastState.RUNNING]

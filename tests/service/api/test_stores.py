"""What is kept for a second: never from before a deed, and made by one for all who wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Event, Lock, Semaphore

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import revoke_key
from campaigns.deliveries import BroadcastState
from campaigns.people import Role
from campaigns.sealing import Sealer
from service.api import stores
from service.api.stores import FRESH, Moment, Store, Together
from service.settings import Settings
from service.web.app import create_app
from tests.builders import NOON, a_broadcast, a_province
from tests.fakes.telephones import Clock, ClockedResources
from tests.service.api.conftest import Program

Make = Callable[..., Program]


def a_moment(deed: int = 1, *, seconds: float = 0) -> Moment:
    return Moment(deed, NOON + timedelta(seconds=seconds))


def test_it_is_made_anew_after_its_time_and_after_a_deed() -> None:
    """Within a second the same; whoever asked before a deed may be given what is from after it."""
    store, numbers = Store(), count(1)

    def get(moment: Moment) -> object:
        return store.get("list", lambda: next(numbers), moment, FRESH)

    assert [get(a_moment()), get(a_moment(seconds=0.9)), get(a_moment(seconds=1.1))] == [1, 1, 2]
    assert get(a_moment(2, seconds=1.2)) == 3
    assert get(a_moment(1, seconds=1.2)) == 3
    assert get(a_moment(2, seconds=-3600)) == 4


def test_one_makes_it_and_the_others_are_given_what_was_before() -> None:
    """But after a deed they wait; nobody is shown the state before it."""
    store, begun, may_end = Store(), Event(), Event()
    store.get("list", lambda: "old", a_moment(), FRESH)

    def slowly() -> str:
        begun.set()
        assert may_end.wait(10)
        return "new"

    with ThreadPoolExecutor() as threads:
        making = threads.submit(store.get, "list", slowly, a_moment(seconds=2), FRESH)
        assert begun.wait(10)
        assert store.get("list", slowly, a_moment(seconds=2), FRESH) == "old"
        waiting = threads.submit(store.get, "list", lambda: "newest", a_moment(2), FRESH)
        may_end.set()
        assert (making.result(), waiting.result()) == ("new", "newest")


def test_a_fault_is_not_kept() -> None:
    store = Store()
    for _ in range(2):
        try:
            store.get("list", lambda: 1 // 0, a_moment(), FRESH)
        except ZeroDivisionError:
            continue
        raise AssertionError
    assert store.get("list", lambda: "mended", a_moment(), FRESH) == "mended"


class WatchedLock:
    """A lock that says how many have come to it."""

    def __init__(self) -> None:
        self.came = Semaphore(0)
        self._lock = Lock()

    def acquire(self, *, blocking: bool) -> bool:
        self.came.release()
        return self._lock.acquire(blocking=blocking)

    def release(self) -> None:
        self._lock.release()


def test_who_asks_during_a_reading_is_given_the_next_and_all_of_them_the_same() -> None:
    """What is being read when somebody asks may be from before their own deed."""
    together, numbers = Together[int](), count(1)
    together._reading = door = WatchedLock()  # type: ignore[assignment]
    begun, may_end = Event(), Event()

    def slowly() -> int:
        number = next(numbers)
        begun.set()
        assert may_end.wait(10)
        return number

    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(together.get, slowly)
        assert begun.wait(10)
        others = [threads.submit(together.get, lambda: next(numbers)) for _ in range(4)]
        for _ in range(5):
            assert door.came.acquire(timeout=10)
        may_end.set()
        assert first.result() == 1
        assert [other.result() for other in others] == [2, 2, 2, 2]


def test_a_reading_holds_for_a_while_and_is_renewed_by_one_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the second half of its time one reads and the others go on; after it everybody waits."""
    clock = [100.0]
    monkeypatch.setattr(stores, "monotonic", lambda: clock[0])
    together, numbers = Together[int](holds_s=10), count(1)

    def get_during_a_reading() -> int:
        """Ask while somebody else reads."""
        assert together._reading.acquire(blocking=False)
        try:
            return together.get(lambda: next(numbers))
        finally:
            together._reading.release()

    assert together.get(lambda: next(numbers)) == 1
    clock[0] += 4.9
    assert together.get(lambda: next(numbers)) == 1
    clock[0] += 5
    assert get_during_a_reading() == 1
    assert together.get(lambda: next(numbers)) == 2
    clock[0] += 10.1
    assert together.get(lambda: next(numbers)) == 3


def test_a_reading_that_fails_is_done_again_by_who_waited() -> None:
    together = Together[int]()
    for _ in range(2):
        try:
            together.get(lambda: 1 // 0)
        except ZeroDivisionError:
            continue
        raise AssertionError
    assert together.get(lambda: 7) == 7


def test_the_names_last_asked_for_are_kept_and_no_more() -> None:
    store, numbers = Store(), count(1)
    for name in range(1000):
        store.get(str(name), lambda: next(numbers), a_moment(), FRESH)
    assert store.get("999", lambda: next(numbers), a_moment(), FRESH) == 1000
    assert store.get("0", lambda: next(numbers), a_moment(), FRESH) == 1001


def test_what_happens_by_itself_shows_after_a_second_and_a_deed_at_once(
    session: Session, sealer: Sealer, program: Make, clock: Clock
) -> None:
    """A worker finishes a broadcast; an operator stops one."""
    a_province(session, sealer, people=1)
    broadcast = a_broadcast(session)
    session.commit()
    asking = program("lan", Role.SENDER)

    def state() -> str:
        found: str = asking.get("/broadcasts")["items"][0]["state"]
        return found

    assert state() == "running"
    broadcast.state = BroadcastState.PAUSED
    session.commit()
    assert state() == "running"
    clock.moment += timedelta(seconds=2)
    assert state() == "paused"
    asking.post(f"/broadcasts/{broadcast.id}/stop")
    assert state() == "stopped"
    assert asking.get(f"/broadcasts/{broadcast.id}/ledger")["cancelled"] == 2


def test_a_key_that_is_known_ends_at_once(
    program: Make, sessions: sessionmaker[Session], clock: Clock
) -> None:
    """In the very second in which it was used."""
    asking = program("lan", Role.ADMINISTRATOR)
    number = asking.get("/keys")["items"][0]["key"]
    with sessions.begin() as session:
        revoke_key(session, number, now=clock.moment)
    asking.get("/keys", code=401)


def test_another_process_shows_what_was_done_as_soon_as_that_is_answered(
    program: Make,
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    *,
    valkey_url: str,
) -> None:
    """It looks at most every so often whether anything was done; whoever does anything waits."""
    given = Settings.model_validate({"redis_url": valkey_url})
    resources = ClockedResources(given, engine, sessions, sealer, Clock())
    here, there = (create_app(resources, deeds_hold_s=1) for _ in range(2))
    asking = program("lan", Role.ADMINISTRATOR)
    person = {"login": "minh", "name": "Minh", "agency": "Sở Y tế", "roles": ["author"]}
    asking.app = there
    assert len(asking.get("/people")["items"]) == 1
    asking.app = here
    asking.post("/people", person, code=201)
    asking.app = there
    assert len(asking.get("/people")["items"]) == 2

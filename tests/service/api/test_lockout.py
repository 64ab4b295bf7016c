"""Lockout: whoever guesses has to wait, and nobody else does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.attempts import (
    FORGOTTEN_AFTER,
    FREE,
    FREE_OF_SOURCE,
    LONGEST_WAIT,
    WINDOW_OF_SOURCE,
    FailedAttempts,
)
from campaigns.access.keys import add_key
from campaigns.access.login_sessions import LoginSession
from campaigns.audit import AuditEntry
from campaigns.people import Role
from campaigns.sealing import Sealer
from service.settings import Settings
from service.web.app import create_app
from tests.builders import NOON, a_person
from tests.fakes.telephones import Clock, ClockedResources
from tests.service.api.accounts import ELSEWHERE, OFFICE, PASSWORD, Member, a_member, post
from tests.service.api.conftest import Program
from tests.service.conftest import QUICK

Make = Callable[..., Program]
WRONG: dict[str, Any] = {"password": "không phải thế đâu", "code": "000000"}


@pytest.fixture
def lan(program: Make, clock: Clock) -> Member:
    return a_member(program("quantri", Role.ADMINISTRATOR), clock, "lan", "author")


def locks(session: Session) -> list[tuple[str, str]]:
    found = select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.action.contains("lock"))
    return [(action, subject) for action, subject in session.execute(found)]


def guess(member: Member, times: int, *, address: str = ELSEWHERE) -> None:
    for _ in range(times):
        member.try_login(status=401, address=address, **WRONG)


def waits(member: Member, address: str = ELSEWHERE, **changes: str) -> float:
    """Return after how many seconds the next attempt from *address* counts."""
    given = {"login": member.login, "password": member.password, "code": "000000"} | changes
    answer = member.app.test_client().post(
        "/api/v1/sessions", json=given, environ_base={"REMOTE_ADDR": address}
    )
    assert answer.status_code == 429, answer.data
    assert answer.get_json()["type"] == "/api/problems/login-throttled"
    return float(answer.headers["Retry-After"])


def test_guessing_locks_out_the_guesser_and_not_the_owner(lan: Member, session: Session) -> None:
    """Not even with the right password from there; from her own place she comes in at once."""
    working = lan.log_in(address=OFFICE)
    guess(lan, FREE)
    refused = lan.try_login(status=429, address=ELSEWHERE, code=lan.shown())
    assert refused["type"] == "/api/problems/login-throttled"
    assert lan.log_in(address=OFFICE).get("/me")["login"] == "lan"
    assert working.get("/me")["login"] == "lan"
    assert locks(session) == [("login.locked", "person:lan")]


def test_each_wait_is_twice_the_one_before(lan: Member, clock: Clock, session: Session) -> None:
    """Up to an hour, and one entry in the trail for all of them; a day later all is forgotten."""
    guess(lan, FREE)
    began_at = clock.moment
    seen: list[float] = []
    while not seen or seen[-1] < LONGEST_WAIT.total_seconds():
        seen.append(waits(lan))
        clock.moment += timedelta(seconds=seen[-1])
        post(lan.app, "/sessions", {"login": "lan", **WRONG}, status=401, address=ELSEWHERE)
    assert seen == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert len(locks(session)) == 1
    clock.moment = began_at + FORGOTTEN_AFTER
    lan.log_in(address=ELSEWHERE)


def test_slips_are_forgiven_once_the_right_person_has_come(lan: Member) -> None:
    for _ in range(3):
        guess(lan, FREE - 1, address=OFFICE)
        lan.log_in(address=OFFICE)


def test_a_stranger_is_counted_like_anybody(lan: Member, session: Session) -> None:
    """What was typed as a login may be a password: the trail does not hold it."""
    nobody = Member(lan.app, lan.clock, "matkhau-cua-toi")
    guess(nobody, FREE)
    assert waits(nobody) == 30
    assert locks(session) == [("login.locked", "person:nobody")]


def test_many_logins_from_one_address_are_too_many(
    lan: Member, clock: Clock, session: Session
) -> None:
    """Who has come from there before is let in all the same, and so is everybody elsewhere."""
    lan.log_in(address=OFFICE)
    began_at = clock.moment
    for number in range(FREE_OF_SOURCE):
        given = {"login": f"ai{number}", **WRONG}
        post(lan.app, "/sessions", given, status=401, address=OFFICE)
    assert waits(lan, OFFICE, login="khac") == WINDOW_OF_SOURCE.total_seconds()
    lan.log_in(address=OFFICE)
    lan.log_in(address=ELSEWHERE)
    assert locks(session) == [("source.locked", f"source:{OFFICE}")]
    clock.moment = began_at + WINDOW_OF_SOURCE
    given = {"login": "khac", **WRONG}
    post(lan.app, "/sessions", given, status=401, address=OFFICE)


def test_whoever_shows_an_open_session_waits_for_their_own_mistakes_only(lan: Member) -> None:
    """A guesser in the same office keeps nobody from logging in again before the session ends."""
    working = lan.log_in(address=OFFICE)
    guess(lan, FREE, address=OFFICE)
    given = {"login": "lan", "password": PASSWORD}
    lan.try_login(status=429, address=OFFICE, code=lan.shown())
    headers = {"Authorization": f"Bearer {working.key}"}
    post(lan.app, "/sessions", given | {"code": lan.code()}, status=201, **headers)
    for _ in range(FREE):
        post(lan.app, "/sessions", {"login": "lan", **WRONG}, status=401, **headers)
    post(lan.app, "/sessions", given | {"code": lan.shown()}, status=429, **headers)


def test_an_open_session_does_not_help_to_guess_at_others(lan: Member) -> None:
    headers = {"Authorization": f"Bearer {lan.log_in().key}"}
    for _ in range(FREE):
        post(lan.app, "/sessions", {"login": "hoa", **WRONG}, status=401, **headers)
    post(lan.app, "/sessions", {"login": "hoa", **WRONG}, status=429, **headers)


def test_a_house_has_one_address(lan: Member) -> None:
    """Of IPv6 it has 2^64, and one of IPv4 may be written as one of IPv6."""
    for number in range(FREE):
        guess(lan, 1, address=f"2001:db8:1:1::{number}")
    assert waits(lan, "2001:db8:1:1:ffff::1") == 30
    guess(lan, 1, address="2001:db8:1:2::1")
    guess(lan, FREE, address="::ffff:198.51.100.7")
    assert waits(lan, "198.51.100.7") == 30


def test_an_invitation_is_no_way_to_guess(lan: Member, program: Make, clock: Clock) -> None:
    """Whoever holds one may guess at the app's code as seldom as anybody."""
    admin = program("quantri2", Role.ADMINISTRATOR)
    invited = {"resets": ["password"]}
    text = admin.post("/people/lan/invitations", invited, code=201)["text"]
    for _ in range(FREE):
        lan.accept(text, status=409, code="000000")
    lan.accept(text, status=429, code=lan.shown())
    clock.moment += timedelta(seconds=30)
    lan.accept(text)


def test_what_failed_is_forgotten_after_a_day(lan: Member, clock: Clock, session: Session) -> None:
    for number in range(20):
        given = {"login": f"ai{number}", **WRONG}
        post(lan.app, "/sessions", given, status=401, address=OFFICE)
    clock.moment += FORGOTTEN_AFTER
    lan.log_in(address=ELSEWHERE)
    kept = session.scalars(select(FailedAttempts.source)).all()
    assert set(kept) == {ELSEWHERE}


@pytest.fixture
def racing(
    own_engine: Engine,
    commits: sessionmaker[Session],
    sealer: Sealer,
    data_dir: Path,
    *,
    valkey_url: str,
    clock: Clock,
) -> Member:
    """A member on a database whose transactions really meet."""
    settings = Settings.model_validate({"data_dir": data_dir, "redis_url": valkey_url})
    given = ClockedResources(settings, own_engine, commits, sealer, clock, passwords=QUICK)
    app: Flask = create_app(given)
    with commits.begin() as session:
        person = a_person(session, "quantri", Role.ADMINISTRATOR)
        key = add_key(session, person, name="test", scopes=(), now=NOON)
    return a_member(Program(app, "quantri", key.text), clock, "lan", "sender")


def at_once(member: Member, given: dict[str, str], times: int) -> list[int]:
    def ask(_: int) -> int:
        while True:
            answer = member.app.test_client().post(
                "/api/v1/sessions", json=given, environ_base={"REMOTE_ADDR": OFFICE}
            )
            if answer.status_code != 503:
                return answer.status_code

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(ask, range(times)))


def test_two_that_bring_one_code_at_the_same_moment_are_one_login(
    racing: Member, commits: sessionmaker[Session]
) -> None:
    given = {"login": "lan", "password": PASSWORD, "code": racing.code()}
    assert at_once(racing, given, 4) == [201, 401, 401, 401]
    with commits() as session:
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 1


def test_of_many_guesses_at_the_same_moment_only_the_free_ones_are_verified(
    racing: Member,
) -> None:
    given = {"login": "lan", **WRONG}
    assert at_once(racing, given, 12) == [401] * FREE + [429] * (12 - FREE)

"""What an address asks the database does not depend on how many rows it shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.deliveries import Broadcast
from campaigns.people import Role
from campaigns.plans.models import Plan
from campaigns.sealing import Sealer
from service.api.requests import NEEDS
from tests.fakes.telephones import Clock
from tests.service.api.conftest import Program
from tests.service.api.crowds import a_member

FEW, MANY = 1, 24
# Long enough for nothing to be kept, and for the use of the key to be noted each time.
LATER = timedelta(minutes=2)
# What says one thing, however many of it there are.
SAYS_ONE_THING = {
    "/me",
    "/signing-key",
    "/campaigns/<string(maxlength=80):slug>",
    "/broadcasts/<int(max=9223372036854775807):number>",
    "/hotline/editions/<int(max=9223372036854775807):number>",
    "/subscribers/imports/<int(max=9223372036854775807):number>",
    "/subscribers/imports/<int(max=9223372036854775807):number>/rejects",
    "/plans/errands/<int(max=9223372036854775807):number>",
    "/broadcasts/errands/<int(max=9223372036854775807):number>",
    # Two days, never more.
    "/figures",
    # Hours of one day, and a handful of networks.
    "/carriers",
    # Its rows are communes of one campaign, and are counted where it is tested.
    "/campaigns/<string(maxlength=80):slug>/local",
}
# The stretch of time in which everything happens here.
WITH = {"/hotline/statistics": "?until=2026-03-03T00:00:00%2B07:00"}


def test_no_address_asks_more_often_where_it_shows_more(
    app: Flask,
    program: Callable[..., Program],
    session: Session,
    sessions: sessionmaker[Session],
    *,
    sealer: Sealer,
    clock: Clock,
) -> None:
    """With two dozen of everything as often as with one; a list that is new here needs rows.

    Rows are made in `crowds`. An address that shows a single thing belongs to SAYS_ONE_THING.
    """
    asking = program("lan", *Role)
    a_member(session, sealer, 0)
    session.commit()
    look = partial(_look, asking, sessions, clock)
    found = {path: look(path) for path in _lists(app, session)}
    for number in range(FEW, MANY):
        a_member(session, sealer, number)
    session.commit()
    for path, few in found.items():
        many = look(path)
        assert many.rows >= 20, f"{path} shows no more rows than before: make some in crowds.py"
        assert many.statements == few.statements, f"{path} asks once more for each row it shows"


class Look:
    """How many rows an answer shows at most in one place, and what was asked of the database."""

    def __init__(self, answer: Any, statements: list[str]) -> None:
        self.rows = max(_lengths(answer))
        self.statements = len(statements)


def _look(asking: Program, sessions: sessionmaker[Session], clock: Clock, path: str) -> Look:
    # Once before, so that what a process reads only once is not counted; the answer to that is
    # kept for a short while.
    asking.get(path)
    clock.moment += LATER
    with _statements(sessions.kw["bind"]) as statements:
        answer = asking.get(path)
    assert statements
    return Look(answer, statements)


def _lists(app: Flask, session: Session) -> list[str]:
    """Return every address of a list, with the first of whatever its blanks stand for."""
    first = {
        "broadcasts": session.scalars(select(Broadcast.id)).one(),
        "plans": session.scalars(select(Plan.id)).one(),
    }
    paths = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/api/v1")
        needed = getattr(app.view_functions[rule.endpoint], NEEDS, None)
        if needed is None or "GET" not in (rule.methods or ()) or path in SAYS_ONE_THING:
            continue
        value = {
            "number": first.get(path.split("/")[1]),
            "login": "lan",
            "name": "nha-mang-0",
            "code": "cau-hoi" if path.startswith("/hotline") else "10000",
        }
        _, built = rule.build({name: value[name] for name in rule.arguments}) or ("", "")
        paths.append(built.removeprefix("/api/v1") + WITH.get(path, ""))
    assert len(paths) > 12
    return paths


@contextmanager
def _statements(connection: Connection) -> Iterator[list[str]]:
    """Keep every statement that is sent meanwhile."""
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(connection, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", keep)


def _lengths(value: Any) -> Iterator[int]:
    """Yield the length of every list and object in *value*."""
    if isinstance(value, dict | list):
        yield len(value)
        for one in value.values() if isinstance(value, dict) else value:
            yield from _lengths(one)


@pytest.fixture(autouse=True)
def _no_rows_before(session: Session) -> None:
    """What is counted here begins with one row of everything."""
    assert session.scalars(select(Broadcast.id)).first() is None

"""Pages: every long list can be walked in pieces, and nothing is shown twice or left out."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.people import Role
from campaigns.sealing import Sealer
from hotline.tickets import Ticket, TicketState
from tests.service.api.conftest import Program
from tests.service.api.crowds import a_member

Make = Callable[..., Program]
HOW_MANY = 7
LISTS = (
    "/audit",
    "/broadcasts",
    "/campaigns",
    "/hotline/answers",
    "/hotline/editions",
    "/hotline/tickets",
    "/keys",
    "/people",
    "/subscribers/imports",
)


@pytest.fixture
def lan(program: Make, session: Session, sealer: Sealer) -> Program:
    """Somebody who may see everything, and some of everything to see."""
    asking = program("lan", *Role)
    for number in range(HOW_MANY):
        a_member(session, sealer, number)
    session.commit()
    return asking


def walk(asking: Program, path: str, *, limit: int) -> Iterator[list[Any]]:
    """Yield one page after the other."""
    after = ""
    while True:
        page = asking.get(f"{path}?limit={limit}&after={after}")
        yield page["items"]
        if page["next"] is None:
            return
        after = page["next"]


@pytest.mark.parametrize("path", LISTS)
def test_pages_are_the_list_cut_into_pieces(lan: Program, path: str) -> None:
    whole = lan.get(f"{path}?limit=200")
    assert whole["next"] is None
    pages = list(walk(lan, path, limit=3))
    assert [len(page) for page in pages[:-1]] == [3] * (len(pages) - 1)
    assert len(pages) >= 3
    walked = [one for page in pages for one in page]
    # Keys are noted as used while one looks.
    assert [_plain(one) for one in walked] == [_plain(one) for one in whole["items"]]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "used_at"}


def test_deliveries_are_listed_by_state_and_commune(lan: Program) -> None:
    number = lan.get("/broadcasts?limit=200")["items"][-1]["broadcast"]
    path = f"/broadcasts/{number}/deliveries"
    whole = lan.get(path)
    assert whole["next"] is None
    assert [one["position"] for one in whole["items"]] == list(range(1, HOW_MANY + 1))
    assert [one for page in walk(lan, path, limit=3) for one in page] == whole["items"]
    of_one = lan.get(f"{path}?state=refused&area=10003")["items"]
    assert [(one["area"], one["reason"]) for one in of_one] == [("10003", "3")]
    assert lan.get(f"{path}?state=unknown")["items"] == []
    lan.get(f"{path}?state=nowhere", code=422)
    lan.get("/broadcasts/999999/deliveries", code=404)


def test_tickets_that_are_closed_meanwhile_do_not_move_the_others(
    lan: Program, session: Session
) -> None:
    """The most urgent first; the page goes on after one that is in the list no more."""
    tickets = list(session.scalars(select(Ticket).order_by(Ticket.id)))
    for number, ticket in enumerate(tickets):
        ticket.urgency = number % 2
    session.commit()
    references = [one.reference for one in tickets[0::2] + tickets[1::2]]
    first = lan.get("/hotline/tickets?limit=3")
    assert [one["reference"] for one in first["items"]] == references[:3]
    tickets[4].state = TicketState.CLOSED
    session.commit()
    rest = lan.get(f"/hotline/tickets?after={first['next']}")["items"]
    assert [one["reference"] for one in rest] == references[3:]


@pytest.mark.parametrize("path", LISTS)
def test_what_is_no_cursor_is_refused(lan: Program, path: str) -> None:
    nul = base64.urlsafe_b64encode(b"a\x00").decode()
    for strange in ("%FF", "!", nul):
        refused = lan.get(f"{path}?after={strange}", code=422)
        assert refused["type"] == "/api/problems/invalid"

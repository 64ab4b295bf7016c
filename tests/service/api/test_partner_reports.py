"""Settlements, reconciliations and the truth by network, for operators' programs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.carriers.quiet import look_at_carriers
from campaigns.gateway import Accepted, Answer, Outcome
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import a_day_of_texts, a_partner, settle_all
from tests.fakes.telephones import Clock
from tests.service.api.conftest import Program

Make = Callable[..., Program]
HEADING = "mã tin nhắn,thời gian gửi,trạng thái,số đoạn\n"


@pytest.fixture(autouse=True)
def day(sessions: sessionmaker[Session], sealer: Sealer) -> None:
    """A day of 24 texts, of which one was heard, settled with its partner."""
    with sessions.begin() as session:
        a_province(session, sealer, people=12)
        partner = a_partner(session)
        answers: list[Answer] = [Accepted(f"SM{n}") for n in range(1, 25)]
        broadcast = a_day_of_texts(session, sealer, now=NOON, answers=answers)
        report = CarrierReport(broadcast.id, 1, "SM1", Outcome.HANDSET, "", NOON)
        take_in(session, [report], now=NOON)
        settle_all(session, partner, sealer, now=NOON + timedelta(hours=13))
        look_at_carriers(session, now=NOON + timedelta(minutes=20))


def test_operators_see_what_was_settled(program: Make) -> None:
    auditor = program("kt", Role.AUDITOR)
    items = auditor.get("/partners/viettel-ls/reports")["items"]
    assert [one["day"] for one in items] == ["2026-03-01", "2026-03-02"]
    assert [(line["state"], line["texts"]) for line in items[1]["lines"]] == [
        ("handset", 1),
        ("submitted", 23),
    ]
    auditor.get("/partners/nobody/reports", code=404)
    program("lan", Role.COMMUNE_EDITOR).get("/partners/viettel-ls/reports", code=403)


def test_a_day_that_the_clock_missed_is_settled_once(program: Make, clock: Clock) -> None:
    clock.moment = NOON + timedelta(days=2)
    keeper = program("qt", Role.ADMINISTRATOR)
    assert [keeper.post("/partners/viettel-ls/reports")["settled"] for _ in range(2)] == [1, 0]
    last = keeper.get("/partners/viettel-ls/reports")["items"][-1]
    assert (last["day"], last["lines"]) == ("2026-03-03", [])
    assert "PUBLIC KEY" in keeper.get("/signing-key")["public_key"]
    auditor = program("kt", Role.AUDITOR)
    settled = [one for one in auditor.get("/audit")["items"] if one["action"] == "partner.settled"]
    assert (settled[-1]["actor"], settled[-1]["detail"]["day"]) == ("qt", last["day"])
    auditor.post("/partners/viettel-ls/reports", code=403)


def test_a_partners_file_is_compared(program: Make) -> None:
    auditor = program("kt", Role.AUDITOR)
    rows = "".join(f"SM{n},2026-03-02 12:00,Thành công,1\n" for n in range(1, 25))
    found = auditor.post(
        "/partners/viettel-ls/reconcile?month=2026-03",
        data=(HEADING + rows).encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert found["differences"] == {"other_state": 23}
    assert found["agreed"] == {"texts": 1, "segments": 1}
    assert found["list"][0]["reason"].startswith("lost receipt: ")


@pytest.mark.parametrize("body", [b"", b"\x00\x01\x02", b"\xff\xfe\x00"])
def test_what_is_no_table_is_a_problem(program: Make, body: bytes) -> None:
    auditor = program("kt", Role.AUDITOR)
    path = "/partners/viettel-ls/reconcile?month=2026-03"
    refused = auditor.post(path, data=body, code=409)
    assert refused["type"].endswith("/statement-refused")


def test_the_truth_by_network_has_its_bounds(program: Make, clock: Clock) -> None:
    clock.moment = NOON + timedelta(minutes=25)
    shown = program("lan", Role.AUTHOR).get("/carriers?day=2026-03-02")
    (hour,) = shown["hours"]
    assert (hour["carrier"], hour["accepted"]) == ("viettel", 24)
    assert hour["handset"]["low"] < hour["handset"]["share"] < hour["handset"]["high"]
    assert shown["quiet"] == []

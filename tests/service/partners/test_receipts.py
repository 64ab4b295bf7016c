"""What partners read over HTTP: all of their own, nothing of anybody else's, and no number."""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast
from campaigns.gateway import Accepted, Answer, Outcome, Refused
from campaigns.partners.accounts import get_partner, withdraw_partner
from campaigns.partners.keys import PartnerScope, find_valid_partner_key, revoke_partner_key
from campaigns.partners.models import FeedEntry
from campaigns.partners.reading import FIELDS
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_person, a_province
from tests.campaigns.partners.builders import a_claim
from tests.fakes.telephones import Clock
from tests.service.partners.conftest import Carrier, Join

Send = Callable[[], Broadcast]


@pytest.fixture
def send(session: Session, sealer: Sealer) -> Send:
    """Send one text each to two networks; one is failed, one is refused."""

    def do() -> Broadcast:
        people = a_province(session, sealer, people=2)
        for person in people[2:]:
            person.carrier_guess = "mobifone"
        session.flush()
        broadcast = a_broadcast(session)
        claim = a_claim(session, broadcast.id, sealer)
        assert claim is not None
        answers: list[Answer] = [
            Accepted("SM1"),
            Accepted("SM2"),
            Refused("21614"),
            Accepted("SM4"),
        ]
        settle(session, claim, answers, now=NOON)
        report = CarrierReport(broadcast.id, 1, "SM1", Outcome.FAILED, "30003", NOON)
        take_in(session, [report], now=NOON + timedelta(minutes=1))
        session.commit()
        return broadcast

    return do


def test_two_partners_read_their_own_and_together_everything(
    join: Join, send: Send, session: Session
) -> None:
    viettel, mobifone = join(), join("mobifone-ls", carriers=["mobifone"])
    broadcast = send()
    read = {one.name: one.get("/receipts")["receipts"] for one in (viettel, mobifone)}
    for name, network in (("viettel-ls", "viettel"), ("mobifone-ls", "mobifone")):
        assert [row["seq"] for row in read[name]] == list(range(1, len(read[name]) + 1))
        assert {row["carrier_by_prefix"] for row in read[name]} == {network}
        assert len({row["reference"] for row in read[name]}) == 2
    assert not {row["reference"] for row in read["viettel-ls"]} & {
        row["reference"] for row in read["mobifone-ls"]
    }
    assert sum(map(len, read.values())) == len(session.scalars(select(FeedEntry.seq)).all())
    failed = next(row for row in read["viettel-ls"] if row["state"] == "failed")
    assert failed["code"] == "30003"
    assert failed["reason_vi"] == "Máy tắt hoặc ngoài vùng phủ sóng"
    assert failed["reason_en"] == "The phone is switched off or out of reach"
    assert failed["sid"] == "SM1"
    assert failed["sender"] == broadcast.sender
    assert failed["day"] == "2026-03-02"
    assert failed["at"].endswith("+07:00")


def test_no_number_no_text_and_nobody_elses_word_is_in_it(join: Join, send: Send) -> None:
    """Nor how many texts there are: positions and broadcasts have no name here."""
    viettel = join()
    send()
    (row, *_) = viettel.get("/receipts")["receipts"]
    assert set(row) == set(FIELDS)
    text = viettel.ask("GET", "/receipts").get_data(as_text=True)
    for secret in ("+84", "0961", "5K", "position", "broadcast", "06196"):
        assert secret not in text


def test_pages_meet_without_a_gap(join: Join, send: Send) -> None:
    viettel = join()
    send()
    everything = viettel.get("/receipts")
    rows, after = [], 0
    while True:
        page = viettel.get(f"/receipts?after={after}&limit=2")
        rows += page["receipts"]
        if after == page["next"]:
            break
        after = page["next"]
    assert rows == everything["receipts"]
    assert after == everything["next"] == everything["last"] == len(rows)


@pytest.mark.parametrize("accepts_gzip", [True, False])
def test_every_form_says_the_same(join: Join, send: Send, *, accepts_gzip: bool) -> None:
    viettel = join()
    send()
    coding = {"Accept-Encoding": "gzip"} if accepts_gzip else {}

    def read(form: str) -> tuple[bytes, str | None]:
        told = viettel.ask("GET", "/receipts", headers={"Accept": form} | coding)
        assert told.content_type.startswith(form)
        assert told.headers.get("Content-Encoding") == ("gzip" if accepts_gzip else None)
        return gzip.decompress(told.data) if accepts_gzip else told.data, told.headers.get(
            "Loa-Next"
        )

    rows = orjson.loads(read("application/json")[0])["receipts"]
    lines, after = read("application/x-ndjson")
    assert [orjson.loads(line) for line in lines.splitlines()] == rows
    assert after == str(len(rows))
    table = list(csv.DictReader(io.StringIO(read("text/csv")[0].decode())))
    assert [row["reference"] for row in table] == [row["reference"] for row in rows]
    assert list(table[0]) == list(FIELDS)


def test_what_is_asked_for_is_what_is_shown(join: Join, send: Send) -> None:
    viettel = join()
    broadcast = send()

    def states(query: str) -> list[str]:
        return [row["state"] for row in viettel.get(f"/receipts?{query}")["receipts"]]

    assert states("state=submitted") == ["submitted", "submitted"]
    assert states("sender=KHAC") == []
    assert len(states(f"sender={broadcast.sender}")) == 5
    later = "2026-03-02T12:00:01%2B07:00"
    assert states(f"since={later}") == []
    assert len(states(f"until={later}")) == 5
    assert len(states("since=0001-01-01T00:00:00%2B07:00&until=9999-12-31T23:59:59-12:00")) == 5
    # A page without rows still moves on: nothing of that kind is left before this number.
    assert viettel.get("/receipts?sender=KHAC")["next"] == 5


@pytest.mark.parametrize(
    "query",
    [
        *("after=-1", "after=x", "after=1", "limit=0", "limit=50001"),
        *("state=x", "since=today", "what=1"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(join: Join, query: str) -> None:
    join().get(f"/receipts?{query}", code=422)


def test_keys_that_are_none_are_told_nothing(
    join: Join, app_key: Callable[[], str], sessions: sessionmaker[Session], clock: Clock
) -> None:
    """Wrong, of somebody else's kind, ended, revoked, or of an account that has ended."""
    viettel = join()
    right = viettel.key
    number = right.split("_")[1]
    wrong = ["", "loap", "loap_x_y", f"loap_{number}_", f"loap_{number}_wrong", f"loa_{right[5:]}"]
    for key in [*wrong, f"loap_999_{right.split('_')[2]}", app_key()]:
        problem = Carrier(viettel.app, "", key).get("/receipts", code=401)
        assert problem["type"] == "/api/problems/unauthorized"
    viettel.get("/receipts")
    clock.moment += timedelta(days=91)
    viettel.get("/receipts", code=401)
    clock.moment = NOON
    with sessions.begin() as session:
        revoke_partner_key(session, int(number), now=NOON)
    viettel.get("/receipts", code=401)
    mobifone = join("mobifone-ls", carriers=["mobifone"])
    mobifone.get("/receipts")
    with sessions.begin() as session:
        withdraw_partner(session, get_partner(session, "mobifone-ls"), now=NOON)
    mobifone.get("/receipts", code=401)


@pytest.fixture
def app_key(session: Session) -> Callable[[], str]:
    """Make a key of an operator's program, which opens other doors."""

    def make() -> str:
        person = a_person(session, "quantri", Role.ADMINISTRATOR)
        text = add_key(session, person, name="test", scopes=(), now=NOON).text
        session.commit()
        return text

    return make


def test_a_partners_key_opens_no_other_door(join: Join) -> None:
    viettel = join()
    answer = viettel.app.test_client().get(
        "/api/v1/me", headers={"Authorization": f"Bearer {viettel.key}"}
    )
    assert answer.status_code == 401


def test_a_key_is_for_what_it_was_made_for(join: Join) -> None:
    problem = join(scopes=[PartnerScope.REPORTS_READ]).get("/receipts", code=403)
    assert problem["type"] == "/api/problems/not-permitted"


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ("", "198.51.100.1", True),
        ("203.0.113.0/24", "203.0.113.9", True),
        ("203.0.113.0/24 2001:db8::/32", "2001:db8::1", True),
        ("203.0.113.0/24", "::ffff:203.0.113.9", True),
        ("203.0.113.0/24", "198.51.100.1", False),
        ("203.0.113.0/24", "2001:db8::1", False),
        ("203.0.113.0/24", "unix:", False),
    ],
)
def test_a_partner_may_be_bound_to_its_addresses(
    join: Join, networks: str, address: str, *, may: bool
) -> None:
    viettel = join(networks=networks)
    viettel.address = address
    viettel.get("/receipts", code=200 if may else 403)


def test_the_use_of_a_key_is_noted(
    join: Join, sessions: sessionmaker[Session], clock: Clock
) -> None:
    viettel = join()
    viettel.get("/receipts")
    with sessions() as session:
        key = find_valid_partner_key(session, viettel.key, now=NOON)
        assert key is not None
        assert key.used_at == clock.moment

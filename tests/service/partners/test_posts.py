"""Receipts that a carrier posts with the public library: signed, once, and row by row."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from standardwebhooks import Webhook

from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Delivery, Receipt
from campaigns.gateway import Accepted
from campaigns.partners.accounts import get_partner
from campaigns.partners.endpoints import draw_push_secret
from campaigns.partners.keys import PartnerScope
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_claim
from tests.service.partners.conftest import Carrier, Join

BATCH = orjson.dumps({"receipts": [{"sid": "SM0", "state": "handset"}]})


@pytest.fixture
def carrier(join: Join, sessions: sessionmaker[Session], sealer: Sealer) -> Carrier:
    """A partner's program, with four texts that the gateway took."""
    carrier = join()
    with sessions.begin() as session:
        a_province(session, sealer, people=2)
        broadcast = a_broadcast(session)
        claim = a_claim(session, broadcast.id, sealer)
        assert claim is not None
        settle(session, claim, [Accepted(f"SM{number}") for number in range(4)], now=NOON)
    return carrier


@pytest.fixture
def secret(carrier: Carrier, sessions: sessionmaker[Session], sealer: Sealer) -> str:
    with sessions.begin() as session:
        partner = get_partner(session, carrier.name)
        return draw_push_secret(session, partner, sealer=sealer, now=NOON)


def signed(
    secret: str, body: bytes, *, name: str = "batch-1", at: datetime | None = None
) -> dict[str, str]:
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, moment, body.decode()),
    }


def post(
    carrier: Carrier, body: bytes, headers: dict[str, str], *, code: int = 200, form: str = "json"
) -> Any:
    content = {"Content-Type": "text/csv" if form == "csv" else "application/json"}
    answer = carrier.ask("POST", "/receipts", code=code, headers=headers | content, data=body)
    return orjson.loads(answer.data)


def receipts(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Receipt)) or 0


def test_a_batch_in_json_says_what_became_of_each_row(
    carrier: Carrier, secret: str, sessions: sessionmaker[Session]
) -> None:
    rows = [
        {"sid": "SM0", "state": "handset", "at": "2026-03-02T12:00:00+07:00"},
        {"sid": "SM1", "state": "failed", "code": "27"},
        {"sid": "of nobody", "state": "handset"},
        {"sid": "SM2", "state": "eaten"},
        {"sid": "SM2", "state": "handset", "at": "0001-01-01T00:00:00+14:00"},
    ]
    body = orjson.dumps({"receipts": rows})
    said = post(carrier, body, signed(secret, body))
    assert (said["taken"], said["known"], said["not_taken"]) == (2, 0, 3)
    assert [(row["row"], row["result"]) for row in said["rows"]] == [
        (3, "unknown"),
        (4, "bad_state"),
        (5, "bad_time"),
    ]
    assert all(row["vi"] and row["en"] for row in said["rows"])
    with sessions() as session:
        states = session.scalars(select(Delivery.outcome).order_by(Delivery.position)).all()
    assert [state.value for state in states] == ["handset", "failed", "silent", "silent"]


def test_a_batch_in_csv_is_read_as_the_same_rows(carrier: Carrier, secret: str) -> None:
    body = "\ufeffsid,state,code\r\nSM0,handset,\r\nSM1,failed,27\r\nSM2,handset,,more\r\n".encode()
    said = post(carrier, body, signed(secret, body), form="csv")
    assert (said["taken"], said["rows"][0]["row"], said["rows"][0]["result"]) == (2, 3, "malformed")


def test_a_batch_that_comes_again_is_answered_alike_and_does_nothing(
    carrier: Carrier, secret: str, sessions: sessionmaker[Session]
) -> None:
    first = post(carrier, BATCH, signed(secret, BATCH))
    again = carrier.ask("POST", "/receipts", headers=signed(secret, BATCH), data=BATCH)
    assert orjson.loads(again.data) == first == {"taken": 1, "known": 0, "not_taken": 0, "rows": []}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert receipts(sessions) == 1
    assert post(carrier, BATCH, signed(secret, BATCH, name="batch-2"))["known"] == 1

    other = BATCH.replace(b"handset", b"network")
    problem = post(carrier, other, signed(secret, other), code=409)
    assert problem["type"] == "/api/problems/webhook-id-reused"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "batch-2"),
        ("webhook-id", ""),
        ("webhook-id", "x" * 129),
        ("webhook-timestamp", "1"),
        ("webhook-timestamp", "nan"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,a,b"),
        ("webhook-signature", "v1,é"),
        ("webhook-signature", "v2," + "A" * 44),
    ],
)
def test_what_is_not_signed_is_refused(
    carrier: Carrier, secret: str, sessions: sessionmaker[Session], *, header: str, value: str
) -> None:
    problem = post(carrier, BATCH, signed(secret, BATCH) | {header: value}, code=401)
    assert problem["type"] == "/api/problems/batch-not-signed"
    assert receipts(sessions) == 0


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_signed_at_another_time_is_refused(
    carrier: Carrier, secret: str, sessions: sessionmaker[Session], minutes: int
) -> None:
    """Whoever copied a batch on its way cannot hand it in later."""
    headers = signed(secret, BATCH, at=datetime.now(UTC) + timedelta(minutes=minutes))
    post(carrier, BATCH, headers, code=401)
    assert receipts(sessions) == 0


def test_another_secret_and_another_body_are_refused(
    carrier: Carrier, secret: str, sessions: sessionmaker[Session]
) -> None:
    wrong = "whsec_" + base64.b64encode(b"x" * 32).decode()
    post(carrier, BATCH, signed(wrong, BATCH), code=401)
    post(carrier, BATCH + b" ", signed(secret, BATCH), code=401)
    post(carrier, b"\xff", signed(secret, BATCH), code=401)
    assert receipts(sessions) == 0


def test_without_a_secret_nothing_is_believed(carrier: Carrier) -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AA=="}
    post(carrier, BATCH, headers, code=401)


def test_after_a_change_the_former_secret_is_believed_for_a_week(
    carrier: Carrier,
    secret: str,
    sessions: sessionmaker[Session],
    sealer: Sealer,
) -> None:
    with sessions.begin() as session:
        partner = get_partner(session, carrier.name)
        newer = draw_push_secret(session, partner, sealer=sealer, now=NOON)
    assert post(carrier, BATCH, signed(secret, BATCH, name="old"))["taken"] == 1
    assert post(carrier, BATCH, signed(newer, BATCH, name="new"))["known"] == 1


def test_a_key_for_reading_posts_nothing(
    join: Join, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    reader = join("reader", scopes=[PartnerScope.RECEIPTS_READ])
    with sessions.begin() as session:
        partner = get_partner(session, "reader")
        secret = draw_push_secret(session, partner, sealer=sealer, now=NOON)
    problem = post(reader, BATCH, signed(secret, BATCH), code=403)
    assert problem["type"] == "/api/problems/not-permitted"


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", "json"),
        (b"[]", "json"),
        (b'{"receipts": 1}', "json"),
        (b'{"receipts": []}', "json"),
        (b"{", "json"),
        (b"sid,state\n", "csv"),
        (b'sid,state\n"SM0,handset\n', "csv"),
        (b"sid,state,state\nSM0,handset,failed\n", "csv"),
        (orjson.dumps({"receipts": [0] * 5_001}), "json"),
    ],
)
def test_what_is_no_batch_is_refused_whole(
    carrier: Carrier, secret: str, body: bytes, form: str
) -> None:
    problem = post(carrier, body, signed(secret, body), code=422, form=form)
    assert problem["type"] == "/api/problems/batch-unreadable"


def test_a_partner_says_how_far_it_has_read_and_that_never_goes_back(carrier: Carrier) -> None:
    def say(seq: int, *, code: int = 200) -> Any:
        answer = carrier.ask("POST", "/acknowledgements", json={"receipts": seq}, code=code)
        return orjson.loads(answer.data)

    assert say(6)["receipts"] == 6
    assert say(4)["receipts"] == 6
    assert "the last is 8" in say(9, code=409)["detail"]

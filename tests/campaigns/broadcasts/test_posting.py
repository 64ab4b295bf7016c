"""Receipts that partners post: about their own texts only, each once, row by row."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.posted_rows import RowResult
from campaigns.broadcasts.posting import take_posted
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast, Delivery, Receipt
from campaigns.gateway import Accepted, Answer, Outcome, Uncertain
from campaigns.partners.models import Partner
from campaigns.partners.references import References
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_claim, a_partner, feed_of, told

SEALER = Sealer(b"a seal key that opens only tests")


@pytest.fixture
def partner(session: Session) -> Partner:
    return a_partner(session)


@pytest.fixture
def broadcast(session: Session, sealer: Sealer, partner: Partner) -> Broadcast:
    """Four texts of the partner's, of which the gateway took three."""
    a_province(session, sealer, people=2)
    broadcast = a_broadcast(session)
    claim = a_claim(session, broadcast.id, sealer)
    assert claim is not None
    answers: list[Answer] = [Accepted("SM1"), Accepted("SM2"), Accepted("SM3"), Uncertain("?")]
    settle(session, claim, answers, now=NOON)
    assert partner.id
    return broadcast


def name_of(partner: Partner, broadcast: Broadcast, position: int) -> str:
    return References(SEALER, partner.id).make(broadcast.id, position)


def post(session: Session, partner: Partner, rows: Sequence[Any]) -> list[str]:
    results = take_posted(
        session, partner, rows, references=References(SEALER, partner.id), now=NOON
    )
    return [result.value for result in results]


def outcomes(session: Session) -> list[str]:
    session.expire_all()
    return [
        one.outcome.value for one in session.scalars(select(Delivery).order_by(Delivery.position))
    ]


def test_a_text_is_named_by_its_reference_or_by_the_gateway_s_name(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    rows = [
        {"reference": name_of(partner, broadcast, 1), "state": "handset"},
        {"sid": "SM2", "state": "failed", "code": "027", "at": "2026-03-02T12:00:03+07:00"},
        {"sid": "SM3", "code": "ENROUTE"},
    ]
    assert post(session, partner, rows) == ["taken"] * 3
    assert outcomes(session)[:3] == ["handset", "failed", "network"]
    assert set(told(session, partner)[-3:]) == {(1, "handset"), (2, "failed"), (3, "network")}
    [failed] = [entry for entry in feed_of(session, partner) if entry.position == 2][-1:]
    assert (failed.code, failed.segments) == ("viettel:27", 1)
    receipt = session.scalars(select(Receipt).where(Receipt.sid == "SM2")).one()
    assert receipt.happened_at == NOON + timedelta(seconds=3)
    assert receipt.received_at == NOON


def test_what_was_posted_before_is_known_and_what_is_final_stays(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    rows = [{"sid": "SM1", "state": "handset"}] * 2
    assert post(session, partner, rows) == ["taken", "known"]
    assert post(session, partner, rows) == ["known", "known"]
    assert post(session, partner, [{"sid": "SM1", "state": "failed", "code": "27"}]) == ["taken"]
    assert outcomes(session)[0] == "handset"
    assert broadcast.id


def test_a_handset_outranks_the_message_centre_in_whatever_order_they_come(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    post(session, partner, [{"sid": "SM1", "state": "network"}])
    post(session, partner, [{"sid": "SM1", "state": "handset"}])
    post(session, partner, [{"sid": "SM2", "state": "handset"}])
    post(session, partner, [{"sid": "SM2", "state": "network"}])
    assert outcomes(session)[:2] == ["handset", "handset"]
    assert broadcast.id


def test_other_partners_texts_are_unknown_and_nothing_else(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    """Nobody learns by posting whether a text exists."""
    other = a_partner(session, "mobifone", carriers=["mobifone"])
    rows = [
        {"sid": "SM1", "state": "handset"},
        {"sid": "SM999", "state": "handset"},
        {"reference": name_of(partner, broadcast, 1), "state": "handset"},
        {"reference": "A" * 22, "state": "handset"},
    ]
    assert post(session, other, rows) == ["unknown"] * 4
    assert outcomes(session) == ["silent"] * 4


def test_one_bad_row_keeps_no_other_from_being_taken(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    own = {"sid": "SM1", "state": "handset"}
    rows: list[Any] = [
        {"reference": name_of(partner, broadcast, 4), "state": "handset"},
        "SM1",
        own | {"number": "x"},
        own | {"code": 27},
        {"state": "handset"},
        {"sid": "SM1"},
        {"sid": "SM1", "state": "silent"},
        {"sid": "SM1", "code": "nobody-agreed"},
        own | {"code": "27;DROP"},
        own | {"at": "2026-03-02T12:00:00"},
        own | {"at": "2027-03-02T12:00:00+07:00"},
        own | {"carrier": "nobody"},
        own | {"reference": name_of(partner, broadcast, 2)},
        own,
    ]
    assert post(session, partner, rows) == [
        *("early", "malformed", "malformed", "malformed", "no_name", "bad_state", "bad_state"),
        *("bad_state", "bad_code", "bad_time", "bad_time", "bad_carrier", "unknown", "taken"),
    ]
    explained = [result for result in RowResult if all(result.words)]
    assert set(RowResult) - set(explained) == {RowResult.TAKEN, RowResult.KNOWN}


def test_a_number_that_has_moved_is_known_to_be_elsewhere_before_anybody_is_told(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    assert post(session, partner, [{"sid": "SM1", "state": "handset", "carrier": "mobifone"}])
    last = feed_of(session, partner)[-1]
    assert (last.carrier_guess, last.carrier_actual) == ("viettel", "mobifone")
    delivery = session.get_one(Delivery, (broadcast.id, 1))
    moved = session.get_one(Subscriber, delivery.subscriber_id, populate_existing=True)
    assert moved.carrier_actual == "mobifone"
    assert Outcome.HANDSET is delivery.outcome

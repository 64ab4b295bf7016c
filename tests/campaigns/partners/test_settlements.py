"""Settlements: one signed file a day and partner, which together are the ledger."""

import hashlib
import json
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.recovering import find_lost, release_expired_claims, resolve
from campaigns.broadcasts.settling import settle
from campaigns.gateway import Accepted, Answer, Outcome, Refused, Uncertain
from campaigns.partners.accounts import withdraw_partner
from campaigns.partners.chains import first_broken
from campaigns.partners.models import Partner
from campaigns.partners.settlements import (
    BEGINNING,
    PartnerSettlement,
    draft_settlement,
    keep_settlement,
    next_due,
)
from campaigns.sealing import Sealer
from campaigns.signing import is_signed
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import (
    a_claim,
    a_day_of_texts,
    a_partner,
    ledger_by_day,
    settle_all,
    summed,
)

DAY = timedelta(days=1)
# One in the morning of the day after NOON's, in Viet Nam.
NEXT_MORNING = NOON + timedelta(hours=13)


@pytest.fixture
def partner(session: Session, sealer: Sealer) -> Partner:
    a_province(session, sealer, people=2)
    return a_partner(session)


def taken(name: str) -> list[Answer]:
    return [Accepted(f"{name}{position}") for position in (1, 2, 3, 4)]


def test_a_day_is_settled_at_one_in_the_morning_and_every_missed_day_in_turn(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    assert next_due(session, partner, now=NEXT_MORNING - DAY - timedelta(minutes=1)) is None
    assert next_due(session, partner, now=NEXT_MORNING - DAY) == date(2026, 3, 1)
    made = settle_all(session, partner, sealer, now=NEXT_MORNING + 2 * DAY)
    assert [one.day.day for one in made] == [1, 2, 3, 4]
    assert next_due(session, partner, now=NEXT_MORNING + 2 * DAY) is None


def test_a_settlement_counts_by_sender_state_and_segments(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    answers: list[Answer] = [
        Accepted("SM1"),
        Refused("21614"),
        Uncertain("timeout"),
        Accepted("SM4"),
    ]
    broadcast = a_day_of_texts(session, sealer, now=NOON, answers=answers)
    reports = [CarrierReport(broadcast.id, 1, "SM1", Outcome.HANDSET, "", NOON)]
    take_in(session, reports, now=NOON)
    before, made = settle_all(session, partner, sealer, now=NEXT_MORNING)

    assert before.lines == []
    assert [(line["state"], line["texts"], line["segments"]) for line in made.lines] == [
        ("handset", 1, 1),
        ("submitted", 1, 1),
        ("unknown", 1, 1),
    ]
    assert {(line["sender"], line["kind"], line["day"]) for line in made.lines} == {
        ("SYT LangSon", "ordinary", "2026-03-02")
    }


def test_files_are_a_chain_and_signed_to_the_byte(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    """Whoever has the files needs only sha256sum to see that none was left out or changed."""
    made = settle_all(session, partner, sealer, now=NEXT_MORNING + DAY)
    previous = BEGINNING
    for one in made:
        assert hashlib.sha256(one.content).hexdigest() == one.digest
        assert json.loads(one.content)["previous_digest"] == previous
        assert is_signed(one.content, one.signature, public_pem=sealer.signer.public_pem)
        assert not is_signed(one.content + b" ", one.signature, public_pem=sealer.signer.public_pem)
        previous = one.digest
    assert first_broken(session, partner) is None


def test_a_late_receipt_makes_a_correction_and_edits_nothing(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    broadcast = a_day_of_texts(session, sealer, now=NOON, answers=taken("SM"))
    first = settle_all(session, partner, sealer, now=NEXT_MORNING)[-1]
    before = first.content
    late = CarrierReport(broadcast.id, 2, "SM2", Outcome.FAILED, "30003", NOON + DAY)
    take_in(session, [late], now=NOON + DAY)
    (second,) = settle_all(session, partner, sealer, now=NEXT_MORNING + DAY)

    assert [(line["day"], line["kind"], line["state"], line["texts"]) for line in second.lines] == [
        ("2026-03-02", "correction", "failed", 1),
        ("2026-03-02", "correction", "submitted", -1),
    ]
    session.refresh(first)
    assert first.content == before


def test_a_text_after_midnight_belongs_to_its_own_day(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    """The file is made at one o'clock, and an emergency may have begun before that."""
    first = a_day_of_texts(session, sealer, now=NOON, answers=taken("A"))
    past_midnight = NOON + timedelta(hours=12, minutes=30)
    urgent = {"class": "emergency", "window": {"hours": "00:00-24:00"}}
    a_day_of_texts(session, sealer, now=past_midnight, answers=taken("B"), **urgent)
    late = CarrierReport(first.id, 1, "A1", Outcome.HANDSET, "", past_midnight)
    take_in(session, [late], now=past_midnight)
    made = settle_all(session, partner, sealer, now=NEXT_MORNING)
    assert {line["day"] for line in made[-1].lines} == {"2026-03-02"}
    assert summed(made) == {("2026-03-02", "submitted"): 4}
    made += settle_all(session, partner, sealer, now=NEXT_MORNING + DAY)
    assert summed(made) == ledger_by_day(session)


def test_all_settlements_together_are_the_ledger(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    """Answers that were lost, found and repeated on other days leave every count in balance."""
    made: list[PartnerSettlement] = []
    for number in range(5):
        now = NOON + number * DAY
        answers: list[Answer] = [
            Accepted(f"A{number}"),
            Uncertain("timeout"),
            Accepted(f"C{number}"),
            Refused("21614"),
        ]
        broadcast = a_day_of_texts(session, sealer, now=now, answers=answers)
        outcome = [Outcome.HANDSET, Outcome.FAILED, Outcome.NETWORK][number % 3]
        at = now + (number % 2) * DAY
        take_in(session, [CarrierReport(broadcast.id, 1, f"A{number}", outcome, "", at)], now=at)
        if number == 2:
            _owe_again(session, sealer, now=now + timedelta(hours=1))
        session.expire_all()
        made += settle_all(session, partner, sealer, now=NEXT_MORNING + number * DAY)
        assert summed(made) == ledger_by_day(session)
    assert first_broken(session, partner) is None


def _owe_again(session: Session, sealer: Sealer, *, now: datetime) -> None:
    """Find out that the carrier never had the texts in doubt, and hand the first over again."""
    release_expired_claims(session, now=now)
    lost = find_lost(
        session,
        after=(0, 0),
        limit=9,
        lanes=["twilio"],
        lease=timedelta(minutes=1),
        sealer=sealer,
        now=now,
    )
    assert len(lost) == 3
    for one in lost:
        resolve(session, one, [], now=now)
    claim = a_claim(session, lost[0].broadcast_id, sealer, now=now)
    assert claim is not None
    settle(session, claim, [Accepted("again")], now=now)


def test_two_who_settle_one_day_make_one_settlement(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    day = date(2026, 3, 1)
    drafts = [draft_settlement(session, partner, day) for _ in range(2)]
    kept = [
        keep_settlement(session, draft, signer=sealer.signer, now=NEXT_MORNING + n * DAY)
        for n, draft in enumerate(drafts)
    ]
    assert kept[0] is not None
    assert kept[1] is None


def test_a_withdrawn_partner_is_settled_up_to_its_last_day(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    withdraw_partner(session, partner, now=NOON)
    made = settle_all(session, partner, sealer, now=NOON + 9 * DAY)
    assert made[-1].day == date(2026, 3, 2)


@pytest.mark.parametrize(
    "deed", ["UPDATE partner_settlements SET day = day", "DELETE FROM partner_settlements"]
)
def test_the_database_refuses_to_change_what_was_settled(
    session: Session, sealer: Sealer, partner: Partner, deed: str
) -> None:
    settle_all(session, partner, sealer, now=NEXT_MORNING)
    with pytest.raises(DatabaseError, match="only ever added"):
        session.execute(text(deed))

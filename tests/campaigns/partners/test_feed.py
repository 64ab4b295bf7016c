"""What a partner is told: every step of texts to its network, and nothing of anybody else's."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.recovering import release_expired_claims
from campaigns.broadcasts.settling import settle
from campaigns.broadcasts.telling import tell_batches
from campaigns.deliveries import Broadcast
from campaigns.gateway import Accepted, Answer, Outcome, Refused, Uncertain
from campaigns.partners.accounts import withdraw_partner
from campaigns.partners.models import Partner, PartnerCarrier
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_claim, a_partner, feed_of, told


@pytest.fixture
def people(session: Session, sealer: Sealer) -> list[Subscriber]:
    return a_province(session, sealer, people=2)


@pytest.fixture
def partner(session: Session) -> Partner:
    return a_partner(session)


@pytest.fixture
def broadcast(session: Session, people: list[Subscriber]) -> Broadcast:
    assert people
    return a_broadcast(session)


def test_a_text_is_followed_from_plan_to_handset(
    session: Session, sealer: Sealer, partner: Partner, broadcast: Broadcast
) -> None:
    claim = a_claim(session, broadcast.id, sealer)
    assert claim is not None
    answers: list[Answer] = [
        Accepted("SM1"),
        Refused("21614"),
        Uncertain("timeout"),
        Accepted("SM4"),
    ]
    settle(session, claim, answers, now=NOON)
    reports = [
        CarrierReport(broadcast.id, 1, "SM1", Outcome.HANDSET, "", NOON),
        CarrierReport(broadcast.id, 1, "SM1", Outcome.NETWORK, "", NOON),
        CarrierReport(broadcast.id, 4, "SM4", Outcome.FAILED, "30003", NOON),
    ]
    take_in(session, reports, now=NOON)

    entries = feed_of(session, partner)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert told(session, partner) == [
        *((position, "planned") for position in (1, 2, 3, 4)),
        *((1, "submitted"), (2, "refused"), (3, "unknown"), (4, "submitted")),
        *((1, "network"), (4, "failed"), (1, "handset")),
    ]
    assert [entry.before.value for entry in entries[-3:]] == ["submitted", "submitted", "network"]
    failed = entries[-2]
    assert (failed.code, failed.sid, failed.segments) == ("30003", "SM4", 1)
    assert failed.day == date(2026, 3, 2)
    assert failed.carrier_guess == "viettel"
    assert entries[5].day is None


def test_only_the_partner_of_its_network_hears_of_a_text(
    session: Session, sealer: Sealer, people: list[Subscriber]
) -> None:
    """A number that is known to have moved belongs to the network where it is now."""
    people[0].carrier_guess = "mobifone"
    people[1].carrier_actual = "vinaphone"
    session.flush()
    partners = {
        carrier: a_partner(session, carrier, carriers=[carrier])
        for carrier in ("viettel", "vinaphone", "mobifone")
    }
    broadcast = a_broadcast(session)
    claim = a_claim(session, broadcast.id, sealer)
    assert claim is not None
    settle(session, claim, [Accepted(f"SM{n}") for n in range(4)], now=NOON)

    heard = {carrier: len(feed_of(session, one)) for carrier, one in partners.items()}
    assert heard == {"viettel": 4, "vinaphone": 2, "mobifone": 2}
    moved = feed_of(session, partners["vinaphone"])[0]
    assert (moved.carrier_guess, moved.carrier_actual) == ("viettel", "vinaphone")
    session.expire_all()
    assert [partner.last_seq for partner in partners.values()] == [4, 2, 2]


def test_what_is_planned_is_told_ahead_and_what_is_stopped_afterwards(
    session: Session, partner: Partner, broadcast: Broadcast
) -> None:
    assert tell_batches(session, limit=10, now=NOON) == 1
    assert tell_batches(session, limit=10, now=NOON) == 0
    stop(session, broadcast.id, now=NOON)
    session.expire_all()
    assert told(session, partner) == [(position, "planned") for position in (1, 2, 3, 4)]
    assert tell_batches(session, limit=10, now=NOON) == 1
    assert told(session, partner)[4:] == [(position, "withdrawn") for position in (1, 2, 3, 4)]


def test_who_is_skipped_is_withdrawn_and_the_reason_stays_ours(
    session: Session,
    sealer: Sealer,
    partner: Partner,
    *,
    broadcast: Broadcast,
    people: list[Subscriber],
) -> None:
    """A carrier need not know that somebody asked for no more texts."""
    people[0].opted_out_at = NOON
    session.flush()
    assert a_claim(session, broadcast.id, sealer) is not None
    entries = feed_of(session, partner)
    assert [entry.state.value for entry in entries] == ["planned"] * 4 + ["withdrawn"]
    assert entries[-1].code == ""


def test_a_lost_worker_makes_texts_unknown(
    session: Session, sealer: Sealer, partner: Partner, broadcast: Broadcast
) -> None:
    claim = a_claim(session, broadcast.id, sealer)
    assert claim is not None
    release_expired_claims(session, now=NOON + timedelta(minutes=2))
    assert [state for _, state in told(session, partner)][4:] == ["unknown"] * 4
    settle(session, claim, [Accepted(f"SM{n}") for n in range(4)], now=NOON)
    assert {entry.before.value for entry in feed_of(session, partner)[8:]} == {"unknown"}


def test_whoever_joins_later_hears_of_what_is_handed_over_from_then_on(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Nobody could balance steps whose beginning they were not told."""
    claim = a_claim(session, broadcast.id, sealer)
    assert claim is not None
    late = a_partner(session)
    session.query(PartnerCarrier).one().since = NOON + timedelta(seconds=1)
    session.flush()
    settle(session, claim, [Accepted(f"SM{n}") for n in range(4)], now=NOON)
    assert told(session, late) == []


def test_a_withdrawn_partner_hears_nothing_more(
    session: Session, sealer: Sealer, partner: Partner, broadcast: Broadcast
) -> None:
    withdraw_partner(session, partner, now=NOON)
    assert a_claim(session, broadcast.id, sealer) is not None
    assert told(session, partner) == []

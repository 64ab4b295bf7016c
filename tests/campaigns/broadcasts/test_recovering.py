"""What a dead worker left behind is found out at the carrier, never blindly sent again."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.recovering import (
    LostText,
    find_lost,
    find_silent,
    give_up,
    release_expired_claims,
    resolve,
)
from campaigns.broadcasts.settling import finish_if_done, settle
from campaigns.deliveries import Broadcast, DeliveryState
from campaigns.gateway import Accepted, Answer, Outcome, Postponed, SentText, Uncertain
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_broadcast, a_province

LEASE = timedelta(minutes=1)
LATER = NOON + timedelta(minutes=2)
MUCH_LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def broadcast(session: Session, sealer: Sealer) -> Broadcast:
    a_province(session, sealer, people=1)
    return a_broadcast(session)


def claim(
    session: Session,
    sealer: Sealer,
    broadcast: Broadcast,
    *,
    claimant: str = "worker-1",
    now: datetime = NOON,
) -> Claim:
    claimed = claim_batch(
        session,
        broadcast.id,
        lane="twilio",
        claimant=claimant,
        lease=LEASE,
        sealer=sealer,
        now=now,
    )
    assert claimed is not None
    return claimed


def look(session: Session, sealer: Sealer, *, now: datetime = LATER) -> list[LostText]:
    return find_lost(
        session, after=(0, 0), limit=100, lanes=("twilio",), lease=LEASE, sealer=sealer, now=now
    )


def lose(session: Session, sealer: Sealer) -> list[LostText]:
    release_expired_claims(session, now=LATER)
    return look(session, sealer)


def owe_again_while_spoken(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> tuple[Claim, LostText]:
    """Have one of two texts spoken while the other, once lost, is found to be owed again."""
    first = claim(session, sealer, broadcast)
    settle(session, first, [Uncertain("timeout"), Postponed("20429", timedelta())], now=NOON)
    speaking = claim(session, sealer, broadcast, now=MUCH_LATER)
    (lost,) = look(session, sealer, now=MUCH_LATER)
    resolve(session, lost, [], now=MUCH_LATER)
    return speaking, lost


def as_sent(lost: LostText, sid: str = "SM1") -> SentText:
    return SentText(sid, lost.body, NOON, Outcome.NETWORK, "")


def test_a_claim_is_not_looked_into_before_its_lease_is_over(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """The worker may still be speaking; asking the carrier would prove nothing."""
    claim(session, sealer, broadcast)

    assert release_expired_claims(session, now=NOON + LEASE) == 0
    assert look(session, sealer, now=NOON + LEASE) == []


def test_what_the_carrier_has_is_accepted_and_not_sent_again(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    claim(session, sealer, broadcast)
    first, second = lose(session, sealer)

    assert resolve(session, first, [as_sent(first)], now=LATER) is DeliveryState.ACCEPTED
    assert resolve(session, second, [], now=LATER) is DeliveryState.PLANNED

    again = claim(session, sealer, broadcast, claimant="worker-2", now=LATER)
    assert [text.to for text in again.texts] == [second.to]
    ledger = draw_ledger(session, broadcast.id)
    assert (ledger.accepted, ledger.accepted_by.network, ledger.in_flight) == (1, 1, 1)


def test_another_text_to_the_same_person_is_not_mistaken_for_ours(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Neither another body, nor one sent before, nor one that is another delivery's."""
    claim(session, sealer, broadcast)
    lost = lose(session, sealer)[0]
    other_body = SentText("SM7", "Thông báo khác", NOON, Outcome.SILENT, "")
    too_old = SentText("SM8", lost.body, NOON - timedelta(hours=1), Outcome.SILENT, "")

    assert resolve(session, lost, [other_body, too_old], now=LATER) is DeliveryState.PLANNED


def test_a_sleeper_that_wakes_up_records_what_it_was_told(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Its lease is lost, but "accepted" stays true; "try again" is no longer its to say."""
    claimed = claim(session, sealer, broadcast)
    lose(session, sealer)

    settle(session, claimed, [Accepted("SM1"), Postponed("20429", timedelta())], now=LATER)

    ledger = draw_ledger(session, broadcast.id)
    assert (ledger.accepted, ledger.unknown, ledger.in_flight) == (1, 1, 0)


def test_a_sleeper_cannot_take_a_text_out_of_another_workers_hands(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Its "try again" would have a text sent twice that the second worker is speaking now."""
    sleeper = claim(session, sealer, broadcast)
    for lost in lose(session, sealer):
        resolve(session, lost, [], now=LATER)
    awake = claim(session, sealer, broadcast, claimant="worker-2", now=LATER)

    settle(session, sleeper, [Postponed("20429", timedelta())] * 2, now=LATER)

    assert draw_ledger(session, broadcast.id).in_flight == 2
    settle(session, awake, [Accepted("SM1"), Accepted("SM2")], now=LATER)
    assert draw_ledger(session, broadcast.id).accepted == 2
    assert finish_if_done(session, broadcast.id, now=LATER)


def test_a_sleepers_acceptance_keeps_a_text_from_being_sent_again(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """The carrier had not listed it yet when it was asked; the sleeper knows that it has it."""
    sleeper = claim(session, sealer, broadcast)
    for lost in lose(session, sealer):
        resolve(session, lost, [], now=LATER)

    settle(session, sleeper, [Accepted("SM1"), Accepted("SM2")], now=LATER)

    assert draw_ledger(session, broadcast.id).accepted == 2


def test_a_stopped_broadcast_cancels_what_the_carrier_never_had(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    claim(session, sealer, broadcast)
    stop(session, broadcast.id, now=NOON)
    session.flush()
    for lost in lose(session, sealer):
        resolve(session, lost, [], now=LATER)

    ledger = draw_ledger(session, broadcast.id)
    assert (ledger.cancelled, ledger.unknown, ledger.is_settled) == (2, 0, True)


def test_unknown_fates_keep_a_broadcast_open(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    claim(session, sealer, broadcast)
    first, second = lose(session, sealer)
    resolve(session, first, [as_sent(first)], now=LATER)

    assert not finish_if_done(session, broadcast.id, now=LATER)

    resolve(session, second, [as_sent(second, "SM2")], now=LATER)
    assert finish_if_done(session, broadcast.id, now=LATER)


def test_nobody_can_be_asked_about_an_erased_number(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """It stays unknown for good, and does not keep the broadcast open."""
    claim(session, sealer, broadcast)
    for lost in lose(session, sealer):
        give_up(session, lost)

    assert look(session, sealer) == []
    assert finish_if_done(session, broadcast.id, now=LATER)
    assert draw_ledger(session, broadcast.id).unknown == 2


def test_only_accepted_texts_never_heard_of_are_asked_about(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    claimed = claim(session, sealer, broadcast)
    settle(session, claimed, [Accepted("SM1"), Postponed("20429", timedelta())], now=NOON)

    silent = find_silent(session, broadcast.id, after=0, limit=10, now=MUCH_LATER)

    assert silent == [(1, "twilio", "SM1")]
    assert find_silent(session, broadcast.id, after=1, limit=10, now=MUCH_LATER) == []


def test_a_text_is_looked_for_from_its_own_claim_on(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Its batch may be claimed again and again for what was postponed."""
    lost_answer: list[Answer] = [Uncertain("timeout"), Postponed("unreachable", timedelta())]
    settle(session, claim(session, sealer, broadcast), lost_answer, now=NOON)
    for minutes in (1, 5, 9):
        again = claim(session, sealer, broadcast, now=NOON + timedelta(minutes=minutes))
        settle(session, again, [Postponed("unreachable", timedelta())], now=again.lease_until)

    (lost,) = look(session, sealer, now=NOON + timedelta(minutes=20))

    assert lost.claimed_at == NOON
    left_at_once = SentText("SM1", lost.body, NOON + timedelta(seconds=1), Outcome.NETWORK, "")
    assert resolve(session, lost, [left_at_once], now=LATER) is DeliveryState.ACCEPTED


def test_what_another_found_out_earlier_says_nothing_about_a_later_claim(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Two look-ups of one text overlap; the slower one must not have it sent a third time."""
    claim(session, sealer, broadcast)
    seen_by_both = lose(session, sealer)
    for lost in seen_by_both:
        resolve(session, lost, [], now=LATER)
    again = claim(session, sealer, broadcast, claimant="worker-2", now=LATER)
    settle(session, again, [Uncertain("timeout")] * 2, now=LATER)

    for lost in seen_by_both:
        resolve(session, lost, [], now=LATER)

    assert draw_ledger(session, broadcast.id).unknown == 2


def test_what_is_owed_again_while_its_batch_is_being_spoken_is_not_forgotten(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """The batch is opened again by whoever settles it, and the broadcast comes to its end."""
    speaking, lost = owe_again_while_spoken(session, sealer, broadcast)
    settle(session, speaking, [Accepted("SM2")], now=MUCH_LATER)

    last = claim(session, sealer, broadcast, now=MUCH_LATER + timedelta(minutes=1))
    settle(session, last, [Accepted("SM3")], now=last.lease_until)

    assert [text.position for text in last.texts] == [lost.position]
    assert finish_if_done(session, broadcast.id, now=last.lease_until)


def test_what_is_owed_again_in_the_batch_of_a_worker_that_dies_is_not_forgotten(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """The carrier has all that the dead worker spoke, so nothing else opens the batch."""
    _, lost = owe_again_while_spoken(session, sealer, broadcast)
    dead = MUCH_LATER + timedelta(minutes=2)
    assert release_expired_claims(session, now=dead) == 1
    (spoken,) = look(session, sealer, now=dead)
    sent = SentText("SM2", spoken.body, MUCH_LATER, Outcome.HANDSET, "")
    assert resolve(session, spoken, [sent], now=dead) is DeliveryState.ACCEPTED

    last = claim(session, sealer, broadcast, now=dead)
    assert [text.position for text in last.texts] == [lost.position]


def test_texts_that_nobody_can_ask_about_do_not_hide_the_others(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Whoever asks goes on behind the last one asked about, and passes over lanes it has not."""
    claim(session, sealer, broadcast)
    first, second = lose(session, sealer)
    behind = find_lost(
        session,
        after=(first.broadcast_id, first.position),
        limit=1,
        lanes=("twilio",),
        lease=LEASE,
        sealer=sealer,
        now=LATER,
    )
    elsewhere = find_lost(
        session, after=(0, 0), limit=9, lanes=("smpp",), lease=LEASE, sealer=sealer, now=LATER
    )
    assert [lost.position for lost in behind] == [second.position]
    assert elsewhere == []


def test_a_damaged_number_is_unknown_for_good_and_stops_nobody(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    claimed = claim(session, sealer, broadcast)
    person = session.scalars(
        select(Subscriber).where(Subscriber.fingerprint == sealer.fingerprint(claimed.texts[0].to))
    ).one()
    person.sealed = b"damaged" * 9
    session.flush()
    lost = lose(session, sealer)
    assert sorted(bool(one.to) for one in lost) == [False, True]

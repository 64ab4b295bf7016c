"""Claiming a batch: only what may still be sent goes out, and only once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.controls import expire_if_due, pause, resume, stop
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.settling import finish_if_done, settle
from campaigns.deliveries import Broadcast, BroadcastState, Delivery, DeliveryState
from campaigns.errors import BroadcastFrozenError, SealBrokenError
from campaigns.gateway import Accepted, Answer, Blocked, Postponed, Refused, Uncertain
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_document, a_level, a_province, a_subscriber

LEASE = timedelta(minutes=1)


def claim(session: Session, sealer: Sealer, broadcast: Broadcast, **at: timedelta) -> Claim | None:
    return claim_batch(
        session,
        broadcast.id,
        lane="twilio",
        claimant="worker-1",
        lease=LEASE,
        sealer=sealer,
        now=NOON + at.get("after", timedelta()),
    )


def claimed(session: Session, sealer: Sealer, broadcast: Broadcast) -> Claim:
    found = claim(session, sealer, broadcast)
    assert found is not None
    return found


class TestOrder:
    def test_the_highest_level_leaves_first_and_communes_take_turns(
        self, session: Session, sealer: Sealer
    ) -> None:
        """People in the red commune are told before anybody in a green one."""
        people = a_province(session, sealer, people=2)
        broadcast = a_broadcast(session)

        order = session.scalars(
            select(Delivery.subscriber_id)
            .where(Delivery.broadcast_id == broadcast.id)
            .order_by(Delivery.position)
        ).all()

        assert order == [person.id for person in people]

    def test_communes_of_one_level_are_interleaved(self, session: Session, sealer: Sealer) -> None:
        """No commune waits until the last person of another has been texted."""
        people = a_province(session, sealer, people=3)
        a_level(session, "06184", 3, at=NOON - timedelta(hours=1))
        broadcast = a_broadcast(session)

        texts = claimed(session, sealer, broadcast).texts

        numbers = [sealer.unseal(person.sealed or b"") for person in people]
        ours, others = numbers[:3], numbers[3:]
        first_two = {texts[0].to, texts[1].to}
        assert first_two == {ours[0], others[0]}
        assert {texts[4].to, texts[5].to} == {ours[2], others[2]}


class TestLastLook:
    def test_whoever_opted_out_since_the_launch_is_skipped(
        self, session: Session, sealer: Sealer
    ) -> None:
        """An opt-out that arrives in the middle of a broadcast still counts."""
        gone, *rest = a_province(session, sealer, people=2)
        broadcast = a_broadcast(session)
        gone.opted_out_at = NOON
        session.flush()

        texts = claimed(session, sealer, broadcast).texts

        assert {text.to for text in texts} == {sealer.unseal(p.sealed or b"") for p in rest}
        assert draw_ledger(session, broadcast.id).skipped == {"opted_out": 1}

    def test_a_text_whose_level_was_superseded_is_not_sent(
        self, session: Session, sealer: Sealer
    ) -> None:
        """A commune that went from level 3 to 4 must not be told it is at level 3."""
        a_province(session, sealer, people=2)
        document = a_document(texts={"vi": "Lạng Sơn: {area} là cấp độ {level} ({colour})."})
        broadcast = a_broadcast(session, document)
        a_level(session, "06196", 4, at=NOON)

        texts = claimed(session, sealer, broadcast).texts

        assert len(texts) == 2
        assert all("cap do 1" in text.body or "cấp độ 1" in text.body for text in texts)
        assert draw_ledger(session, broadcast.id).skipped == {"level_changed": 2}

    def test_a_decision_for_later_does_not_stop_what_is_true_today(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer, people=2)
        document = a_document(texts={"vi": "Lạng Sơn: {area} là cấp độ {level} ({colour})."})
        broadcast = a_broadcast(session, document)
        a_level(session, "06196", 4, at=NOON + timedelta(days=2))

        assert len(claimed(session, sealer, broadcast).texts) == 4

    def test_nothing_leaves_outside_the_hours(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        broadcast = a_broadcast(session)

        assert claim(session, sealer, broadcast, after=timedelta(hours=9)) is None
        assert claim(session, sealer, broadcast, after=timedelta(hours=19)) is not None

    def test_what_is_past_its_time_expires(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=2)
        document = a_document(window={"lasts": "PT2H"})
        broadcast = a_broadcast(session, document)

        assert claim(session, sealer, broadcast, after=timedelta(hours=2)) is None
        expire_if_due(session, broadcast.id, now=NOON + timedelta(hours=1))
        assert draw_ledger(session, broadcast.id).in_flight == 4
        expire_if_due(session, broadcast.id, now=NOON + timedelta(hours=2))
        ledger = draw_ledger(session, broadcast.id)
        assert (ledger.expired, ledger.in_flight, ledger.is_settled) == (4, 0, True)

    def test_nothing_leaves_when_the_hours_close_or_its_time_is_over(
        self, session: Session, sealer: Sealer
    ) -> None:
        """A claim may outlast neither, however long its lease is."""
        a_province(session, sealer, people=1)
        by_hours = a_broadcast(session, a_document(window={"hours": "07:00-12:01"}))
        by_time = a_broadcast(
            session, a_document(campaign="gap-gap", window={"not_after": NOON + LEASE / 2})
        )
        late, urgent = (claimed(session, sealer, one) for one in (by_hours, by_time))
        assert (late.closes_at, urgent.closes_at) == (NOON + LEASE, NOON + LEASE / 2)
        assert {text.expires_at for text in urgent.texts} == {NOON + LEASE / 2}

    def test_a_damaged_number_is_skipped_and_stops_nobody(
        self, session: Session, sealer: Sealer
    ) -> None:
        """With a wrong key everybody's number would look so: then nobody is skipped."""
        people = a_province(session, sealer, people=2)
        broadcast = a_broadcast(session)
        with pytest.raises(SealBrokenError):
            claim(session, Sealer(b"another key, of another database"), broadcast)
        people[0].sealed = b"damaged" * 9
        session.flush()
        assert len(claimed(session, sealer, broadcast).texts) == 3
        assert draw_ledger(session, broadcast.id).skipped == {"damaged": 1}

    def test_whoever_has_had_three_texts_in_a_day_gets_no_fourth(
        self, session: Session, sealer: Sealer
    ) -> None:
        """The last look at it, for broadcasts that were launched at the same moment."""
        a_province(session, sealer, people=1)
        others = [a_broadcast(session, a_document(campaign=f"tin-{n}")) for n in range(3)]
        theirs = update(Delivery).where(Delivery.broadcast_id.in_([one.id for one in others]))
        session.execute(theirs.values(state=DeliveryState.CANCELLED))
        fourth = a_broadcast(session, a_document(campaign="tin-3"))
        session.execute(theirs.values(state=DeliveryState.ACCEPTED, claimed_at=NOON))

        assert claimed(session, sealer, fourth).texts == []
        assert draw_ledger(session, fourth.id).skipped == {"daily_cap": 2}

    def test_a_batch_is_claimed_once(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        broadcast = a_broadcast(session)
        claimed(session, sealer, broadcast)

        assert claim(session, sealer, broadcast) is None


class TestSettling:
    def test_each_answer_goes_where_it_belongs(self, session: Session, sealer: Sealer) -> None:
        """Accepted, refused, postponed and uncertain texts are never mixed up."""
        a_province(session, sealer, people=2)
        broadcast = a_broadcast(session)
        claim_ = claimed(session, sealer, broadcast)

        answers: list[Answer] = [
            Accepted("SM1"),
            Refused("21614"),
            Postponed("20429", timedelta(seconds=7)),
            Uncertain("timed out"),
        ]
        settled = settle(session, claim_, answers, now=NOON)

        ledger = draw_ledger(session, broadcast.id)
        assert settled.hold == timedelta(seconds=7)
        assert (ledger.accepted, ledger.refused) == (1, {"21614": 1})
        assert (ledger.in_flight, ledger.unknown) == (1, 1)
        assert ledger.is_balanced
        assert not ledger.is_settled

    def test_a_postponed_text_is_claimed_again_and_alone(
        self, session: Session, sealer: Sealer
    ) -> None:
        """Nobody is texted twice because a neighbour in the batch had to wait."""
        a_province(session, sealer, people=1)
        broadcast = a_broadcast(session)
        first = claimed(session, sealer, broadcast)
        answers: list[Answer] = [Accepted("SM1"), Postponed("30001", timedelta())]
        settle(session, first, answers, now=NOON)

        assert claim(session, sealer, broadcast) is None
        again = claim(session, sealer, broadcast, after=timedelta(seconds=1))

        assert again is not None
        assert [text.to for text in again.texts] == [first.texts[1].to]

    def test_a_carrier_that_refuses_us_pauses_the_broadcast(
        self, session: Session, sealer: Sealer
    ) -> None:
        """Wrong credentials must not turn into ten thousand refused texts."""
        a_province(session, sealer, people=1)
        broadcast = a_broadcast(session)
        claim_ = claimed(session, sealer, broadcast)

        settle(session, claim_, [Blocked("20003", "wrong token")] * 2, now=NOON)

        session.refresh(broadcast)
        assert broadcast.state is BroadcastState.PAUSED
        assert "20003" in broadcast.note
        assert draw_ledger(session, broadcast.id).in_flight == 2

    def test_finishes_when_everything_is_settled(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=1)
        broadcast = a_broadcast(session)
        claim_ = claimed(session, sealer, broadcast)

        assert not finish_if_done(session, broadcast.id, now=NOON)
        settle(session, claim_, [Accepted("SM1"), Accepted("SM2")], now=NOON)

        assert finish_if_done(session, broadcast.id, now=NOON)
        session.refresh(broadcast)
        assert broadcast.state is BroadcastState.FINISHED


class TestControls:
    def test_a_paused_broadcast_is_not_claimed_until_it_resumes(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer)
        broadcast = a_broadcast(session)
        pause(session, broadcast.id, now=NOON)
        session.flush()

        assert claim(session, sealer, broadcast) is None
        resume(session, broadcast.id, now=NOON)
        session.flush()
        assert claim(session, sealer, broadcast) is not None

    def test_stopping_cancels_what_has_not_left_even_when_it_comes_back(
        self, session: Session, sealer: Sealer
    ) -> None:
        """What a carrier postpones after the stop is cancelled, not kept waiting for ever."""
        a_province(session, sealer, people=1)
        broadcast = a_broadcast(session)
        claim_ = claimed(session, sealer, broadcast)
        stop(session, broadcast.id, now=NOON)
        session.flush()

        settle(session, claim_, [Accepted("SM1"), Postponed("20429", timedelta())], now=NOON)

        ledger = draw_ledger(session, broadcast.id)
        assert (ledger.accepted, ledger.cancelled, ledger.is_settled) == (1, 1, True)

    def test_what_is_over_cannot_be_paused(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        broadcast = a_broadcast(session)
        stop(session, broadcast.id, now=NOON)

        with pytest.raises(BroadcastFrozenError):
            pause(session, broadcast.id, now=NOON)


def test_nobody_is_owed_two_texts_by_one_broadcast(session: Session, sealer: Sealer) -> None:
    people = a_province(session, sealer, people=5)
    a_subscriber(session, sealer, area="06196", opted_out_at=NOON)
    broadcast = a_broadcast(session)

    owed = session.execute(
        select(func.count(), func.count(Delivery.subscriber_id.distinct())).where(
            Delivery.broadcast_id == broadcast.id
        )
    ).one()

    assert tuple(owed) == (len(people), len(people))

"""Sending a broadcast, batch by batch, through a real queue."""

from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import get_broadcast, pause
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.deliveries import Batch, BroadcastState
from campaigns.gateway import Answer, OutgoingText, Postponed, Refused, Uncertain
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_document, a_province
from tests.fakes.carrier import FakeCarrier
from tests.workers.conftest import Watch
from workers.queues import QueueName, queue
from workers.sending import send_batch
from workers.upkeep import listen_again, recover, wake_broadcasts

pytestmark = pytest.mark.usefixtures("job_context")


@pytest.fixture
def broadcast_id(session: Session, sealer: Sealer) -> int:
    """A broadcast to forty people in batches of ten."""
    a_province(session, sealer, people=20)
    document = a_document(window={"hours": "07:00-21:00", "lasts": "PT12H"})
    broadcast = a_broadcast(session, document)
    cut_batches(session, broadcast.id, size=10)
    session.commit()
    return broadcast.id


def cut_batches(session: Session, broadcast_id: int, *, size: int) -> None:
    planned = draw_ledger(session, broadcast_id).planned
    session.execute(delete(Batch).where(Batch.broadcast_id == broadcast_id))
    rows = [
        {
            "broadcast_id": broadcast_id,
            "lane": "twilio",
            "first": first,
            "last": min(first + size - 1, planned),
            "due_at": NOON,
        }
        for first in range(1, planned + 1, size)
    ]
    session.execute(insert(Batch), rows)


def send(broadcast_id: int) -> int:
    return send_batch(broadcast_id, "twilio", "sending")


def test_everybody_is_texted_once(
    session: Session, carrier: FakeCarrier, broadcast_id: int
) -> None:
    tried = [send(broadcast_id) for _ in range(5)]

    assert tried == [10, 10, 10, 10, 0]
    assert len(set(carrier.numbers())) == len(carrier.numbers()) == 40
    ledger = draw_ledger(session, broadcast_id)
    assert (ledger.accepted, ledger.is_settled) == (40, True)
    assert get_broadcast(session, broadcast_id).state is BroadcastState.FINISHED


def test_the_next_batch_is_asked_for_once_and_while_this_one_is_spoken(
    redis: Redis, carrier: FakeCarrier, broadcast_id: int
) -> None:
    """Idle workers join in at once, and the queue never fills up with the same request."""
    waiting: list[int] = []

    def look(_text: OutgoingText) -> None:
        waiting.append(queue(QueueName.SENDING, redis).count)

    carrier.answer = look
    send(broadcast_id)
    send(broadcast_id)

    assert waiting == [1] * 20


def test_a_paused_broadcast_is_left_alone(
    session: Session, carrier: FakeCarrier, broadcast_id: int
) -> None:
    send(broadcast_id)
    pause(session, broadcast_id, now=NOON)
    session.commit()

    assert send(broadcast_id) == 0
    assert len(carrier.kept) == 10


def test_refusals_and_lost_answers_end_in_a_balanced_ledger(
    session: Session,
    carrier: FakeCarrier,
    watch: Watch,
    broadcast_id: int,
) -> None:
    """One number is refused, one answer is lost after and one before the carrier had the text."""
    fates: dict[int, Answer] = {
        1: Refused("21614"),
        2: Uncertain("timed out"),
        3: Uncertain("reset"),
    }

    def answer(text: OutgoingText) -> Answer | None:
        fate = fates.pop(text.position, None)
        if text.position == 2 and fate is not None:
            carrier.keep(text)
        return fate

    carrier.answer = answer
    for _ in range(4):
        send(broadcast_id)
    assert draw_ledger(session, broadcast_id).unknown == 2

    watch.forward(minutes=2)
    recover()
    wake_broadcasts()
    send(broadcast_id)

    ledger = draw_ledger(session, broadcast_id)
    assert (ledger.accepted, ledger.refused, ledger.unknown) == (39, {"21614": 1}, 0)
    assert ledger.is_settled
    assert len(set(carrier.numbers())) == len(carrier.numbers()) == 39


def test_nothing_is_sent_again_while_the_carrier_cannot_be_asked(
    session: Session,
    carrier: FakeCarrier,
    watch: Watch,
    broadcast_id: int,
) -> None:
    carrier.answer = lambda text: Uncertain("timed out") if text.position == 1 else None
    send(broadcast_id)
    carrier.is_down = True
    watch.forward(minutes=2)

    recover()

    assert draw_ledger(session, broadcast_id).unknown == 1


def test_a_carrier_that_asks_for_patience_gets_it(
    session: Session, carrier: FakeCarrier, broadcast_id: int
) -> None:
    """After "too many requests" nothing leaves by this lane until the wait is over."""
    carrier.answer = lambda _text: Postponed("20429", timedelta(minutes=1))
    send(broadcast_id)
    carrier.answer = lambda _text: None

    assert send(broadcast_id) == 0
    assert carrier.kept == []
    assert draw_ledger(session, broadcast_id).in_flight == 40


def test_upkeep_asks_again_for_what_the_queue_lost(redis: Redis, broadcast_id: int) -> None:
    """Flushing the queue costs seconds, not people."""
    send(broadcast_id)
    redis.flushall()

    assert wake_broadcasts() == 1
    assert queue(QueueName.SENDING, redis).count == 1
    assert wake_broadcasts() == 1
    assert queue(QueueName.SENDING, redis).count == 1


@pytest.mark.usefixtures("broadcast_id")
def test_nothing_wakes_outside_the_hours(watch: Watch) -> None:
    watch.forward(hours=10)

    assert wake_broadcasts() == 0


def test_a_broadcast_past_its_time_expires_without_a_worker(
    session: Session, watch: Watch, broadcast_id: int
) -> None:
    send(broadcast_id)
    watch.forward(hours=13)

    recover()

    ledger = draw_ledger(session, broadcast_id)
    assert (ledger.accepted, ledger.expired, ledger.is_settled) == (10, 30, True)
    session.expire_all()
    assert get_broadcast(session, broadcast_id).state is BroadcastState.FINISHED


def test_carriers_are_asked_about_texts_never_heard_of(
    session: Session,
    carrier: FakeCarrier,
    watch: Watch,
    broadcast_id: int,
) -> None:
    """Receipts lost with the queue are made up for by asking."""
    send(broadcast_id)
    carrier.mark_all_delivered()
    watch.forward(minutes=10)

    assert listen_again() == 10
    assert draw_ledger(session, broadcast_id).accepted_by.handset == 10

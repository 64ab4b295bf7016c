"""Draining receipts from the stream into the tables."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.receiving import CarrierReport
from campaigns.deliveries import Delivery, Receipt, ReceiptTally
from campaigns.gateway import Outcome
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_broadcast, a_province
from tests.fakes.carrier import FakeCarrier
from workers.receipts import CHUNK, GROUP, STREAM, TALLIES, drain_receipts, read_entry, write_entry
from workers.sending import send_batch

pytestmark = pytest.mark.usefixtures("job_context")


def put(redis: Redis, *reports: CarrierReport) -> None:
    redis.xadd(STREAM, write_entry(reports))


def a_report(broadcast_id: int, position: int, sid: str, outcome: Outcome) -> CarrierReport:
    code = "30003" if outcome is Outcome.FAILED else ""
    return CarrierReport(broadcast_id, position, sid, outcome, code, NOON)


def sent(session: Session, sealer: Sealer, carrier: FakeCarrier) -> tuple[int, list[str]]:
    a_province(session, sealer, people=2)
    broadcast = a_broadcast(session)
    session.commit()
    send_batch(broadcast.id, "twilio", "sending")
    return broadcast.id, [text.sid for _, text in carrier.kept]


def test_receipts_are_taken_in_and_leave_the_stream(
    session: Session, sealer: Sealer, carrier: FakeCarrier, redis: Redis
) -> None:
    broadcast_id, sids = sent(session, sealer, carrier)
    put(redis, a_report(broadcast_id, 1, sids[0], Outcome.HANDSET))
    put(
        redis,
        a_report(broadcast_id, 2, sids[1], Outcome.FAILED),
        a_report(broadcast_id, 2, sids[1], Outcome.NETWORK),
    )

    assert drain_receipts() == 3
    assert drain_receipts() == 0

    ledger = draw_ledger(session, broadcast_id)
    assert (ledger.accepted_by.handset, ledger.failed) == (1, {"30003": 1})
    assert redis.xlen(STREAM) == 0


def test_a_drainer_that_died_leaves_its_receipts_to_the_next(
    session: Session, sealer: Sealer, carrier: FakeCarrier, redis: Redis
) -> None:
    """What was read and never acknowledged comes up again, and is not counted twice."""
    broadcast_id, sids = sent(session, sealer, carrier)
    drain_receipts()
    put(redis, a_report(broadcast_id, 1, sids[0], Outcome.HANDSET))
    redis.xreadgroup(GROUP, "a dead worker", {STREAM: ">"})
    waiting = redis.xpending_range(STREAM, GROUP, "-", "+", 1)[0]["message_id"]
    redis.xclaim(STREAM, GROUP, "a dead worker", 0, [waiting], idle=120_000)

    assert drain_receipts() == 1
    assert draw_ledger(session, broadcast_id).accepted_by.handset == 1


def test_a_flushed_queue_server_is_no_obstacle(
    session: Session, sealer: Sealer, carrier: FakeCarrier, redis: Redis
) -> None:
    broadcast_id, sids = sent(session, sealer, carrier)
    drain_receipts()
    redis.flushall()
    put(redis, a_report(broadcast_id, 1, sids[0], Outcome.HANDSET))

    assert drain_receipts() == 1


def test_what_came_as_a_receipt_and_is_none_is_counted(session: Session, redis: Redis) -> None:
    """Each kind once, however often the counts are moved."""
    redis.hincrby(TALLIES, "unknown_token", 3)
    redis.hincrby(TALLIES, "unreadable", 2)

    drain_receipts()
    drain_receipts()

    counted = {one.kind: one.count for one in session.scalars(select(ReceiptTally))}
    assert counted == {"unknown_token": 3, "unreadable": 2}


def test_more_than_one_transaction_takes_in_leaves_nothing_behind(
    session: Session, sealer: Sealer, carrier: FakeCarrier, redis: Redis
) -> None:
    """A backlog of several thousand reports in entries of many sizes: each is kept once."""
    broadcast_id, sids = sent(session, sealer, carrier)
    backlog = [
        a_report(broadcast_id, position, sids[0], Outcome.NETWORK)
        for position in range(1, CHUNK + 500)
    ]
    for begin in range(0, len(backlog), 333):
        put(redis, *backlog[begin : begin + 333])

    assert drain_receipts() == len(backlog)

    assert session.scalar(select(func.count(Receipt.id))) == len(backlog)
    assert redis.xlen(STREAM) == 0
    assert redis.xpending(STREAM, GROUP)["pending"] == 0


def test_a_stop_on_the_stream_opts_its_subscriber_out(
    session: Session, sealer: Sealer, carrier: FakeCarrier, redis: Redis
) -> None:
    broadcast_id, sids = sent(session, sealer, carrier)
    failed = a_report(broadcast_id, 2, sids[1], Outcome.FAILED)
    put(redis, replace(failed, code="21610", is_stop=True))

    drain_receipts()

    stopped = session.scalars(
        select(Delivery.position)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Subscriber.opted_out_at.is_not(None))
    ).all()
    assert stopped == [2]


def test_a_report_survives_the_stream_unchanged() -> None:
    heard_at = NOON + timedelta(seconds=1, microseconds=234567)
    report = CarrierReport(2**40, 7, "SM1", Outcome.FAILED, "21610", heard_at, is_stop=True)
    other = CarrierReport(1, 1, "SM2", Outcome.NETWORK, "", NOON)
    written = {name.encode(): value for name, value in write_entry([report, other]).items()}

    assert read_entry(written) == [report, other]

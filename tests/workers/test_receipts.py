"""Draining receipts from the stream into the tables."""

from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.ledger import draw_ledger
from campaigns.deliveries import ReceiptTally
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_province
from tests.fakes.carrier import FakeCarrier
from workers.receipts import GROUP, STREAM, TALLIES, drain_receipts
from workers.sending import send_batch

pytestmark = pytest.mark.usefixtures("job_context")


def put(redis: Redis, broadcast_id: int, position: int, sid: str, status: str) -> None:
    entry: dict[Any, Any] = {
        "b": broadcast_id,
        "p": position,
        "sid": sid,
        "status": status,
        "code": "30003" if status == "failed" else "",
        "at": NOON.timestamp(),
    }
    redis.xadd(STREAM, entry)


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
    put(redis, broadcast_id, 1, sids[0], "handset")
    put(redis, broadcast_id, 2, sids[1], "failed")
    put(redis, broadcast_id, 2, sids[1], "network")

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
    put(redis, broadcast_id, 1, sids[0], "handset")
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
    put(redis, broadcast_id, 1, sids[0], "handset")

    assert drain_receipts() == 1


def test_unknown_tokens_are_counted(session: Session, redis: Redis) -> None:
    redis.hincrby(TALLIES, "unknown_token", 3)

    drain_receipts()
    drain_receipts()

    counted = select(ReceiptTally.count).where(ReceiptTally.kind == "unknown_token")
    assert session.scalar(counted) == 3

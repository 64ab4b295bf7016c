"""Receipts on their way in: put on a stream by the web, drained in batches into the tables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from campaigns.broadcasts.receiving import CarrierReport, take_in, tally
from campaigns.gateway import Outcome
from workers.context import JobContext, context
from workers.queues import QueueName, ask_for

STREAM = "loa:receipts"
TALLIES = "loa:receipt-tallies"
GROUP = "drain"
CHUNK = 1000
_CHUNKS_A_JOB = 10
# A consumer that has not acknowledged for this long is dead; its entries go to another.
_ABANDONED_MS = 60_000

Entry = tuple[bytes, dict[bytes, bytes]]


def drain_receipts() -> int:
    """Take in what waits on the stream; return how many entries.

    An entry is deleted only after the transaction that kept it: a crash in between shows it
    again, and the tables know it already.
    """
    ctx = context()
    _make_group(ctx.redis)
    drained = 0
    for _ in range(_CHUNKS_A_JOB):
        entries = _abandoned(ctx.redis, ctx.worker) or _waiting(ctx.redis, ctx.worker)
        if not entries:
            break
        _take_in(ctx, entries)
        drained += len(entries)
    else:
        ask_for(ctx.redis, QueueName.RECEIPTS, drain_receipts)
    _count_unknown_tokens(ctx)
    return drained


def read_entry(fields: Mapping[bytes, bytes]) -> CarrierReport:
    """Read one stream entry: b(roadcast), p(osition), sid, status, code, at (unix seconds)."""
    return CarrierReport(
        broadcast_id=int(fields[b"b"]),
        position=int(fields[b"p"]),
        sid=fields[b"sid"].decode(),
        outcome=Outcome(fields[b"status"].decode()),
        code=fields[b"code"].decode(),
        received_at=datetime.fromtimestamp(float(fields[b"at"]), UTC),
    )


def _take_in(ctx: JobContext, entries: list[Entry]) -> None:
    reports = [read_entry(fields) for _, fields in entries]
    with ctx.sessions.begin() as session:
        take_in(session, reports, now=ctx.now())
    names = [name for name, _ in entries]
    with ctx.redis.pipeline(transaction=True) as pipe:
        pipe.xack(STREAM, GROUP, *names)
        pipe.xdel(STREAM, *names)
        pipe.execute()


def _make_group(redis: Redis) -> None:
    try:
        redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except ResponseError as known:
        if "BUSYGROUP" not in str(known):
            raise


def _waiting(redis: Redis, worker: str) -> list[Entry]:
    answer = cast("Any", redis.xreadgroup(GROUP, worker, {STREAM: ">"}, count=CHUNK))
    streams = answer.items() if isinstance(answer, dict) else answer or []
    return [(name, fields) for _, messages in streams for name, fields in _flat(messages) if fields]


def _abandoned(redis: Redis, worker: str) -> list[Entry]:
    answer = cast(
        "Any", redis.xautoclaim(STREAM, GROUP, worker, min_idle_time=_ABANDONED_MS, count=CHUNK)
    )
    return [(name, fields) for name, fields in answer[1] if fields]


def _flat(messages: Any) -> Any:
    # Under RESP3 the client wraps each stream's messages in one more list.
    return messages[0] if messages and isinstance(messages[0], list) else messages


def _count_unknown_tokens(ctx: JobContext) -> None:
    """Move the web's count of receipts with unknown tokens into the tables."""
    counted = int(ctx.redis.hget(TALLIES, "unknown_token") or 0)
    if counted:
        with ctx.sessions.begin() as session:
            tally(session, {"unknown_token": counted}, now=ctx.now())
        ctx.redis.hincrby(TALLIES, "unknown_token", -counted)

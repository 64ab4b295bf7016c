"""Receipts on their way in: put on a stream by the web, drained in batches into the tables."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from redis import Redis
from redis.exceptions import ResponseError
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport, take_in, tally
from campaigns.gateway import Outcome
from hotline.texting import BROADCAST as CALLER_TEXTS
from hotline.texting import hear_of_text
from workers.context import JobContext, context
from workers.queues import QueueName, ask_for

STREAM = "loa:receipts"
TALLIES = "loa:receipt-tallies"
GROUP = "drain"
# An entry holds whatever one web process heard at one time, mostly a few dozen reports.
MOST_IN_AN_ENTRY = 500
CHUNK = 2000
_ENTRIES_A_LOOK = 100
_LOOKS_A_JOB = 10
# A consumer that has not acknowledged for this long is dead; its entries go to another.
_ABANDONED_MS = 60_000
_REPORTS = "reports"
_FIELD = _REPORTS.encode("ascii")

Entry = tuple[bytes, dict[bytes, bytes]]
Portion = dict[bytes, list[CarrierReport]]


def drain_receipts() -> int:
    """Take in what waits on the stream; return how many reports.

    An entry is deleted only after the transaction that kept it: a crash in between shows it
    again, and the tables know it already.
    """
    ctx = context()
    _make_group(ctx.redis)
    drained = 0
    for _ in range(_LOOKS_A_JOB):
        entries = _abandoned(ctx.redis, ctx.worker) or _waiting(ctx.redis, ctx.worker)
        if not entries:
            break
        for portion in _portions(entries):
            drained += _take_in(ctx, portion)
    else:
        ask_for(ctx.redis, QueueName.RECEIPTS, drain_receipts)
    _count_what_is_none(ctx)
    return drained


def write_entry(reports: Iterable[CarrierReport]) -> dict[Any, Any]:
    """Write *reports*, at most MOST_IN_AN_ENTRY, as the fields of one stream entry."""
    rows = [
        (
            report.broadcast_id,
            report.position,
            report.sid,
            report.outcome,
            report.code,
            report.received_at.timestamp(),
            report.is_stop,
        )
        for report in reports
    ]
    return {_REPORTS: orjson.dumps(rows)}


def read_entry(fields: dict[bytes, bytes]) -> list[CarrierReport]:
    """Read what `write_entry` wrote."""
    return [
        CarrierReport(
            broadcast_id=broadcast_id,
            position=position,
            sid=sid,
            outcome=Outcome(outcome),
            code=code,
            received_at=datetime.fromtimestamp(received_at, UTC),
            is_stop=is_stop,
        )
        for broadcast_id, position, sid, outcome, code, received_at, is_stop in orjson.loads(
            fields[_FIELD]
        )
    ]


def _portions(entries: Sequence[Entry]) -> Iterator[Portion]:
    """Divide *entries* into so many reports at a time as one transaction takes in well."""
    portion: Portion = {}
    size = 0
    for name, fields in entries:
        portion[name] = read_entry(fields)
        size += len(portion[name])
        if size >= CHUNK:
            yield portion
            portion, size = {}, 0
    if portion:
        yield portion


def _take_in(ctx: JobContext, portion: Portion) -> int:
    reports = [report for entry in portion.values() for report in entry]
    with ctx.sessions.begin() as session:
        take_in_reports(session, reports, now=ctx.now())
    with ctx.redis.pipeline(transaction=True) as pipe:
        pipe.xack(STREAM, GROUP, *portion)
        pipe.xdel(STREAM, *portion)
        pipe.execute()
    return len(reports)


def take_in_reports(session: Session, reports: Sequence[CarrierReport], *, now: datetime) -> None:
    """Take in what carriers report, about broadcasts and about what callers asked for."""
    asked_for = [report for report in reports if report.broadcast_id == CALLER_TEXTS]
    for report in asked_for:
        hear_of_text(session, report, now=now)
    if len(asked_for) < len(reports):
        sent = [report for report in reports if report.broadcast_id != CALLER_TEXTS]
        take_in(session, sent, now=now)


def _make_group(redis: Redis) -> None:
    try:
        redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except ResponseError as known:
        if "BUSYGROUP" not in str(known):
            raise


def _waiting(redis: Redis, worker: str) -> list[Entry]:
    answer = cast("Any", redis.xreadgroup(GROUP, worker, {STREAM: ">"}, count=_ENTRIES_A_LOOK))
    streams = answer.items() if isinstance(answer, dict) else answer or []
    return [(name, fields) for _, messages in streams for name, fields in _flat(messages) if fields]


def _abandoned(redis: Redis, worker: str) -> list[Entry]:
    answer = cast(
        "Any",
        redis.xautoclaim(STREAM, GROUP, worker, min_idle_time=_ABANDONED_MS, count=_ENTRIES_A_LOOK),
    )
    return [(name, fields) for name, fields in answer[1] if fields]


def _flat(messages: Any) -> Any:
    # Under RESP3 the client wraps each stream's messages in one more list.
    return messages[0] if messages and isinstance(messages[0], list) else messages


def _count_what_is_none(ctx: JobContext) -> None:
    """Move the web's counts of what came as a receipt and is none into the tables."""
    found = cast("dict[bytes, bytes]", ctx.redis.hgetall(TALLIES))
    counted = {word.decode(): int(count) for word, count in found.items() if int(count)}
    if not counted:
        return
    with ctx.sessions.begin() as session:
        tally(session, counted, now=ctx.now())
    for word, count in counted.items():
        ctx.redis.hincrby(TALLIES, word, -count)

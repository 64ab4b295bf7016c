"""Upkeep: whatever the queue lost or a worker left behind is found in the tables and mended."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import expire_if_due, pause_stranded
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.recovering import (
    LostText,
    find_lost,
    find_silent,
    give_up,
    listened_to,
    release_expired_claims,
    resolve,
)
from campaigns.broadcasts.settling import finish_if_done
from campaigns.deliveries import Batch, BatchState, Broadcast, BroadcastState
from campaigns.gateway import Inquiry, Outcome
from workers.context import JobContext, context
from workers.sending import ask_for_batch

LOST_AT_ONCE = 500
SILENT_AT_ONCE = 500
_CURSOR = "loa:silent-cursor"
_LOST_CURSOR = "loa:lost-cursor"
_CURSOR_LIFE = timedelta(days=1)


def wake_broadcasts() -> int:
    """Ask for a batch on every lane that has one due; return for how many.

    This is what starts a broadcast again after the hours opened, a lane rested, a batch was
    postponed, or the queue was flushed. A broadcast whose lane is in no setting any more is
    paused, with that as its note.
    """
    ctx = context()
    with ctx.reading() as session:
        due = _due_lanes(session, now=ctx.now())
    for broadcast_id, lane, is_urgent in due:
        if lane in ctx.gateways:
            ask_for_batch(ctx.redis, broadcast_id, lane, is_urgent=is_urgent)
        else:
            with ctx.sessions.begin() as session:
                pause_stranded(session, broadcast_id, lane=lane, now=ctx.now())
    return len(due)


def recover() -> int:
    """Find out what became of deliveries that a dead worker or a lost answer left open.

    Returns how many were settled. The carrier is asked with no transaction open.
    """
    ctx = context()
    ctx.remove_forsaken()
    with ctx.sessions.begin() as session:
        release_expired_claims(session, now=ctx.now())
    lost = _next_lost(ctx)
    try:
        return sum(_resolve(ctx, lane, texts) for lane, texts in _by_lane(lost).items())
    finally:
        close_broadcasts()


def close_broadcasts() -> None:
    """Expire what is past its time, and finish what has nothing left to do."""
    ctx = context()
    with ctx.reading() as session:
        going = session.scalars(
            select(Broadcast.id).where(
                Broadcast.state.in_([BroadcastState.RUNNING, BroadcastState.PAUSED])
            )
        ).all()
    for broadcast_id in going:
        with ctx.sessions.begin() as session:
            expire_if_due(session, broadcast_id, now=ctx.now())
            finish_if_done(session, broadcast_id, now=ctx.now())


def listen_again() -> int:
    """Ask the carriers about accepted texts that were never heard of; return how many spoke.

    Each run takes the next few by position, round and round, so that one mute text does not keep
    the others from being asked about.
    """
    ctx = context()
    with ctx.reading() as session:
        broadcasts = listened_to(session, now=ctx.now())
    return sum(_listen_to(ctx, broadcast_id) for broadcast_id in broadcasts)


def _due_lanes(session: Session, *, now: datetime) -> list[tuple[int, str, bool]]:
    found = session.execute(
        select(Broadcast, Batch.lane)
        .join(Batch, Batch.broadcast_id == Broadcast.id)
        .where(
            Broadcast.state == BroadcastState.RUNNING,
            Batch.state == BatchState.OPEN,
            Batch.due_at <= now,
        )
        .distinct()
    )
    return [
        (broadcast.id, lane, broadcast.is_urgent)
        for broadcast, lane in found
        if broadcast.hours.are_open(now)
    ]


def _by_lane(lost: Iterable[LostText]) -> dict[str, list[LostText]]:
    lanes: dict[str, list[LostText]] = defaultdict(list)
    for text in lost:
        lanes[text.lane].append(text)
    return lanes


def _resolve(ctx: JobContext, lane: str, lost: Sequence[LostText]) -> int:
    """Settle what *lane*'s carrier is clear about; the rest is asked about again later."""
    gateway = ctx.gateways.get(lane)
    if gateway is None:
        return 0
    for text in lost:
        if not text.to:
            with ctx.sessions.begin() as session:
                give_up(session, text)
    asked = [text for text in lost if text.to]
    answers = gateway.find_sent([Inquiry(text.to, text.since) for text in asked])
    clear = [pair for pair in zip(asked, answers, strict=True) if pair[1] is not None]
    for text, sent in clear:
        # One to a transaction: the first may have told partners of it, and nothing follows that.
        with ctx.sessions.begin() as session:
            resolve(session, text, sent or [], now=ctx.now())
    return len(lost) - len(asked) + len(clear)


def _next_lost(ctx: JobContext) -> list[LostText]:
    """Return the next few texts to ask about, round and round, so that none hides behind others."""
    written = cast("bytes", ctx.redis.get(_LOST_CURSOR) or b"0:0").decode()
    broadcast_id, _, position = written.partition(":")
    with ctx.reading() as session:
        lost = find_lost(
            session,
            after=(int(broadcast_id), int(position)),
            limit=LOST_AT_ONCE,
            lanes=ctx.gateways,
            lease=ctx.lease,
            sealer=ctx.sealer,
            now=ctx.now(),
        )
    last = lost[-1] if len(lost) == LOST_AT_ONCE else None
    cursor = f"{last.broadcast_id}:{last.position}" if last else "0:0"
    ctx.redis.set(_LOST_CURSOR, cursor, ex=_CURSOR_LIFE)
    return lost


def _listen_to(ctx: JobContext, broadcast_id: int) -> int:
    cursor = f"{_CURSOR}:{broadcast_id}"
    after = int(ctx.redis.get(cursor) or 0)
    with ctx.reading() as session:
        silent = find_silent(
            session, broadcast_id, after=after, limit=SILENT_AT_ONCE, now=ctx.now()
        )
    reports = _ask(ctx, broadcast_id, silent)
    if reports:
        with ctx.sessions.begin() as session:
            take_in(session, reports, now=ctx.now())
    ctx.redis.set(cursor, silent[-1][0] if silent else 0, ex=_CURSOR_LIFE)
    return len(reports)


def _ask(
    ctx: JobContext, broadcast_id: int, silent: Iterable[tuple[int, str, str]]
) -> list[CarrierReport]:
    by_lane: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for position, lane, sid in silent:
        by_lane[lane].append((position, sid))
    reports = []
    for lane, texts in by_lane.items():
        if lane not in ctx.gateways:
            continue
        heard = ctx.gateways[lane].fetch([sid for _, sid in texts])
        reports += [
            CarrierReport(
                broadcast_id=broadcast_id,
                position=position,
                sid=sid,
                outcome=text.outcome,
                code=text.error_code,
                received_at=ctx.now(),
                is_stop=text.is_stop,
            )
            for (position, sid), text in zip(texts, heard, strict=True)
            if text is not None and text.outcome is not Outcome.SILENT
        ]
    return reports

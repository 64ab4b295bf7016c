"""Claiming: a worker reserves one batch, and only what may still be sent goes out with it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    String,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from campaigns.broadcasts.locks import share_broadcasts
from campaigns.broadcasts.telling import tell_claim
from campaigns.broadcasts.withdrawing import in_batch
from campaigns.bulk import change, rows_of
from campaigns.caps import over_cap
from campaigns.deliveries import (
    Batch,
    BatchState,
    Broadcast,
    BroadcastState,
    BroadcastText,
    Delivery,
    DeliveryState,
)
from campaigns.errors import SealBrokenError
from campaigns.gateway import OutgoingText
from campaigns.levels import LevelDecision
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import require_own_seal
from campaigns.subscribers.models import Subscriber, current_carrier, has_stopped
from campaigns.subscribers.stop_links import as_read_by

PlannedRow = Row[int, int, int, bytes | None, bool, datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """One batch in a worker's hands until ``lease_until``; then it is anybody's to look into.

    ``attempt`` tells this claim of the batch from any other, also by the same worker. No text of
    it may leave from ``closes_at`` on: then the hours close, or the broadcast expires.
    """

    batch_id: int
    broadcast_id: int
    attempt: int
    lease_until: datetime
    closes_at: datetime
    texts: list[OutgoingText] = field(default_factory=list)

    @property
    def segments(self) -> int:
        return sum(text.segments for text in self.texts)


def claim_batch(
    session: Session,
    broadcast_id: int,
    *,
    lane: str,
    claimant: str,
    lease: timedelta,
    sealer: Sealer,
    now: datetime,
) -> Claim | None:
    """Reserve the next due batch of a running broadcast on *lane*, or return None.

    This is the last moment at which an opt-out, an erasure, a newer level decision, the daily
    cap, the hours and the expiry can be honoured, and all of them are: who may no longer be
    texted is settled as skipped here. Whoever opted out is texted all the same where the
    broadcast overrides that, and their delivery says so. A batch that another worker holds is
    passed over.
    """
    share_broadcasts(session, [broadcast_id])
    broadcast = session.get(Broadcast, broadcast_id, populate_existing=True)
    if broadcast is None or broadcast.state is not BroadcastState.RUNNING:
        return None
    if broadcast.is_expired(now) or not broadcast.hours.are_open(now):
        return None
    batch = _next_batch(session, broadcast_id, lane=lane, now=now)
    if batch is None:
        return None
    texts, skipped = _claim_deliveries(session, broadcast, batch, sealer=sealer, now=now)
    batch.attempts += 1
    batch.claimant = claimant
    batch.claimed_at = now
    batch.lease_until = now + lease
    batch.state = BatchState.CLAIMED if texts else BatchState.DONE
    session.flush()
    tell_claim(session, batch, [text.position for text in texts], skipped, now=now)
    closing = broadcast.hours.closing(now)
    return Claim(
        batch.id,
        broadcast_id,
        batch.attempts,
        lease_until=now + lease,
        closes_at=min(closing, broadcast.not_after or closing),
        texts=texts,
    )


def _next_batch(session: Session, broadcast_id: int, *, lane: str, now: datetime) -> Batch | None:
    """Return and lock the first batch that is due and that nobody else is about to claim."""
    return session.scalar(
        select(Batch)
        .where(
            Batch.broadcast_id == broadcast_id,
            Batch.lane == lane,
            Batch.state == BatchState.OPEN,
            Batch.due_at <= now,
        )
        .order_by(Batch.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _claim_deliveries(
    session: Session, broadcast: Broadcast, batch: Batch, *, sealer: Sealer, now: datetime
) -> tuple[list[OutgoingText], list[int]]:
    """Return what is to be spoken, and the positions that are skipped instead."""
    rows = _planned_rows(session, broadcast, batch)
    numbers, damaged = _unseal(session, rows, sealer=sealer)
    stale = stale_texts(session, broadcast.id, now=now)
    capped = over_cap(session, broadcast, [row.subscriber_id for row in rows], now=now)
    skipped = [
        (row.position, reason)
        for row in rows
        if (reason := _why_skip(row, broadcast, stale=stale, capped=capped, damaged=damaged))
    ]
    if skipped:
        _skip(session, batch, skipped)
    claimed = _take(session, batch, rows, now=now)
    bodies = _bodies(session, {row.text_id for row in rows})
    texts = [
        OutgoingText(
            broadcast_id=broadcast.id,
            position=row.position,
            to=numbers[row.position],
            body=as_read_by(bodies[row.text_id][0], row.subscriber_id, sealer=sealer),
            sender=broadcast.sender,
            segments=bodies[row.text_id][1],
            expires_at=broadcast.not_after,
        )
        for row in rows
        if row.position in claimed
    ]
    return texts, [position for position, _ in skipped]


def _take(session: Session, batch: Batch, rows: Sequence[PlannedRow], *, now: datetime) -> set[int]:
    """Claim what of *batch* is still planned, for the networks of this moment; return where."""
    carrier = select(current_carrier()).where(Subscriber.id == Delivery.subscriber_id)
    stopped = [row.position for row in rows if row.has_stopped]
    taken = session.scalars(
        update(Delivery)
        .where(*in_batch(batch, DeliveryState.PLANNED))
        .values(
            state=DeliveryState.CLAIMED,
            claimed_at=now,
            carrier=carrier.scalar_subquery(),
            despite_opt_out=Delivery.position.in_(stopped),
        )
        .returning(Delivery.position),
        execution_options={"synchronize_session": False},
    )
    return set(taken)


def _unseal(
    session: Session, rows: Sequence[PlannedRow], *, sealer: Sealer
) -> tuple[dict[int, str], set[int]]:
    """Return the numbers by position, and the positions whose number is damaged.

    Raises SealBrokenError when it is the key that is wrong, for then nobody may be skipped.
    """
    numbers: dict[int, str] = {}
    damaged: set[int] = set()
    for row in rows:
        try:
            numbers[row.position] = sealer.unseal(row.sealed) if row.sealed else ""
        except SealBrokenError:
            damaged.add(row.position)
    if damaged and not any(numbers.values()):
        require_own_seal(session, sealer=sealer)
    return numbers, damaged


def _planned_rows(session: Session, broadcast: Broadcast, batch: Batch) -> Sequence[PlannedRow]:
    return session.execute(
        select(
            Delivery.position,
            Delivery.text_id,
            Delivery.subscriber_id,
            Subscriber.sealed,
            has_stopped(broadcast.topic).label("has_stopped"),
            Subscriber.left_at,
            Subscriber.erased_at,
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(*in_batch(batch, DeliveryState.PLANNED))
        .order_by(Delivery.position)
    ).all()


def _why_skip(
    row: PlannedRow, broadcast: Broadcast, *, stale: set[int], capped: set[int], damaged: set[int]
) -> str:
    if row.position in damaged:
        return "damaged"
    if row.erased_at is not None or row.sealed is None:
        return "erased"
    if row.has_stopped and not broadcast.overrides_opt_outs:
        return "opted_out"
    if row.left_at is not None:
        return "left"
    if row.text_id in stale:
        return "level_changed"
    return "daily_cap" if row.subscriber_id in capped else ""


def _skip(session: Session, batch: Batch, skipped: list[tuple[int, str]]) -> None:
    # The whole key is given: told the broadcast apart, SQLite reads all of it for each row given.
    columns = {"broadcast_id": BigInteger, "position": Integer, "reason": String}
    rows = [(batch.broadcast_id, position, reason) for position, reason in skipped]
    given = rows_of(session, columns, rows)
    change(
        session,
        update(Delivery)
        .where(
            Delivery.broadcast_id == given.c.broadcast_id,
            Delivery.position == given.c.position,
            Delivery.state == DeliveryState.PLANNED,
        )
        .values(state=DeliveryState.SKIPPED, reason=given.c.reason),
    )


def _bodies(session: Session, text_ids: set[int]) -> dict[int, tuple[str, int]]:
    found = session.execute(
        select(BroadcastText.id, BroadcastText.body, BroadcastText.segments).where(
            BroadcastText.id.in_(text_ids)
        )
    )
    bodies: dict[int, tuple[str, int]] = defaultdict(lambda: ("", 0))
    bodies.update({text_id: (body, segments) for text_id, body, segments in found})
    return bodies


def stale_texts(session: Session, broadcast_id: int, *, now: datetime) -> set[int]:
    """Return the texts of a broadcast whose level decision another one has superseded.

    Superseded is a decision when another for the same area takes its place at the moment it
    speaks of: by now, or by the later moment from which it would hold.
    """
    newer = aliased(LevelDecision)
    own = LevelDecision
    later = or_(
        newer.effective_at > own.effective_at,
        (newer.effective_at == own.effective_at) & (newer.id > own.id),
    )
    in_force = or_(newer.effective_at <= now, newer.effective_at <= own.effective_at)
    found = session.scalars(
        select(BroadcastText.id)
        .join(own, own.id == BroadcastText.decision_id)
        .join(newer, (newer.area_code == own.area_code) & (newer.scheme == own.scheme))
        .where(BroadcastText.broadcast_id == broadcast_id, later, in_force)
        .distinct()
    )
    return set(found)

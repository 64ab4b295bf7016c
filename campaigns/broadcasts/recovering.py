"""Recovering: finding out at the carrier what became of texts that a worker left behind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import literal_column, select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import withdraw
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.settling import ERASED
from campaigns.bulk import change
from campaigns.deliveries import (
    Batch,
    BatchState,
    Broadcast,
    BroadcastState,
    BroadcastText,
    Delivery,
    DeliveryState,
)
from campaigns.gateway import Outcome, SentText
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber

# Carriers' clocks and ours differ; a text is looked for from this much before its claim.
CLOCK_SKEW = timedelta(minutes=2)
LISTEN_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True, repr=False)
class LostText:
    """A delivery of unknown fate: what was to be sent to whom, and since when to look for it."""

    broadcast_id: int
    position: int
    subscriber_id: int
    batch_id: int
    lane: str
    to: str
    body: str
    since: datetime


def release_expired_claims(session: Session, *, now: datetime) -> int:
    """Turn what dead workers left claimed into *unknown*; return how many deliveries.

    The batch's claimant is taken away, so a worker that was only asleep can still record what a
    carrier told it, but not open the batch again.
    """
    batches = session.scalars(
        select(Batch)
        .where(Batch.state == BatchState.CLAIMED, Batch.lease_until < now)
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    ).all()
    released = 0
    for batch in batches:
        batch.state = BatchState.DONE
        batch.claimant = ""
        lost = change(
            session,
            update(Delivery)
            .where(
                Delivery.broadcast_id == batch.broadcast_id,
                Delivery.position.between(batch.first, batch.last),
                Delivery.state == DeliveryState.CLAIMED,
            )
            .values(state=DeliveryState.UNKNOWN, reason="worker_lost"),
        )
        released += lost
    return released


def find_lost(session: Session, *, sealer: Sealer, limit: int, now: datetime) -> list[LostText]:
    """Return up to *limit* deliveries of unknown fate whose lease is over.

    Until then their worker may still be speaking, and asking the carrier would prove nothing.
    """
    found = session.execute(
        select(
            Delivery.broadcast_id,
            Delivery.position,
            Delivery.subscriber_id,
            Batch.id,
            Delivery.lane,
            Subscriber.sealed,
            BroadcastText.body,
            Batch.claimed_at,
        )
        .join(
            Batch,
            (Batch.broadcast_id == Delivery.broadcast_id)
            & Delivery.position.between(Batch.first, Batch.last),
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(BroadcastText, BroadcastText.id == Delivery.text_id)
        .where(
            Delivery.state == literal_column("'unknown'"),
            Delivery.reason != ERASED,
            Batch.lease_until < now,
        )
        .order_by(Delivery.broadcast_id, Delivery.position)
        .limit(limit)
    )
    return [
        LostText(
            broadcast_id=row.broadcast_id,
            position=row.position,
            subscriber_id=row.subscriber_id,
            batch_id=row.id,
            lane=row.lane,
            to=sealer.unseal(row.sealed) if row.sealed else "",
            body=row.body,
            since=(row.claimed_at or now) - CLOCK_SKEW,
        )
        for row in found
    ]


def resolve(
    session: Session, lost: LostText, sent: Sequence[SentText], *, now: datetime
) -> DeliveryState:
    """Settle *lost* by what the carrier has: accepted under its name there, or owed again.

    *sent* must be the carrier's complete answer. A text counts as ours when it has our body and
    no other delivery to the same person goes by its name.
    """
    match = _ours(session, lost, sent)
    if match is not None:
        report = CarrierReport(
            broadcast_id=lost.broadcast_id,
            position=lost.position,
            sid=match.sid,
            outcome=match.outcome,
            code=match.error_code,
            received_at=now,
            is_stop=match.is_stop,
        )
        take_in(session, [report], now=now)
        return DeliveryState.ACCEPTED
    owed = change(
        session,
        update(Delivery)
        .where(
            Delivery.broadcast_id == lost.broadcast_id,
            Delivery.position == lost.position,
            Delivery.state == DeliveryState.UNKNOWN,
        )
        .values(state=DeliveryState.PLANNED, reason=""),
    )
    if owed:
        _open_again(session, lost, now=now)
    return DeliveryState.PLANNED


def give_up(session: Session, lost: LostText) -> None:
    """Leave *lost* unknown for good: its number was erased, so nobody can be asked about it."""
    change(
        session,
        update(Delivery)
        .where(
            Delivery.broadcast_id == lost.broadcast_id,
            Delivery.position == lost.position,
            Delivery.state == DeliveryState.UNKNOWN,
        )
        .values(reason=ERASED),
    )


def find_silent(
    session: Session, broadcast_id: int, *, after: int, limit: int, now: datetime
) -> list[tuple[int, str, str]]:
    """Return (position, lane, sid) of accepted texts never heard of, from position *after* on."""
    settled_before = now - CLOCK_SKEW
    found = session.execute(
        select(Delivery.position, Delivery.lane, Delivery.sid)
        .join(
            Batch,
            (Batch.broadcast_id == Delivery.broadcast_id)
            & Delivery.position.between(Batch.first, Batch.last),
        )
        .where(
            Delivery.broadcast_id == broadcast_id,
            Delivery.position > after,
            Delivery.state == DeliveryState.ACCEPTED,
            Delivery.outcome == Outcome.SILENT,
            Batch.claimed_at < settled_before,
        )
        .order_by(Delivery.position)
        .limit(limit)
    )
    return [(position, lane, sid) for position, lane, sid in found]


def listened_to(session: Session, *, now: datetime) -> list[int]:
    """Return the broadcasts whose receipts may still come: launched in the last three days."""
    return list(
        session.scalars(
            select(Broadcast.id)
            .where(Broadcast.launched_at > now - LISTEN_FOR)
            .order_by(Broadcast.id)
        )
    )


def _ours(session: Session, lost: LostText, sent: Iterable[SentText]) -> SentText | None:
    candidates = [text for text in sent if text.body == lost.body and text.sent_at >= lost.since]
    if not candidates:
        return None
    recent = select(Broadcast.id).where(Broadcast.launched_at > lost.since - LISTEN_FOR)
    taken = set(
        session.scalars(
            select(Delivery.sid).where(
                Delivery.broadcast_id.in_(recent),
                Delivery.subscriber_id == lost.subscriber_id,
                Delivery.sid != "",
            )
        )
    )
    return next((text for text in candidates if text.sid not in taken), None)


def _open_again(session: Session, lost: LostText, *, now: datetime) -> None:
    """Make the batch claimable once more, or cancel what a stopped broadcast no longer owes."""
    broadcast = session.get(Broadcast, lost.broadcast_id, populate_existing=True)
    if broadcast is not None and broadcast.state is BroadcastState.STOPPED:
        withdraw(session, broadcast, DeliveryState.CANCELLED)
        return
    change(
        session,
        update(Batch)
        .where(Batch.id == lost.batch_id, Batch.state == BatchState.DONE)
        .values(state=BatchState.OPEN, due_at=now, claimant=""),
    )

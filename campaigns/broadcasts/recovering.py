"""Recovering: finding out at the carrier what became of texts that a worker left behind."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, literal_column, select, tuple_, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.locks import lock_batch, share_broadcasts
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.settling import ERASED, release
from campaigns.broadcasts.withdrawing import in_batch
from campaigns.bulk import change
from campaigns.deliveries import (
    Batch,
    BatchState,
    Broadcast,
    BroadcastText,
    Delivery,
    DeliveryState,
)
from campaigns.errors import SealBrokenError
from campaigns.gateway import Outcome, SentText
from campaigns.partners.feed import Step, tell
from campaigns.partners.models import FeedState
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.stop_links import as_read_by

# Carriers' clocks and ours differ; a text is looked for from this much before its claim.
CLOCK_SKEW = timedelta(minutes=2)
LISTEN_FOR = timedelta(days=3)


_LOST = (
    select(
        Delivery.broadcast_id,
        Delivery.position,
        Delivery.subscriber_id,
        Batch.id,
        Delivery.lane,
        Subscriber.sealed,
        BroadcastText.body,
        Delivery.claimed_at,
    )
    .join(
        Batch,
        (Batch.broadcast_id == Delivery.broadcast_id)
        & Delivery.position.between(Batch.first, Batch.last),
    )
    .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .join(BroadcastText, BroadcastText.id == Delivery.text_id)
    .where(Delivery.state == literal_column("'unknown'"), Delivery.reason != ERASED)
    .order_by(Delivery.broadcast_id, Delivery.position)
)


@dataclass(frozen=True, slots=True, repr=False)
class LostText:
    """A delivery of unknown fate: what was to be sent to whom, and when it was claimed for that.

    ``to`` is empty where nobody can be asked: the number was erased, or its row is damaged.
    """

    broadcast_id: int
    position: int
    subscriber_id: int
    batch_id: int
    lane: str
    to: str
    body: str
    claimed_at: datetime

    @property
    def since(self) -> datetime:
        """From when on the carrier may have it, by the carrier's own clock."""
        return self.claimed_at - CLOCK_SKEW


def release_expired_claims(session: Session, *, now: datetime) -> int:
    """Turn what dead workers left claimed into *unknown*; return how many deliveries.

    The batch is nobody's then, so a worker that was only asleep can still record what a carrier
    told it, but not say what becomes of the batch.
    """
    is_expired = (Batch.state == BatchState.CLAIMED) & (Batch.lease_until < now)
    found = session.execute(select(Batch.id, Batch.broadcast_id).where(is_expired)).all()
    share_broadcasts(session, (broadcast_id for _, broadcast_id in found))
    batches = session.scalars(
        select(Batch)
        .where(Batch.id.in_([batch_id for batch_id, _ in found]), is_expired)
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    ).all()
    steps: list[Step] = []
    for batch in batches:
        released = session.scalars(
            update(Delivery)
            .where(*in_batch(batch, DeliveryState.CLAIMED))
            .values(state=DeliveryState.UNKNOWN, reason="worker_lost")
            .returning(Delivery.position),
            execution_options={"synchronize_session": False},
        ).all()
        release(session, batch, due_at=now)
        steps += [
            Step(batch.broadcast_id, position, FeedState.PLANNED, FeedState.UNKNOWN, now)
            for position in sorted(released)
        ]
    tell(session, steps)
    return len(steps)


def find_lost(
    session: Session,
    *,
    after: tuple[int, int],
    limit: int,
    lanes: Collection[str],
    lease: timedelta,
    sealer: Sealer,
    now: datetime,
) -> list[LostText]:
    """Return up to *limit* deliveries of unknown fate on *lanes* whose own lease is over.

    In the order of (broadcast, position), from behind *after* on. Until the lease is over their
    worker may still be speaking, and asking the carrier would prove nothing.
    """
    found = session.execute(
        _LOST.where(
            Delivery.claimed_at < now - lease,
            Delivery.lane.in_(lanes),
            tuple_(Delivery.broadcast_id, Delivery.position) > after,
        ).limit(limit)
    )
    return [
        LostText(
            broadcast_id=row.broadcast_id,
            position=row.position,
            subscriber_id=row.subscriber_id,
            batch_id=row.id,
            lane=row.lane,
            to=_number(row.sealed, sealer),
            body=as_read_by(row.body, row.subscriber_id, sealer=sealer),
            claimed_at=row.claimed_at,
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
    share_broadcasts(session, [lost.broadcast_id])
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
    # Who speaks the batch at this moment sees, when settling, that something in it is owed.
    batch = lock_batch(session, lost.batch_id)
    owed = _still_lost(lost).values(state=DeliveryState.PLANNED, reason="")
    if change(session, owed):
        if batch.state is not BatchState.CLAIMED:
            release(session, batch, due_at=now)
        told = (FeedState.UNKNOWN, FeedState.PLANNED)
        tell(session, [Step(lost.broadcast_id, lost.position, *told, now)])
    return DeliveryState.PLANNED


def give_up(session: Session, lost: LostText) -> None:
    """Leave *lost* unknown for good: its number was erased, so nobody can be asked about it."""
    change(session, _still_lost(lost).values(reason=ERASED))


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


def _still_lost(lost: LostText) -> Update:
    """Begin an update of *lost* that changes nothing if somebody has settled it meanwhile.

    Another may also have found that the carrier never had it, and a third sent it again: then
    what was found out about this claim says nothing about that one.
    """
    return update(Delivery).where(
        Delivery.broadcast_id == lost.broadcast_id,
        Delivery.position == lost.position,
        Delivery.state == DeliveryState.UNKNOWN,
        Delivery.claimed_at == lost.claimed_at,
    )


def _number(sealed: bytes | None, sealer: Sealer) -> str:
    try:
        return sealer.unseal(sealed) if sealed else ""
    except SealBrokenError:
        return ""

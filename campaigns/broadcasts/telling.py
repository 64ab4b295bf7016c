"""Telling: what partners hear of whole batches: that they are planned, and that they are not."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import Session

from campaigns.base import Instant
from campaigns.broadcasts.withdrawing import in_batch
from campaigns.deliveries import Batch, BatchNews, BatchState, Delivery, DeliveryState
from campaigns.partners.feed import Step, append, feed_state, has_partners, tell
from campaigns.partners.models import FeedState, PartnerCarrier
from campaigns.partners.owners import stands_for_text, told_of_plan, was_told_of_plan
from campaigns.subscribers.models import Subscriber

_WITHDRAWN = (DeliveryState.CANCELLED, DeliveryState.EXPIRED)


def tell_claim(
    session: Session,
    batch: Batch,
    claimed: Sequence[int],
    skipped: Sequence[int],
    *,
    now: datetime,
) -> None:
    """Tell what was planned of *batch*, unless that was told, and what of it is skipped now.

    Where a number or a network has gone to another partner since it was told, that one begins to
    hear of the text, and the other that it is theirs no more.
    """
    if batch.news is BatchNews.UNTOLD:
        steps = [
            Step(batch.broadcast_id, position, FeedState.NOTHING, FeedState.PLANNED, now)
            for position in sorted([*claimed, *skipped])
        ]
        batch.news = BatchNews.TOLD
        session.flush()
    else:
        steps = _hand_on(session, batch, now=now)
    tell(session, steps)
    ended = [
        Step(batch.broadcast_id, position, FeedState.PLANNED, FeedState.WITHDRAWN, now)
        for position in sorted(skipped)
    ]
    tell(session, ended)


def _hand_on(session: Session, batch: Batch, *, now: datetime) -> list[Step]:
    """Return the steps of texts just claimed whose partner is not who was told of the plan."""
    if not has_partners(session):
        return []
    text = (Delivery.broadcast_id, Delivery.position)
    told, hears = told_of_plan(*text), PartnerCarrier.partner_id
    moved = session.execute(
        select(Delivery.position, told, hears, was_told_of_plan(*text, hears))
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(PartnerCarrier, stands_for_text())
        .where(*in_batch(batch, DeliveryState.CLAIMED), hears.is_distinct_from(told))
        .order_by(Delivery.position)
    )
    steps = []
    for position, before, after, was_theirs in moved:
        if before is not None:
            withdrawn = (FeedState.PLANNED, FeedState.WITHDRAWN)
            steps.append(Step(batch.broadcast_id, position, *withdrawn, now))
        if after is not None:
            last = FeedState.WITHDRAWN if was_theirs else FeedState.NOTHING
            steps.append(Step(batch.broadcast_id, position, last, FeedState.PLANNED, now))
    return steps


def tell_batches(session: Session, *, limit: int, now: datetime) -> int:
    """Tell what is planned or was withdrawn of up to *limit* batches; return of how many.

    Batches that a worker is busy with are passed over; it tells of them itself.
    """
    if not has_partners(session):
        return 0
    planned = (Batch.news == BatchNews.UNTOLD) & (Batch.state == BatchState.OPEN)
    batches = session.scalars(
        select(Batch)
        .where(or_(Batch.news == BatchNews.WITHDRAWN, planned))
        .order_by(Batch.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for batch in batches:
        if batch.news is BatchNews.WITHDRAWN:
            for state in _WITHDRAWN:
                _tell_all(session, batch, state, before=FeedState.PLANNED, now=now)
        else:
            _tell_all(session, batch, DeliveryState.PLANNED, before=FeedState.NOTHING, now=now)
        batch.news = BatchNews.TOLD
    session.flush()
    return len(batches)


def _tell_all(
    session: Session, batch: Batch, state: DeliveryState, *, before: FeedState, now: datetime
) -> None:
    """Tell of every delivery of *batch* that is in *state*."""
    moved = (
        select(
            Delivery.position.label("turn"),
            Delivery.broadcast_id,
            Delivery.position,
            literal(before.value).label("before"),
            literal(feed_state(state).value).label("state"),
            literal("").label("code"),
            literal(now, Instant).label("at"),
        )
        .where(
            Delivery.broadcast_id == batch.broadcast_id,
            Delivery.position.between(batch.first, batch.last),
            Delivery.state == state,
        )
        .subquery()
    )
    append(session, moved)

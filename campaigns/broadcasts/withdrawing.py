"""Withdrawing: planned texts that will not be sent, of a whole broadcast or of one batch."""

from sqlalchemy import ColumnElement, case, update
from sqlalchemy.orm import Session

from campaigns.bulk import change
from campaigns.deliveries import (
    Batch,
    BatchNews,
    BatchState,
    Broadcast,
    Delivery,
    DeliveryState,
)


def withdraw(session: Session, broadcast: Broadcast, state: DeliveryState) -> None:
    """Close the open batches of *broadcast* and settle every planned delivery as *state*.

    The transaction has to hold the broadcast alone before it reads anything of it. Partners are
    told later, for there may be a million texts and an operator waits.
    """
    news = case((Batch.news == BatchNews.TOLD, BatchNews.WITHDRAWN.value), else_=Batch.news)
    change(
        session,
        update(Batch)
        .where(Batch.broadcast_id == broadcast.id, Batch.state == BatchState.OPEN)
        .values(state=BatchState.DONE, news=news),
    )
    change(
        session,
        update(Delivery)
        .where(Delivery.broadcast_id == broadcast.id, Delivery.state == DeliveryState.PLANNED)
        .values(state=state),
    )


def withdraw_batch(session: Session, batch: Batch, state: DeliveryState) -> None:
    """Do the same to one batch, which the transaction has locked."""
    batch.state = BatchState.DONE
    if batch.news is BatchNews.TOLD:
        batch.news = BatchNews.WITHDRAWN
    change(
        session,
        update(Delivery).where(*in_batch(batch, DeliveryState.PLANNED)).values(state=state),
    )


def in_batch(batch: Batch, state: DeliveryState) -> tuple[ColumnElement[bool], ...]:
    """The conditions on a delivery that it is in *batch* and in *state*."""
    return (
        Delivery.broadcast_id == batch.broadcast_id,
        Delivery.position.between(batch.first, batch.last),
        Delivery.state == state,
    )

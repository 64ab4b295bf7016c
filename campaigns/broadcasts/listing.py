"""Listing: single deliveries of a broadcast, page by page, by state and commune."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.deliveries import BroadcastText, Delivery, DeliveryState

# A page looks at so many deliveries at most, however few of them are wanted: some milliseconds.
# An index by state would make that less, and each launch, and each text that is sent, dearer.
LOOKED_AT = 50_000


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """One delivery, and the commune and language of its text."""

    delivery: Delivery
    area_code: str
    language: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, and the position after which the list goes on; None at its end."""

    items: list[ListedDelivery]
    go_on_after: int | None


def list_deliveries(
    session: Session,
    broadcast_id: int,
    *,
    state: DeliveryState | None = None,
    area_code: str = "",
    after: int = 0,
    limit: int,
) -> DeliveryPage:
    """Return up to *limit* deliveries that follow position *after*, in the order of sending.

    A page may hold fewer, even none, where those that are wanted lie further on.
    """
    until = after + LOOKED_AT
    query = (
        select(Delivery, BroadcastText.area_code, BroadcastText.language)
        .join(BroadcastText, BroadcastText.id == Delivery.text_id)
        .where(Delivery.broadcast_id == broadcast_id)
        .where(Delivery.position > after, Delivery.position <= until)
        .order_by(Delivery.position)
        .limit(limit)
    )
    if state is not None:
        query = query.where(Delivery.state == state)
    if area_code:
        query = query.where(BroadcastText.area_code == area_code)
    items = [ListedDelivery(*row) for row in session.execute(query)]
    seen = items[-1].delivery.position if len(items) == limit else until
    highest = select(func.max(Delivery.position)).where(Delivery.broadcast_id == broadcast_id)
    is_end = seen >= (session.scalar(highest) or 0)
    return DeliveryPage(items, None if is_end else seen)

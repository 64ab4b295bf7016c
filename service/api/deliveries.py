"""Deliveries: single ones of a broadcast, page by page, without anybody's number."""

from datetime import datetime

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.broadcasts.controls import get_broadcast
from campaigns.broadcasts.listing import ListedDelivery, list_deliveries
from campaigns.deliveries import DeliveryState
from campaigns.gateway import Outcome
from service.api.given import Code
from service.api.kept import kept
from service.api.paging import PageQuery, cursor_of, number_in
from service.api.requests import needs

deliveries = APIBlueprint("deliveries", __name__, tag="Broadcasts")


class DeliveryQuery(PageQuery):
    """Which deliveries: those in one state, those of one commune, or both."""

    state: DeliveryState | None = None
    area: Code | None = None


class DeliveryOut(BaseModel):
    """One delivery: to whom, by the number of their row; ``outcome`` is what receipts say."""

    position: int
    subscriber: int
    area: str
    language: str
    lane: str
    state: DeliveryState
    reason: str
    outcome: Outcome
    claimed_at: datetime | None


class DeliveryPage(BaseModel):
    items: list[DeliveryOut]
    next: str | None


@deliveries.get("/broadcasts/<int(max=9223372036854775807):number>/deliveries")
@needs(Permission.BROADCASTS_READ)
@deliveries.input(DeliveryQuery, location="query")
@deliveries.output(DeliveryPage)
def list_all(number: int, query_data: DeliveryQuery) -> Response:
    """List single deliveries of a broadcast.

    In the order of sending. A page looks at 50,000 of them at most, so it may hold fewer than
    `limit`, even none: the list ends where `next` is null.
    """
    after = number_in(query_data.after) or 0

    def read(session: Session) -> dict[str, object]:
        found = list_deliveries(
            session,
            get_broadcast(session, number).id,
            state=query_data.state,
            area_code=query_data.area or "",
            after=after,
            limit=query_data.limit,
        )
        more = found.go_on_after
        return {
            "items": [_document(one) for one in found.items],
            "next": None if more is None else cursor_of(more),
        }

    return kept(read)


def _document(listed: ListedDelivery) -> dict[str, object]:
    delivery = listed.delivery
    return {
        "position": delivery.position,
        "subscriber": delivery.subscriber_id,
        "area": listed.area_code,
        "language": listed.language,
        "lane": delivery.lane,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "outcome": delivery.outcome.value,
        "claimed_at": delivery.claimed_at,
    }

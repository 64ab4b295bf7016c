"""Watching: where the texts of these days stand, counted for whoever is on duty."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaigns.deliveries import Broadcast, BroadcastState, Delivery

# What ended longer ago is the ledger's matter, and nobody's at night.
WATCHED_FOR = timedelta(days=1)
_GOING = (BroadcastState.RUNNING, BroadcastState.PAUSED)


@dataclass(frozen=True, slots=True)
class TextCount:
    """So many deliveries on one lane in one state, for one reason where there is one."""

    lane: str
    state: str
    reason: str
    texts: int


def count_texts(session: Session, *, now: datetime) -> list[TextCount]:
    """Count the deliveries of broadcasts that are not over, or were launched within a day."""
    watched = select(Broadcast.id).where(
        or_(Broadcast.state.in_(_GOING), Broadcast.launched_at > now - WATCHED_FOR)
    )
    rows = session.execute(
        select(Delivery.lane, Delivery.state, Delivery.reason, func.count())
        .where(Delivery.broadcast_id.in_(watched))
        .group_by(Delivery.lane, Delivery.state, Delivery.reason)
        .order_by(Delivery.lane, Delivery.state, Delivery.reason)
    )
    return [TextCount(lane, state.value, reason, texts) for lane, state, reason, texts in rows]

"""Caps: how many texts of public information anybody gets in 24 hours, however they come about.

Decree 91/2020/NĐ-CP art. 13 allows advertisers three texts in 24 hours; public information keeps
to the same, although the decree does not bind it. Emergencies are never held back.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from campaigns.deliveries import Broadcast, Delivery, DeliveryState

DAILY_CAP = 3
CAP_PERIOD = timedelta(hours=24)
_SPOKEN = (DeliveryState.CLAIMED, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED)


def capped(session: Session, *, now: datetime) -> Select[int] | None:
    """Select whoever was texted, or is still owed, so much that a plan must leave them out."""
    recent = _recent(session, now=now)
    if len(recent) < DAILY_CAP:
        return None
    spoken = Delivery.state.in_(_SPOKEN) & (Delivery.claimed_at > now - CAP_PERIOD)
    return (
        select(Delivery.subscriber_id)
        .where(
            Delivery.broadcast_id.in_(recent), or_(spoken, Delivery.state == DeliveryState.PLANNED)
        )
        .group_by(Delivery.subscriber_id)
        .having(func.count() >= DAILY_CAP)
    )


def over_cap(
    session: Session, broadcast: Broadcast, subscriber_ids: Collection[int], *, now: datetime
) -> set[int]:
    """Return who of these has had three texts in 24 hours, and so gets none of *broadcast* now."""
    if broadcast.is_urgent:
        return set()
    others = [one for one in _recent(session, now=now) if one != broadcast.id]
    if len(others) < DAILY_CAP:
        return set()
    found = session.scalars(
        select(Delivery.subscriber_id)
        .where(
            Delivery.broadcast_id.in_(others),
            Delivery.subscriber_id.in_(subscriber_ids),
            Delivery.state.in_(_SPOKEN),
            Delivery.claimed_at > now - CAP_PERIOD,
        )
        .group_by(Delivery.subscriber_id)
        .having(func.count() >= DAILY_CAP)
    )
    return set(found)


def _recent(session: Session, *, now: datetime) -> list[int]:
    """Return the broadcasts of public information that may have texted anybody in 24 hours."""
    return list(
        session.scalars(
            select(Broadcast.id).where(
                Broadcast.is_urgent.is_(False),
                or_(Broadcast.finished_at.is_(None), Broadcast.finished_at > now - CAP_PERIOD),
            )
        )
    )

"""Owners: which partner a text is told to, whatever becomes of its number and of the networks.

Before it is handed over, that is whoever stands for its network at this moment, and who was told
that it is planned hears when it is not theirs any more. From then on it is whoever stood for the
network on which it was handed over, at that very moment, for good.
"""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, literal_column, or_, select

from campaigns.deliveries import Delivery
from campaigns.partners.models import FeedEntry, PartnerCarrier
from campaigns.subscribers.models import current_carrier


def stands_for_text() -> ColumnElement[bool]:
    """The condition that a `PartnerCarrier` is the one whose partner a delivery is told to.

    For a statement in which the delivery is joined with its subscriber.
    """
    at = Delivery.claimed_at
    return and_(
        PartnerCarrier.carrier == func.coalesce(Delivery.carrier, current_carrier()),
        or_(at.is_(None), PartnerCarrier.since <= at),
        or_(PartnerCarrier.until.is_(None), PartnerCarrier.until > at),
    )


def told_of_plan(broadcast_id: Any, position: Any) -> ScalarSelect[int]:
    """Select the partner that was told last that this text is planned."""
    return (
        select(FeedEntry.partner_id)
        .where(*_is_planned(broadcast_id, position))
        .order_by(FeedEntry.at.desc(), FeedEntry.seq.desc())
        .limit(1)
        .correlate_except(FeedEntry)
        .scalar_subquery()
    )


def was_told_of_plan(broadcast_id: Any, position: Any, partner_id: Any) -> ColumnElement[bool]:
    """The condition that this partner was ever told that this text is planned."""
    entry = select(FeedEntry.seq).where(
        *_is_planned(broadcast_id, position), FeedEntry.partner_id == partner_id
    )
    return entry.correlate_except(FeedEntry).exists()


def owner() -> ColumnElement[int | None]:
    """The partner that a delivery belongs to at this moment, where `stands_for_text` is joined."""
    told = told_of_plan(Delivery.broadcast_id, Delivery.position)
    return case((Delivery.claimed_at.is_(None), told), else_=PartnerCarrier.partner_id)


def _is_planned(broadcast_id: Any, position: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        FeedEntry.broadcast_id == broadcast_id,
        FeedEntry.position == position,
        # As the index on it is written, or it would not be used.
        FeedEntry.state == literal_column("'planned'"),
    )

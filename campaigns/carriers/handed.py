"""Handed over: which broadcasts can have given texts to carriers in a stretch of time."""

from datetime import datetime

from sqlalchemy import Select, or_, select

import campaigns.plans.models  # noqa: F401 - a broadcast's row points to its plan's table
from campaigns.deliveries import Broadcast


def broadcasts_between(begins: datetime, ends: datetime) -> Select[int]:
    """Select the broadcasts that were going on between *begins* and *ends*.

    Deliveries have no index on time; their broadcast's life tells where not to look.
    """
    return select(Broadcast.id).where(
        Broadcast.launched_at < ends,
        or_(Broadcast.finished_at.is_(None), Broadcast.finished_at >= begins),
    )

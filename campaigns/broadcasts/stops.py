"""Stops: whoever told a carrier that they want no texts of ours is opted out here, too."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from campaigns.deliveries import Delivery
from campaigns.subscribers.opt_outs import opt_out_many

# The source of an opt-out that somebody gave to the carrier and not to us.
CARRIER = "carrier"


def heed_stops(session: Session, stopped: Collection[tuple[int, int]], *, now: datetime) -> None:
    """Opt out whom the deliveries *stopped*, as (broadcast, position), are for; once each."""
    if not stopped:
        return
    subscribers = session.scalars(
        select(Delivery.subscriber_id).where(
            tuple_(Delivery.broadcast_id, Delivery.position).in_(stopped)
        )
    ).all()
    opt_out_many(session, subscribers, source=CARRIER, now=now)

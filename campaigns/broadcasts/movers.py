"""Movers: numbers that carriers say are on another network by now than their prefix suggests."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, or_, select, update
from sqlalchemy.orm import Session

from campaigns.bulk import change, rows_of
from campaigns.deliveries import Delivery
from campaigns.subscribers.models import Subscriber

_SAID = {"broadcast_id": BigInteger, "position": Integer, "carrier": String}
_NOTED = {"id": BigInteger, "carrier": String}


def note_carriers(
    session: Session, carriers: Mapping[tuple[int, int], str], *, now: datetime
) -> None:
    """Note on which network whoever got the deliveries (broadcast, position) is by now."""
    if not carriers:
        return
    given = rows_of(session, _SAID, sorted((*key, carrier) for key, carrier in carriers.items()))
    # Locked in one order, so that two batches with the same people never wait in a circle.
    moved = session.execute(
        select(Subscriber.id, given.c.carrier)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(
            given,
            (given.c.broadcast_id == Delivery.broadcast_id)
            & (given.c.position == Delivery.position),
        )
        .where(
            or_(
                Subscriber.carrier_actual.is_(None),
                Subscriber.carrier_actual != given.c.carrier,
            )
        )
        .order_by(Subscriber.id)
        .with_for_update(of=Subscriber)
    ).all()
    if not moved:
        return
    noted = rows_of(session, _NOTED, [(row[0], row[1]) for row in moved])
    change(
        session,
        update(Subscriber)
        .where(Subscriber.id == noted.c.id)
        .values(carrier_actual=noted.c.carrier, updated_at=now),
    )

"""Orders: what a carrier is asked to send to everybody in an area, and what it says became of it.

What it reports is its own figure: nobody here can count it, and no ledger rests on it.
"""

import json
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.base import Base, BigId
from campaigns.partners.errors import UnknownOrderError
from campaigns.partners.models import Partner

LABEL = "the carrier's own figure, not counted by Loa"


class AreaOrder(Base):
    """One order to one partner for one broadcast; it never changes, but by being withdrawn once.

    ``document`` is the file itself, in JSON; ``digest`` its SHA-256, ``signature`` the signer's.
    """

    __tablename__ = "area_orders"
    __table_args__ = (UniqueConstraint("broadcast_id", "partner_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    partner: Mapped[Partner] = relationship(lazy="joined", init=False)

    @property
    def content(self) -> bytes:
        """The file in JSON, to the byte."""
        return self.document.encode()

    @property
    def terms(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.document))


class AreaOrderReport(Base):
    """What a partner said became of an order; append-only by trigger, the newest counts."""

    __tablename__ = "area_order_reports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("area_orders.id"), index=True)
    sent: Mapped[int] = mapped_column(BigInteger)
    delivered: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)
    areas: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]


def get_order(session: Session, partner: Partner, number: int) -> AreaOrder:
    """Return *partner*'s order *number*; another's is unknown. Raises UnknownOrderError."""
    order = session.get(AreaOrder, number)
    if order is None or order.partner_id != partner.id:
        raise UnknownOrderError(
            f"{partner.name} has no order {number}. Nothing was changed. See the list of orders."
        )
    return order


def orders_of(session: Session, partner: Partner) -> list[AreaOrder]:
    """Return *partner*'s orders, the newest first."""
    of_partner = AreaOrder.partner_id == partner.id
    return list(session.scalars(select(AreaOrder).where(of_partner).order_by(AreaOrder.id.desc())))

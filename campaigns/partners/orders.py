"""Orders: what a carrier is asked to send to everybody in an area, and what it says became of it.

What it reports is its own figure: nobody here can count it, and no ledger rests on it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.local_time import local_iso
from campaigns.partners.errors import OrderReportRefusedError, UnknownOrderError
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


def withdraw_order(session: Session, number: int, *, now: datetime) -> AreaOrder:
    """Say that order *number* is not to be carried out any more; saying it again changes nothing.

    What the carrier has sent by then cannot be called back. Raises UnknownOrderError.
    """
    order = session.get(AreaOrder, number)
    if order is None:
        raise UnknownOrderError(f"There is no order {number}. Nothing was changed.")
    if order.withdrawn_at is None:
        order.withdrawn_at = now
        record(session, "order.withdrawn", f"broadcast:{order.broadcast_id}", now=now, order=number)
    return order


@dataclass(frozen=True, slots=True)
class Counted:
    """What a carrier counted: of so many texts sent, so many delivered and failed so far."""

    sent: int
    delivered: int
    failed: int

    @property
    def is_possible(self) -> bool:
        return min(self.sent, self.delivered, self.failed) >= 0 and (
            self.delivered + self.failed <= self.sent
        )

    def document(self) -> dict[str, int]:
        return {"sent": self.sent, "delivered": self.delivered, "failed": self.failed}


def report_order(
    session: Session,
    order: AreaOrder,
    total: Counted,
    *,
    areas: Mapping[str, Counted],
    now: datetime,
) -> AreaOrderReport:
    """Keep what the carrier says became of *order*, in all and perhaps by *areas*.

    A later report takes the place of an earlier one, which stays on record. Raises
    OrderReportRefusedError for what cannot be.
    """
    named = {area["code"] for area in order.terms["areas"]}
    if strange := sorted(set(areas) - named):
        raise _refuse(f"{', '.join(strange[:5])} is in no area of the order")
    if not all(one.is_possible for one in (total, *areas.values())):
        raise _refuse("more was delivered or failed than was sent")
    if sum(one.sent for one in areas.values()) > total.sent:
        raise _refuse("more was sent in the areas than in all")
    by_area = {code: one.document() for code, one in sorted(areas.items())}
    report = AreaOrderReport(
        order_id=order.id,
        **total.document(),
        areas=json.dumps(by_area, separators=(",", ":")),
        received_at=now,
    )
    session.add(report)
    session.flush()
    record(
        session,
        "order.reported",
        f"broadcast:{order.broadcast_id}",
        now=now,
        order=order.id,
        **total.document(),
    )
    return report


def describe_orders(session: Session, orders: Sequence[AreaOrder]) -> list[dict[str, Any]]:
    """Return *orders* as documents, each with the carrier's own figure once there is one."""
    newest = (
        select(func.max(AreaOrderReport.id))
        .where(AreaOrderReport.order_id.in_([order.id for order in orders]))
        .group_by(AreaOrderReport.order_id)
    )
    found = session.scalars(select(AreaOrderReport).where(AreaOrderReport.id.in_(newest)))
    reports = {report.order_id: report for report in found}
    return [_describe(order, reports.get(order.id)) for order in orders]


def orders_in(session: Session, broadcast_id: int) -> list[AreaOrder]:
    """Return the orders that a broadcast consists of; none where it was launched."""
    query = select(AreaOrder).where(AreaOrder.broadcast_id == broadcast_id)
    return list(session.scalars(query.order_by(AreaOrder.id)))


def _describe(order: AreaOrder, report: AreaOrderReport | None) -> dict[str, Any]:
    figure = report and {
        "label": LABEL,
        "sent": report.sent,
        "delivered": report.delivered,
        "failed": report.failed,
        "areas": json.loads(report.areas),
        "received_at": local_iso(report.received_at),
    }
    return {
        "order": order.id,
        "broadcast": order.broadcast_id,
        "partner": order.partner.name,
        "digest": order.digest,
        "made_at": local_iso(order.made_at),
        "withdrawn_at": local_iso(order.withdrawn_at),
        "reported": figure,
    }


def _refuse(why: str) -> OrderReportRefusedError:
    return OrderReportRefusedError(
        f"This cannot be what became of the order: {why}. Nothing was kept. Mend it and send the "
        "whole report again."
    )

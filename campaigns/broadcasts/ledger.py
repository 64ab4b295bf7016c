"""The ledger: where every delivery of a broadcast stands, so that nobody is lost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.deliveries import BroadcastText, Delivery, DeliveryState
from campaigns.gateway import Outcome
from campaigns.partners.orders import describe_orders, orders_in

# How many deliveries stand in which state, by the commune their text is for.
Split = dict[str, dict[str, int]]


@dataclass(slots=True)
class AcceptedBy:
    """What became of accepted texts, by how sure we are: silent is accepted and not heard of."""

    network: int = 0
    handset: int = 0
    failed: int = 0
    silent: int = 0


@dataclass(slots=True)
class Ledger:
    """Counts of deliveries; ``planned`` is the sum of all the others or the books are wrong.

    ``ordered`` is what carriers were asked to send themselves, with the figures that they give:
    nobody here has counted those, and they are in no sum.

    ``despite_opt_out`` says how many of those accepted went to people who had opted out, because
    the broadcast overrides that.
    """

    broadcast: int
    planned: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    expired: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    accepted: int = 0
    unknown: int = 0
    accepted_by: AcceptedBy = field(default_factory=AcceptedBy)
    failed: dict[str, int] = field(default_factory=dict)
    ordered: list[dict[str, Any]] = field(default_factory=list)
    despite_opt_out: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether every delivery is accounted for, whatever became of it so far."""
        accounted = sum(
            (
                sum(self.skipped.values()),
                self.cancelled,
                self.expired,
                sum(self.refused.values()),
                self.in_flight,
                self.accepted,
                self.unknown,
            )
        )
        by = self.accepted_by
        split = by.network + by.handset + by.failed + by.silent
        return accounted == self.planned and split == self.accepted

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be sent or found out."""
        return self.is_balanced and not self.in_flight and not self.unknown

    def document(self) -> dict[str, object]:
        return asdict(self) | {"balanced": self.is_balanced, "settled": self.is_settled}


def draw_ledger(session: Session, broadcast_id: int) -> Ledger:
    """Count the deliveries of a broadcast.

    ``planned`` is the highest position ever given out, not the sum of the rest: a row that went
    missing would show.
    """
    ledger = Ledger(broadcast_id, _planned(session, broadcast_id))
    for counted in _count(session, broadcast_id):
        _enter(ledger, counted)
    ledger.ordered = describe_orders(session, orders_in(session, broadcast_id))
    return ledger


def draw_and_split(session: Session, broadcast_id: int) -> tuple[Ledger, Split]:
    """Draw the ledger and split it by the commune each text is for, both from one count."""
    ledger, split = Ledger(broadcast_id, _planned(session, broadcast_id)), Split()
    texts = select(BroadcastText.id, BroadcastText.area_code).where(
        BroadcastText.broadcast_id == broadcast_id
    )
    areas = {row.id: row.area_code for row in session.execute(texts)}
    for counted in _count(session, broadcast_id, Delivery.text_id):
        _enter(ledger, counted)
        states = split.setdefault(areas[counted.text_id], {})
        states[counted.state.value] = states.get(counted.state.value, 0) + counted.texts
    ledger.ordered = describe_orders(session, orders_in(session, broadcast_id))
    return ledger, split


def _planned(session: Session, broadcast_id: int) -> int:
    highest = select(func.max(Delivery.position)).where(Delivery.broadcast_id == broadcast_id)
    return session.scalar(highest) or 0


def _count(session: Session, broadcast_id: int, *keys: Any) -> Sequence[Any]:
    keys = (
        *keys,
        Delivery.state,
        Delivery.reason,
        Delivery.outcome,
        Delivery.despite_opt_out,
    )
    of_broadcast = Delivery.broadcast_id == broadcast_id
    return session.execute(
        select(*keys, func.count().label("texts")).where(of_broadcast).group_by(*keys)
    ).all()


def _enter(ledger: Ledger, counted: Any) -> None:
    state: DeliveryState = counted.state
    texts: int = counted.texts
    match state:
        case DeliveryState.PLANNED | DeliveryState.CLAIMED:
            ledger.in_flight += texts
        case DeliveryState.SKIPPED | DeliveryState.REFUSED:
            reasons = getattr(ledger, state.value)
            reasons[counted.reason] = reasons.get(counted.reason, 0) + texts
        case DeliveryState.ACCEPTED:
            ledger.accepted += texts
            ledger.despite_opt_out += texts if counted.despite_opt_out else 0
            by, outcome = ledger.accepted_by, counted.outcome
            setattr(by, outcome.value, getattr(by, outcome.value) + texts)
            if outcome is Outcome.FAILED:
                ledger.failed[counted.reason] = ledger.failed.get(counted.reason, 0) + texts
        case DeliveryState.UNKNOWN | DeliveryState.EXPIRED | DeliveryState.CANCELLED:
            setattr(ledger, state.value, getattr(ledger, state.value) + texts)

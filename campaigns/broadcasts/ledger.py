"""The ledger: where every delivery of a broadcast stands, so that nobody is lost."""

from dataclasses import asdict, dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.deliveries import BroadcastText, Delivery, DeliveryState
from campaigns.gateway import Outcome


@dataclass(slots=True)
class AcceptedBy:
    """What became of accepted texts, by how sure we are: silent is accepted and not heard of."""

    network: int = 0
    handset: int = 0
    failed: int = 0
    silent: int = 0


@dataclass(slots=True)
class Ledger:
    """Counts of deliveries; ``planned`` is the sum of all the others or the books are wrong."""

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
    ledger = Ledger(broadcast_id)
    ledger.planned = (
        session.scalar(
            select(func.max(Delivery.position)).where(Delivery.broadcast_id == broadcast_id)
        )
        or 0
    )
    keys = (Delivery.state, Delivery.reason, Delivery.outcome)
    counted = session.execute(
        select(*keys, func.count()).where(Delivery.broadcast_id == broadcast_id).group_by(*keys)
    )
    for state, reason, outcome, count in counted:
        _enter(ledger, state, reason=reason, outcome=outcome, count=count)
    return ledger


def split_ledger(session: Session, broadcast_id: int) -> dict[str, dict[str, int]]:
    """Count the deliveries of a broadcast by the commune their text is for, and by state."""
    keys = (BroadcastText.area_code, Delivery.state)
    counted = session.execute(
        select(*keys, func.count())
        .join(BroadcastText, BroadcastText.id == Delivery.text_id)
        .where(Delivery.broadcast_id == broadcast_id)
        .group_by(*keys)
    )
    split: dict[str, dict[str, int]] = {}
    for area_code, state, count in counted:
        split.setdefault(area_code, {})[state.value] = count
    return split


def _enter(
    ledger: Ledger, state: DeliveryState, *, reason: str, outcome: Outcome, count: int
) -> None:
    match state:
        case DeliveryState.PLANNED | DeliveryState.CLAIMED:
            ledger.in_flight += count
        case DeliveryState.SKIPPED | DeliveryState.REFUSED:
            reasons = getattr(ledger, state.value)
            reasons[reason] = reasons.get(reason, 0) + count
        case DeliveryState.ACCEPTED:
            ledger.accepted += count
            by = ledger.accepted_by
            setattr(by, outcome.value, getattr(by, outcome.value) + count)
            if outcome is Outcome.FAILED:
                ledger.failed[reason] = ledger.failed.get(reason, 0) + count
        case DeliveryState.UNKNOWN | DeliveryState.EXPIRED | DeliveryState.CANCELLED:
            setattr(ledger, state.value, getattr(ledger, state.value) + count)

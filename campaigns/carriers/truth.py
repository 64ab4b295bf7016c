"""Truth by carrier: what became of texts, by network and hour, and how sure that is."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, ColumnElement, case, cast, extract, func, select
from sqlalchemy.orm import Session

from campaigns.carriers.handed import broadcasts_between
from campaigns.carriers.intervals import Share, share
from campaigns.deliveries import Delivery, DeliveryState
from campaigns.gateway import Outcome

_HOUR_S = 3600
_OUTCOMES = (Outcome.NETWORK, Outcome.HANDSET, Outcome.FAILED, Outcome.SILENT)
_TRIED = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CarrierHour:
    """Texts handed over to one carrier in one hour, by what is known of them.

    ``network``: its message centre has them. ``handset``: the telephone confirmed them.
    ``silent``: taken over by the gateway and not heard of since. ``unknown``: whether they were
    taken over at all is being found out; they are in no share.
    """

    carrier: str
    hour: datetime
    network: int
    handset: int
    failed: int
    silent: int
    unknown: int

    @property
    def accepted(self) -> int:
        return self.network + self.handset + self.failed + self.silent

    def document(self) -> dict[str, object]:
        """Return the counts, each with its share of what was accepted and that share's bounds."""
        said = {name: one.document() for name, one in self.shares().items()}
        head: dict[str, object] = {
            "carrier": self.carrier or None,
            "hour": self.hour,
            "accepted": self.accepted,
        }
        return {**head, **said, "unknown": self.unknown}

    def shares(self) -> dict[str, Share]:
        """Return what became of accepted texts, with 95 % intervals."""
        counts = asdict(self)
        return {outcome.value: share(counts[outcome.value], self.accepted) for outcome in _OUTCOMES}


def count_hours(session: Session, *, begins: datetime, ends: datetime) -> list[CarrierHour]:
    """Count texts handed over from *begins* until before *ends*, by carrier and hour."""
    keys = (func.coalesce(Delivery.carrier, ""), _hour(session))
    is_accepted = Delivery.state == DeliveryState.ACCEPTED
    counts = [_tally(is_accepted & (Delivery.outcome == outcome)) for outcome in _OUTCOMES]
    rows = session.execute(
        select(*keys, *counts, _tally(Delivery.state == DeliveryState.UNKNOWN))
        .where(
            Delivery.broadcast_id.in_(broadcasts_between(begins, ends)),
            Delivery.state.in_(_TRIED),
            Delivery.claimed_at >= begins,
            Delivery.claimed_at < ends,
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        CarrierHour(carrier, datetime.fromtimestamp(number * _HOUR_S, UTC), *counts)
        for carrier, number, *counts in rows
    ]


def _hour(session: Session) -> ColumnElement[int]:
    """Number the hours in which texts were handed over; Viet Nam's begin when UTC's do."""
    if session.get_bind().dialect.name == "postgresql":
        seconds: ColumnElement[int] = extract("epoch", Delivery.claimed_at)
        return cast(func.floor(seconds / _HOUR_S), BigInteger)
    return cast(func.strftime("%s", Delivery.claimed_at), BigInteger) // _HOUR_S


def _tally(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((holds, 1), else_=0))

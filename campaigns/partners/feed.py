"""The feed: every step of a text, numbered without a gap for the partner whose network it is on.

A transaction that moves deliveries tells of it as the last thing it does: it locks the partners'
rows, numbers its entries behind the last ones, and keeps the locks until it ends. So numbers are
given in the order of commits, and whatever is rolled back gives its numbers back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    Subquery,
    case,
    cast,
    exists,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaigns.base import Instant
from campaigns.bulk import change, rows_of
from campaigns.deliveries import BroadcastText, Delivery, DeliveryState
from campaigns.gateway import Outcome
from campaigns.local_time import ZONE
from campaigns.partners.models import FeedEntry, FeedState, Partner, PartnerCarrier
from campaigns.partners.owners import stands_for_text, told_of_plan
from campaigns.subscribers.models import Subscriber

_MOVED = {
    "turn": Integer,
    "broadcast_id": BigInteger,
    "position": Integer,
    "before": String,
    "state": String,
    "code": String,
    "at": Instant,
}
# Before a gateway has a text nobody can be billed for it, so it belongs to no day.
_NOT_HANDED_OVER = (
    FeedState.NOTHING,
    FeedState.PLANNED,
    FeedState.REFUSED,
    FeedState.EXPIRED,
    FeedState.WITHDRAWN,
)


# A plan that comes to nothing is told to whoever was told of the plan.
_UNSENT = (FeedState.EXPIRED.value, FeedState.WITHDRAWN.value)
_OF_OUTCOME = {
    Outcome.SILENT: FeedState.SUBMITTED,
    Outcome.NETWORK: FeedState.NETWORK,
    Outcome.HANDSET: FeedState.HANDSET,
    Outcome.FAILED: FeedState.FAILED,
}
_OF_STATE = {
    DeliveryState.PLANNED: FeedState.PLANNED,
    DeliveryState.CLAIMED: FeedState.PLANNED,
    DeliveryState.UNKNOWN: FeedState.UNKNOWN,
    DeliveryState.REFUSED: FeedState.REFUSED,
    DeliveryState.SKIPPED: FeedState.WITHDRAWN,
    DeliveryState.CANCELLED: FeedState.WITHDRAWN,
    DeliveryState.EXPIRED: FeedState.EXPIRED,
}


def feed_state(state: DeliveryState, outcome: Outcome = Outcome.SILENT) -> FeedState:
    """Return what a partner is told of a delivery in *state*, with *outcome* once accepted."""
    return _OF_OUTCOME[outcome] if state is DeliveryState.ACCEPTED else _OF_STATE[state]


@dataclass(frozen=True, slots=True)
class Step:
    """One text moved *before* -> *state*; *code* is the carrier's own, *at* when we heard of it."""

    broadcast_id: int
    position: int
    before: FeedState
    state: FeedState
    at: datetime
    code: str = ""


def tell(session: Session, steps: Sequence[Step]) -> None:
    """Append *steps*, in order, to the feeds of the partners whose networks they concern.

    The last thing a transaction does: see `campaigns.broadcasts.locks`. Texts to networks without
    a partner, or handed over before theirs had one, are told to nobody; which partner hears of one
    is for `campaigns.partners.owners` to say.
    """
    if not steps or not has_partners(session):
        return
    rows = (
        (turn, step.broadcast_id, step.position, step.before, step.state, step.code, step.at)
        for turn, step in enumerate(steps)
    )
    append(session, rows_of(session, _MOVED, rows))


def has_partners(session: Session) -> bool:
    """Whether anybody is told anything."""
    return bool(session.scalar(select(exists().where(PartnerCarrier.carrier != ""))))


def append(session: Session, moved: Subquery) -> None:
    """Append the steps *moved*, whose columns are those of `Step` and ``turn``, to the feeds."""
    session.execute(select(Partner.id).order_by(Partner.id).with_for_update())
    entries = _entries(session, moved)
    names = [column.name for column in entries.selected_columns]
    session.execute(insert(FeedEntry).from_select(names, entries, include_defaults=False))
    newest = (
        select(func.max(FeedEntry.seq))
        .where(FeedEntry.partner_id == Partner.id)
        .correlate(Partner)
        .scalar_subquery()
    )
    change(session, update(Partner).where(newest > Partner.last_seq).values(last_seq=newest))


def _entries(session: Session, moved: Subquery) -> Select[Any]:
    """Select the steps *moved* as whole entries, numbered behind each partner's last."""
    ends_unsent = (moved.c.before == FeedState.PLANNED.value) & moved.c.state.in_(_UNSENT)
    hears = case(
        (ends_unsent, told_of_plan(moved.c.broadcast_id, moved.c.position)),
        else_=PartnerCarrier.partner_id,
    )
    number = func.row_number().over(partition_by=Partner.id, order_by=moved.c.turn)
    values: dict[str, Any] = {
        "partner_id": Partner.id,
        "seq": Partner.last_seq + number,
        "broadcast_id": moved.c.broadcast_id,
        "position": moved.c.position,
        "before": moved.c.before,
        "state": moved.c.state,
        "code": moved.c.code,
        "sid": Delivery.sid,
        "segments": BroadcastText.segments,
        "carrier_guess": Subscriber.carrier_guess,
        "carrier_actual": func.coalesce(Subscriber.carrier_actual, ""),
        "day": case(
            (
                moved.c.state.in_(_NOT_HANDED_OVER) & moved.c.before.in_(_NOT_HANDED_OVER),
                cast(null(), Date),
            ),
            else_=_local_day(session, Delivery.claimed_at),
        ),
        "at": moved.c.at,
    }
    return (
        select(*(value.label(name) for name, value in values.items()))
        .select_from(moved)
        .join(
            Delivery,
            (Delivery.broadcast_id == moved.c.broadcast_id)
            & (Delivery.position == moved.c.position),
        )
        .join(BroadcastText, BroadcastText.id == Delivery.text_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(PartnerCarrier, stands_for_text())
        .join(Partner, Partner.id == hears)
    )


def _local_day(session: Session, moment: Any) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.timezone(str(ZONE), moment), Date)
    # SQLite knows no zones; Viet Nam's clocks have not been changed since 1975.
    return func.date(moment, "+7 hours", type_=Date)

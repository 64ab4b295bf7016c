"""Launching: a signed plan becomes deliveries, in the order in which they will be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Subquery,
    case,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from campaigns.audit import last_deed, record
from campaigns.broadcasts.brake import refuse_if_pulled
from campaigns.definitions.document import CampaignDocument, MessageClass
from campaigns.deliveries import Batch, Broadcast, BroadcastText, Delivery, DeliveryState
from campaigns.errors import BroadcastFrozenError
from campaigns.gateway import Outcome
from campaigns.lanes import Lane, carriers_named, lane_for
from campaigns.plans.approvals import refuse_broken, require_approval, require_same
from campaigns.plans.audiences import Audience, text_language
from campaigns.plans.models import Plan
from campaigns.plans.planning import PlanDraft, Terms, draft_plan
from campaigns.plans.rendering import RenderedText
from campaigns.subscribers.models import Subscriber, current_carrier

# A batch is what one worker speaks between two looks at pause, stop and more urgent work, so it
# is about two seconds of its lane's rate, within these bounds.
BATCH_SECONDS = 2
SMALLEST_BATCH = 10
LARGEST_BATCH = 500
# More people than any commune has; with it a rank stays below 2**63 for any province and lanes.
_MOST_TURNS = 2**32
_SORT_MEMORY = "128MB"


@dataclass(frozen=True, slots=True)
class Launched:
    """A broadcast that has begun, and how many deliveries it owes on each lane."""

    broadcast: Broadcast
    deliveries: int
    lanes: list[str]


def launch(session: Session, plan: Plan, *, terms: Terms, now: datetime) -> Launched:
    """Turn *plan* into a running broadcast with one delivery for each person of its audience.

    The plan is drawn up again on today's people and must still be what was signed. Raises
    SignatureMissingError, RulesBrokenError, PlanDriftedError, BroadcastFrozenError when it was
    launched before, and LaunchWithdrawnError when everything was stopped meanwhile.
    """
    begun_after = last_deed(session)
    hold_plan(session, plan)
    require_not_launched(session, plan)
    require_approval(session, plan)
    document = plan.revision.document
    draft = draft_plan(session, document, terms=terms, now=now)
    refuse_broken(draft)
    require_same(plan, draft)
    broadcast = add_broadcast(session, plan, document, now=now)
    add_texts(session, broadcast, draft.texts)
    count = _add_deliveries(session, broadcast, draft, lanes=terms.lanes)
    ranges = _list_ranges(session, broadcast, count, lanes=terms.lanes)
    per_text = draft.costs.segments / max(1, draft.recipients)
    _add_batches(session, broadcast, ranges, per_text=per_text, lanes=terms.lanes, now=now)
    record(
        session,
        "broadcast.launched",
        f"broadcast:{broadcast.id}",
        now=now,
        plan=plan.id,
        digest=plan.digest,
        deliveries=count,
    )
    refuse_if_pulled(session, since=begun_after)
    return Launched(broadcast, count, [lane for lane, _, _ in ranges])


def hold_plan(session: Session, plan: Plan) -> Broadcast | None:
    """Keep others from carrying *plan* out meanwhile; return the broadcast that it is already."""
    session.execute(select(Plan.id).where(Plan.id == plan.id).with_for_update())
    return session.scalar(select(Broadcast).where(Broadcast.plan_id == plan.id))


def require_not_launched(session: Session, plan: Plan) -> None:
    """Raise BroadcastFrozenError when *plan* was launched or ordered before."""
    before = session.scalar(select(Broadcast.id).where(Broadcast.plan_id == plan.id))
    if before is not None:
        raise BroadcastFrozenError(
            f"Plan {plan.id} was launched or ordered already, as broadcast {before}. Nothing "
            f"was sent twice. See it with `loa broadcasts status {before}`."
        )


def add_broadcast(
    session: Session, plan: Plan, document: CampaignDocument, *, now: datetime
) -> Broadcast:
    """Add the broadcast that carries *plan* out; nobody is owed anything by it yet."""
    broadcast = Broadcast(
        plan_id=plan.id,
        title=document.title,
        is_urgent=document.class_ is MessageClass.EMERGENCY,
        sender=document.sender,
        opens=document.hours.opens,
        closes=document.hours.closes,
        not_after=document.expiry(now),
        launched_at=now,
        topic=document.scope,
        overrides_opt_outs=document.despite_opt_out is not None,
    )
    session.add(broadcast)
    session.flush()
    return broadcast


def add_texts(session: Session, broadcast: Broadcast, texts: Sequence[RenderedText]) -> None:
    """Keep each of *texts* as what *broadcast* says in one area and language."""
    codes = sorted({rendered.area_code for rendered in texts})
    places = {code: number for number, code in enumerate(codes, start=1)}
    rows = [
        {
            "broadcast_id": broadcast.id,
            "language": rendered.language,
            "area_code": rendered.area_code,
            "place": places[rendered.area_code],
            "level": rendered.level,
            "decision_id": rendered.decision_id,
            "body": rendered.chosen.body,
            "encoding": rendered.chosen.measure.encoding,
            "segments": rendered.chosen.measure.segments,
        }
        for rendered in texts
    ]
    session.execute(insert(BroadcastText), rows)


def _add_deliveries(
    session: Session, broadcast: Broadcast, draft: PlanDraft, *, lanes: Sequence[Lane]
) -> int:
    """Insert all deliveries with one statement; return how many.

    Lane by lane, the highest level first, and the communes interleaved: the first person of each,
    then the second of each, so that no commune waits for the last of another.
    """
    people = _people(broadcast, draft.document, draft.audience, lanes=lanes)
    order = _rank(people, draft.texts)
    values = {
        "broadcast_id": literal(broadcast.id),
        "position": func.row_number().over(order_by=order),
        "subscriber_id": people.c.subscriber_id,
        "text_id": people.c.text_id,
        "lane": _lane_name(people.c.lane, lanes),
        "state": literal(DeliveryState.PLANNED.value),
        "reason": literal(""),
        "sid": literal(""),
        "outcome": literal(Outcome.SILENT.value),
    }
    _allow_sorting(session)
    chosen = select(*values.values())
    added = session.execute(
        insert(Delivery).from_select(list(values), chosen, include_defaults=False),
        execution_options={"preserve_rowcount": True},
    )
    return cast(CursorResult[Any], added).rowcount


def _rank(people: Subquery, texts: Sequence[RenderedText]) -> ColumnElement[int]:
    """Write lane, level downwards, turn and place as one number.

    PostgreSQL sorts by one number twice as fast as by four.
    """
    highest = max((text.level for text in texts), default=0)
    places = len({text.area_code for text in texts}) + 1
    group = people.c.lane * (highest + 1) + (highest - people.c.level)
    turns = literal(_MOST_TURNS, BigInteger)
    return (group * turns + people.c.turn) * places + people.c.place


def _people(
    broadcast: Broadcast, document: CampaignDocument, audience: Audience, *, lanes: Sequence[Lane]
) -> Subquery:
    """Select who is owed which text, with everything that decides about their turn."""
    turn = func.row_number().over(partition_by=BroadcastText.place, order_by=Subscriber.id)
    return (
        select(
            Subscriber.id.label("subscriber_id"),
            BroadcastText.id.label("text_id"),
            BroadcastText.place,
            BroadcastText.level,
            _lane_number(lanes).label("lane"),
            turn.label("turn"),
        )
        .join(
            BroadcastText,
            (BroadcastText.broadcast_id == broadcast.id)
            & (BroadcastText.area_code == Subscriber.area_code)
            & (BroadcastText.language == text_language(document)),
        )
        .where(audience.belongs, audience.reachable)
        .subquery()
    )


def _lane_number(lanes: Sequence[Lane]) -> ColumnElement[int]:
    numbers = {lane.name: number for number, lane in enumerate(lanes)}
    elsewhere = literal(numbers[lane_for(lanes, "").name])
    carriers = sorted(carriers_named(lanes))
    if not carriers:
        return elsewhere
    of_carrier = {carrier: numbers[lane_for(lanes, carrier).name] for carrier in carriers}
    return case(of_carrier, value=current_carrier(), else_=elsewhere)


def _lane_name(number: ColumnElement[int], lanes: Sequence[Lane]) -> ColumnElement[str]:
    names = {index: lane.name for index, lane in enumerate(lanes)}
    return case(names, value=number) if len(names) > 1 else literal(lanes[0].name)


def _list_ranges(
    session: Session, broadcast: Broadcast, count: int, *, lanes: Sequence[Lane]
) -> list[tuple[str, int, int]]:
    """Return the first and the last position of each lane that any of *count* deliveries is on."""
    if len(lanes) == 1:
        return [(lanes[0].name, 1, count)] if count else []
    ranges = session.execute(
        select(Delivery.lane, func.min(Delivery.position), func.max(Delivery.position))
        .where(Delivery.broadcast_id == broadcast.id)
        .group_by(Delivery.lane)
    )
    return [(lane, first, last) for lane, first, last in ranges]


def _add_batches(
    session: Session,
    broadcast: Broadcast,
    ranges: Sequence[tuple[str, int, int]],
    *,
    per_text: float,
    lanes: Sequence[Lane],
    now: datetime,
) -> None:
    """Cut each lane's range of positions into batches, at *per_text* segments a text."""
    rates = {lane.name: lane.rate_per_s for lane in lanes}
    rows = []
    for lane, first, last in ranges:
        size = batch_size(rates[lane] / max(1.0, per_text))
        rows += [
            {
                "broadcast_id": broadcast.id,
                "lane": lane,
                "first": start,
                "last": min(start + size - 1, last),
                "due_at": now,
            }
            for start in range(first, last + 1, size)
        ]
    session.execute(insert(Batch), rows)


def batch_size(texts_per_s: float) -> int:
    return max(SMALLEST_BATCH, min(LARGEST_BATCH, int(texts_per_s * BATCH_SECONDS)))


def _allow_sorting(session: Session) -> None:
    # PostgreSQL sorts a million rows on disk with its default of 4 MB.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL work_mem = '{_SORT_MEMORY}'"))

"""Ordering: a signed plan that a carrier itself sends to everybody in the areas it is for.

So it was done in past epidemics: the carrier knows who is in an area, and returns counts. An
order is a broadcast without deliveries, so that one plan is either launched or ordered, and never
both; several partners may be given the same one.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.areas import Area, list_areas
from campaigns.audit import record
from campaigns.broadcasts.launching import add_broadcast, add_texts, hold_plan
from campaigns.deliveries import Broadcast, BroadcastState
from campaigns.local_time import ZONE, local_day, local_iso
from campaigns.partners.accounts import carriers_of, require_open
from campaigns.partners.errors import OrderRefusedError
from campaigns.partners.models import Partner
from campaigns.partners.orders import AreaOrder
from campaigns.partners.settlements import canonical
from campaigns.plans.approvals import (
    list_signatures,
    refuse_broken,
    require_approval,
    require_same,
)
from campaigns.plans.models import Plan
from campaigns.plans.planning import PlanDraft, Terms, draft_plan
from campaigns.plans.rendering import RenderedText, slots_of
from campaigns.signing import Signer

FORMAT = "loa-area-order-1"
NOTE = "ordered from carriers, who send it and count for themselves"


def order_plan(
    session: Session, plan: Plan, partner: Partner, *, terms: Terms, signer: Signer, now: datetime
) -> AreaOrder:
    """Order from *partner* that *plan* be sent to everybody in its areas; return the order.

    The plan must be signed and still be what was signed, exactly as for a launch. Raises what
    `launch` raises, and OrderRefusedError for a plan that was launched, that this partner was
    given before, or that is meant for some people of an area only.
    """
    require_open(partner)
    before = hold_plan(session, plan)
    _refuse_begun(session, plan, before, partner)
    require_approval(session, plan)
    draft = draft_plan(session, plan.revision.document, terms=terms, now=now)
    refuse_broken(draft)
    require_same(plan, draft)
    areas = _areas_of(session, draft, now=now)
    broadcast = before or _begin(session, plan, draft, areas, now=now)
    document = canonical(_write(session, plan, partner, draft, areas, broadcast=broadcast, now=now))
    order = AreaOrder(
        broadcast_id=broadcast.id,
        partner_id=partner.id,
        document=document,
        digest=hashlib.sha256(document.encode()).hexdigest(),
        signature=signer.sign(document.encode()),
        made_at=now,
    )
    session.add(order)
    session.flush()
    session.refresh(order)
    record(
        session,
        "broadcast.ordered",
        f"broadcast:{broadcast.id}",
        now=now,
        partner=partner.name,
        plan=plan.id,
        digest=order.digest,
        order=order.id,
    )
    return order


def _refuse_begun(session: Session, plan: Plan, before: Broadcast | None, partner: Partner) -> None:
    """Raise OrderRefusedError where *plan* was launched, or ordered from *partner* already."""
    if before is None:
        return
    orders = session.scalars(select(AreaOrder).where(AreaOrder.broadcast_id == before.id)).all()
    if not orders:
        raise OrderRefusedError(
            f"Plan {plan.id} was launched already, as broadcast {before.id}. Nothing was ordered: "
            "whoever is on a list would be texted twice."
        )
    if any(order.partner_id == partner.id for order in orders):
        raise OrderRefusedError(
            f"Plan {plan.id} was ordered from {partner.name} already. Nothing was ordered twice. "
            f"See it with `loa broadcasts orders {before.id}`."
        )


def _begin(
    session: Session, plan: Plan, draft: PlanDraft, areas: Sequence[Area], *, now: datetime
) -> Broadcast:
    """Add the broadcast; there is nothing for a worker to do, so it is finished from the start."""
    broadcast = add_broadcast(session, plan, draft.document, now=now)
    broadcast.state, broadcast.note = BroadcastState.FINISHED, NOTE
    broadcast.finished_at = now
    codes = {area.code for area in areas}
    add_texts(session, broadcast, [text for text in draft.texts if text.area_code in codes])
    return broadcast


def _areas_of(session: Session, draft: PlanDraft, *, now: datetime) -> list[Area]:
    """Return the areas to be named: those of the lowest rank, so that none lies inside another.

    Raises OrderRefusedError where the plan is for some people of an area: a carrier knows where
    its subscribers are, and not what our lists say of them.
    """
    if draft.document.audience.tags:
        raise OrderRefusedError(
            "The plan is for people or areas with certain tags, which no carrier knows. Nothing "
            "was ordered. Launch it, or submit a campaign without tags."
        )
    if "stop_link" in slots_of(draft.document):
        raise OrderRefusedError(
            "The texts hold each reader's own link, which a carrier cannot fill in. Nothing was "
            "ordered. Launch the plan, or submit a campaign without {stop_link}."
        )
    parents = {area.parent_code for area in list_areas(session, on=local_day(now))}
    said = {text.area_code for text in draft.texts}
    areas = [
        place.area
        for code, place in sorted(draft.audience.places.items())
        if code in said and code not in parents
    ]
    if not areas:
        raise OrderRefusedError(
            "The plan says nothing in any commune. Nothing was ordered. See it with "
            "`loa campaigns plan FILE`."
        )
    return areas


def _write(
    session: Session,
    plan: Plan,
    partner: Partner,
    draft: PlanDraft,
    areas: Sequence[Area],
    *,
    broadcast: Broadcast,
    now: datetime,
) -> dict[str, Any]:
    """Return the order as a document; no number of anybody is in it."""
    document = draft.document
    expiry = document.expiry(broadcast.launched_at)
    codes = {area.code for area in areas}
    return {
        "format": FORMAT,
        "broadcast": broadcast.id,
        "partner": partner.name,
        "carriers": carriers_of(session, partner),
        "made_at": now.astimezone(ZONE).isoformat(timespec="seconds"),
        "title": document.title,
        "issuer": document.issuer,
        "document": document.document,
        "class": document.class_.value,
        "mode": document.mode.value,
        "sender": document.sender,
        "window": {
            "hours": str(document.hours),
            "not_after": local_iso(expiry),
        },
        "plan": {
            "digest": plan.digest,
            "signed_by": [one.agency for one in list_signatures(session, plan)],
        },
        "areas": [{"code": area.code, "name": area.full_name} for area in areas],
        "texts": _group([text for text in draft.texts if text.area_code in codes]),
    }


def _group(texts: Sequence[RenderedText]) -> list[dict[str, Any]]:
    """Write each body once, with the areas where it is said."""
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for text in sorted(texts, key=lambda one: (one.language, one.area_code)):
        measure = text.chosen.measure
        group = said.setdefault(
            (text.language, text.chosen.body),
            {
                "language": text.language,
                "body": text.chosen.body,
                "encoding": measure.encoding,
                "segments": measure.segments,
                "areas": [],
            },
        )
        group["areas"].append(text.area_code)
    return list(said.values())

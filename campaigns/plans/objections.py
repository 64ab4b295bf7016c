"""Objections: who should sign sends a plan back to be changed, or rejects its campaign for good."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.complaints import as_sentence
from campaigns.deliveries import Broadcast
from campaigns.errors import (
    BroadcastFrozenError,
    CampaignRejectedError,
    GroundMissingError,
    PlanReturnedError,
    SignatureRefusedError,
)
from campaigns.people import Person, require_active
from campaigns.phones import hide_numbers
from campaigns.plans.deeds import record_deed
from campaigns.plans.models import LONGEST_REASON, Objection, Plan
from campaigns.plans.requirements import required_roles
from campaigns.revisions import Revision


def object_to(
    session: Session, plan: Plan, person: Person, *, reason: str, is_final: bool, now: datetime
) -> Objection:
    """Send *plan* back with a *reason*; *is_final* rejects its campaign in every revision.

    Said again by the same person it is the same objection, but that who has sent a plan back may
    still reject it. Raises SignatureRefusedError for whoever could not sign it, GroundMissingError
    without a reason, PersonWithdrawnError, BroadcastFrozenError once it was launched.
    """
    require_active(person)
    _hold_plans(session, plan.revision.campaign_id)
    known = session.scalar(
        select(Objection).where(Objection.plan_id == plan.id, Objection.person_id == person.id)
    )
    if known is not None and (known.is_final or not is_final):
        return known
    _require_standing(plan, person, reason=reason)
    launched = session.scalar(select(Broadcast.id).where(Broadcast.plan_id == plan.id))
    if launched is not None:
        raise BroadcastFrozenError(
            f"Plan {plan.id} was launched already, as broadcast {launched}. Nothing was changed. "
            f"To end it: `loa broadcasts stop {launched}`."
        )
    objection = known or Objection(plan_id=plan.id, person_id=person.id)
    objection.agency, objection.is_final = person.agency, is_final
    objection.reason, objection.objected_at = hide_numbers(reason.strip()), now
    session.add(objection)
    session.flush()
    session.refresh(objection)
    deed = "rejected" if is_final else "returned"
    record_deed(session, deed, plan, person, now=now, reason=objection.reason)
    return objection


def list_objections(session: Session, plan: Plan) -> list[Objection]:
    return list(
        session.scalars(
            select(Objection).where(Objection.plan_id == plan.id).order_by(Objection.id)
        )
    )


def require_unopposed(session: Session, plan: Plan) -> None:
    """Raise PlanReturnedError or CampaignRejectedError where somebody has objected to *plan*."""
    require_not_rejected(session, plan.revision.campaign_id)
    returned = next(iter(list_objections(session, plan)), None)
    if returned is not None:
        raise PlanReturnedError(
            f"{returned.person.login} has sent plan {plan.id} back: {as_sentence(returned.reason)} "
            "Nothing was signed or sent. Change the campaign and submit it again."
        )


def require_not_rejected(session: Session, campaign_id: int) -> None:
    """Raise CampaignRejectedError where a plan of any revision of the campaign was rejected."""
    rejected = session.scalar(
        select(Objection)
        .join(Plan, Plan.id == Objection.plan_id)
        .join(Revision, Revision.id == Plan.revision_id)
        .where(Revision.campaign_id == campaign_id, Objection.is_final)
        .order_by(Objection.id)
        .limit(1)
    )
    if rejected is not None:
        raise CampaignRejectedError(
            f"{rejected.person.login} has rejected this campaign: {as_sentence(rejected.reason)} "
            "Nothing was kept, signed or sent. What is to be said instead is another campaign, "
            "under a slug of its own."
        )


def _hold_plans(session: Session, campaign_id: int) -> None:
    """Let no plan of the campaign be launched at this moment."""
    revisions = select(Revision.id).where(Revision.campaign_id == campaign_id)
    session.execute(
        select(Plan.id).where(Plan.revision_id.in_(revisions)).order_by(Plan.id).with_for_update()
    )


def _require_standing(plan: Plan, person: Person, *, reason: str) -> None:
    required = required_roles(plan.revision.document)
    if not person.role_set.intersection(required):
        raise SignatureRefusedError(
            f"{person.login} may not send this plan back: {' and '.join(required)} may. "
            "Nothing was changed."
        )
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise GroundMissingError(
            f"Whoever sends a plan back says why, in 1 to {LONGEST_REASON} characters. "
            "Nothing was changed."
        )

"""Approvals: keeping a plan to be signed, signing it, and knowing when that is enough."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.definitions.document import CampaignDocument, MessageClass
from campaigns.errors import (
    GroundMissingError,
    PlanDriftedError,
    RulesBrokenError,
    SignatureMissingError,
    SignatureRefusedError,
    UnknownPlanError,
)
from campaigns.figures import require_figures
from campaigns.people import Person, Role, hold_person, require_active
from campaigns.phones import hide_numbers
from campaigns.plans.deeds import record_deed
from campaigns.plans.local_texts import fillers_of
from campaigns.plans.models import LONGEST_DOCUMENT, LONGEST_REASON, Plan, Signature
from campaigns.plans.objections import require_not_rejected, require_unopposed
from campaigns.plans.planning import PlanDraft
from campaigns.plans.rendering import slots_of
from campaigns.plans.requirements import required_roles
from campaigns.plans.rules import Severity
from campaigns.plans.summaries import summarise
from campaigns.revisions import authors_of, keep_revision, newest_revision

_DIGEST_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Ground:
    """What a signature for the steering committee rests on: its document, and why."""

    document: str
    reason: str

    @property
    def is_given(self) -> bool:
        return (
            0 < len(self.document.strip()) <= LONGEST_DOCUMENT
            and 0 < len(self.reason.strip()) <= LONGEST_REASON
        )


def submit_plan(
    session: Session, draft: PlanDraft, *, author: str, revise: bool, now: datetime
) -> Plan:
    """Keep *draft* and its document so that others can sign them.

    The same content for the same audience submitted twice is one plan. Raises RulesBrokenError
    when a rule is broken, SlugTakenError as keep_revision does, CampaignRejectedError when somebody
    who must sign does not want it at all.
    """
    refuse_broken(draft)
    revision = keep_revision(session, draft.document, author=author, revise=revise, now=now)
    require_not_rejected(session, revision.campaign_id)
    known = session.scalar(
        select(Plan).where(Plan.revision_id == revision.id, Plan.digest == draft.digest)
    )
    if known is not None:
        return known
    plan = Plan(
        revision_id=revision.id,
        digest=draft.digest,
        content_digest=draft.content_digest,
        recipients=draft.recipients,
        audience=draft.members,
        summary=json.dumps(summarise(draft), ensure_ascii=False),
        created_at=now,
    )
    session.add(plan)
    session.flush()
    session.refresh(plan)
    record(
        session,
        "plan.submitted",
        f"plan:{plan.id}",
        now=now,
        campaign=draft.document.campaign,
        digest=plan.digest,
        recipients=plan.recipients,
    )
    return plan


def refuse_broken(draft: PlanDraft) -> None:
    """Raise RulesBrokenError when *draft* breaks a rule that nobody may sign away."""
    broken = [finding for finding in draft.findings if finding.severity is Severity.BROKEN]
    if broken:
        raise RulesBrokenError(
            "The plan breaks rules; nothing was kept or sent.\n"
            + "\n".join(f"- {finding.message}" for finding in broken)
        )


def get_plan(session: Session, reference: str) -> Plan:
    """Return the plan with this number or digest (at least 8 of its characters)."""
    plan = None
    if reference.isascii() and reference.isdigit() and len(reference) < _DIGEST_PREFIX:
        plan = session.get(Plan, int(reference))
    elif len(reference) >= _DIGEST_PREFIX and reference.isalnum():
        plan = session.scalar(
            select(Plan)
            .where(Plan.digest.startswith(reference.lower(), autoescape=True))
            .order_by(Plan.id.desc())
            .limit(1)
        )
    if plan is None:
        raise UnknownPlanError(
            f"There is no plan {reference}. Submit the campaign file first with "
            "`loa campaigns submit FILE`; it prints the plan's number and digest."
        )
    return plan


def sign_plan(
    session: Session, plan: Plan, person: Person, *, ground: Ground | None = None, now: datetime
) -> Signature:
    """Put *person*'s name under *plan*; signing twice is one signature.

    Raises SignatureRefusedError for whoever wrote this or an earlier revision, or what a commune
    says in it, and for people without a role that it needs; GroundMissingError for the steering
    committee without a *ground*; PersonWithdrawnError; PlanDriftedError when the campaign has a
    newer revision; PlanReturnedError when somebody has sent it back; FiguresMissingError while the
    day's figures that it quotes are missing.
    """
    # Nobody fills in a local slot while they sign what is around it.
    hold_person(session, person)
    require_active(person)
    known = session.scalar(
        select(Signature).where(Signature.plan_id == plan.id, Signature.person_id == person.id)
    )
    if known is not None:
        return known
    require_newest(session, plan)
    require_unopposed(session, plan)
    require_figures(session, slots_of(plan.revision.document), now=now)
    is_for_committee = _require_standing(session, plan, person, ground)
    signature = Signature(
        plan_id=plan.id,
        person_id=person.id,
        agency=person.agency,
        roles=person.roles,
        signed_at=now,
        document=hide_numbers(ground.document.strip()) if ground and is_for_committee else "",
        reason=hide_numbers(ground.reason.strip()) if ground and is_for_committee else "",
    )
    session.add(signature)
    session.flush()
    session.refresh(signature)
    given = {"document": signature.document, "reason": signature.reason}
    record_deed(session, "signed", plan, person, now=now, **given)
    return signature


def _require_standing(session: Session, plan: Plan, person: Person, ground: Ground | None) -> bool:
    """Return whether *person* would sign for the steering committee; raise if they may not sign."""
    required = required_roles(plan.revision.document)
    revision = plan.revision
    if person.login in authors_of(session, revision) | fillers_of(session, revision.campaign_id):
        raise SignatureRefusedError(
            f"{person.login} wrote this campaign, and nobody signs what they wrote. "
            "Nothing was signed; ask a colleague with the role "
            f"{' or '.join(required)}."
        )
    if not person.role_set.intersection(required):
        raise SignatureRefusedError(
            f"{person.login} may not sign this plan: it needs {' and '.join(required)}. "
            "Nothing was signed."
        )
    is_for_committee = Role.STEERING_COMMITTEE in person.role_set.intersection(required)
    if is_for_committee and not (ground and ground.is_given):
        raise GroundMissingError(
            f"{person.login} signs for the steering committee: name its document, in at most "
            f"{LONGEST_DOCUMENT} characters, and the reason, in at most {LONGEST_REASON}. "
            "Nothing was signed."
        )
    return is_for_committee


def list_signatures(session: Session, plan: Plan) -> list[Signature]:
    return list(
        session.scalars(
            select(Signature).where(Signature.plan_id == plan.id).order_by(Signature.id)
        )
    )


def missing_roles(document: CampaignDocument, signatures: Sequence[Signature]) -> list[Role]:
    """Return the roles that still have to sign; empty when the plan may be launched.

    One person fills one role. In an emergency content approver and sender are of two agencies.
    """
    required = required_roles(document)
    best = list(required)
    nobody = [None] * len(required)
    for order in permutations([*signatures, *nobody], len(required)):
        left = [
            role
            for role, signature in zip(required, order, strict=True)
            if signature is None or role not in signature.roles.split("|")
        ]
        content, sender = order[:2]
        is_one_agency = content and sender and content.agency == sender.agency
        if not left and document.class_ is MessageClass.EMERGENCY and is_one_agency:
            left = [Role.SENDER]
        best = min(best, left, key=len)
    return best


def require_approval(session: Session, plan: Plan) -> None:
    """Raise unless *plan* is fully signed, current, and nobody has objected to it.

    SignatureMissingError, PlanDriftedError, PlanReturnedError, CampaignRejectedError.
    """
    require_newest(session, plan)
    require_unopposed(session, plan)
    missing = missing_roles(plan.revision.document, list_signatures(session, plan))
    if missing:
        raise SignatureMissingError(
            f"Plan {plan.id} may not be launched: it still needs the signature of "
            f"{' and '.join(missing)}"
            f"{_other_agency(plan.revision.document)}. Nothing was sent. "
            f"Sign with `loa campaigns sign {plan.id} --user LOGIN`."
        )


def require_newest(session: Session, plan: Plan) -> None:
    """Raise PlanDriftedError when the campaign was edited after *plan* was made."""
    newest = newest_revision(session, plan.revision.campaign_id)
    if newest is not None and newest.id != plan.revision_id:
        raise PlanDriftedError(
            f"Plan {plan.id} is of revision {plan.revision.number}, and the campaign is now at "
            f"revision {newest.number}: its signatures are void. Nothing was sent. "
            "Submit the new file and have that plan signed."
        )


def require_same(plan: Plan, draft: PlanDraft) -> None:
    """Raise PlanDriftedError unless *draft*, made now, is what was signed as *plan*.

    Texts and document must be equal to the letter; the audience may have changed by the
    campaign's declared drift, counted in people who came or went.
    """
    if draft.content_digest != plan.content_digest:
        raise PlanDriftedError(
            f"Plan {plan.id} no longer says what was signed: a level, an area, what a commune "
            "filled in or a setting behind its texts has changed since. Nothing was sent. Submit "
            "the file again and have the new plan signed."
        )
    now_members = int.from_bytes(zlib.decompress(draft.members), "little")
    moved = (plan.members ^ now_members).bit_count()
    allowed = plan.revision.document.drift * plan.recipients
    if moved > allowed:
        raise PlanDriftedError(
            f"The audience of plan {plan.id} has drifted: {moved:,} people came or went since it "
            f"was signed, and {int(allowed):,} are allowed. Nothing was sent. "
            "Submit the file again and have the new plan signed."
        )


def _other_agency(document: CampaignDocument) -> str:
    is_emergency = document.class_ is MessageClass.EMERGENCY
    return ", from an agency that has not signed yet" if is_emergency else ""

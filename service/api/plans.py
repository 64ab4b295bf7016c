"""Plans: submitted, signed by those who must, or sent back; each what it would do to whom."""

import json
from datetime import datetime
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.errands import ErrandKind
from campaigns.plans.approvals import (
    Ground,
    get_plan,
    list_signatures,
    missing_roles,
    sign_plan,
)
from campaigns.plans.models import LONGEST_DOCUMENT, LONGEST_REASON, Plan
from campaigns.plans.objections import list_objections, object_to
from campaigns.revisions import get_newest_revision
from campaigns.subscribers.counts import has_people
from service.api.errands import AS_ERRAND, ErrandOut, answer_errand, give_errand, point_to_errand
from service.api.given import Given, Line, Text
from service.api.kinds import OTHER_DIGEST
from service.api.local_texts import without_others
from service.api.once import Deed, once
from service.api.refusals import Refusal, RefusedError
from service.api.requests import answer, caller, needs, reading, resources
from service.planning import submit_newest

plans = APIBlueprint("plans", __name__, tag="Plans and signatures")
_SLUG = "<string(maxlength=80):slug>"
_ID = "<int(max=9223372036854775807):number>"
_PLAN = f"/plans/{_ID}"


class SignatureOut(BaseModel):
    """One person's name under one plan, with the agency of that day.

    ``document`` and ``reason`` are what the steering committee's signature rests on.
    """

    login: str
    agency: str
    signed_at: datetime
    document: str
    reason: str


class ObjectionOut(BaseModel):
    """One plan sent back, and why; ``is_final`` rejects its campaign in every revision."""

    login: str
    agency: str
    objected_at: datetime
    is_final: bool
    reason: str


class PlanOut(BaseModel):
    """A plan: what would happen to whom, what is signed, and by whom it still has to be."""

    plan: int
    campaign: str
    revision: int
    author: str
    digest: str
    recipients: int
    created_at: datetime
    signatures: list[SignatureOut]
    objections: list[ObjectionOut]
    needs: list[str]
    summary: dict[str, Any]


class SignIn(Given):
    """What is signed: the digest that was read, so that nobody signs what they have not seen.

    ``document`` and ``reason`` are asked of whoever signs for the steering committee.
    """

    digest: str
    document: Annotated[Line | None, Field(max_length=LONGEST_DOCUMENT)] = None
    reason: Annotated[Text | None, Field(max_length=LONGEST_REASON)] = None


class ObjectIn(Given):
    """Why the plan is sent back."""

    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


@plans.post(f"/campaigns/{_SLUG}/plans")
@needs(Permission.CAMPAIGNS_WRITE)
@plans.output(PlanOut, status_code=201)
@plans.doc(responses=AS_ERRAND)
@once(status=201, finish=point_to_errand)
def submit(slug: str) -> Deed | tuple[Deed, int]:
    """Plan a campaign and submit the plan for signatures.

    The plan is of the newest revision, on the people and levels of this moment. The same content
    for the same audience is one plan. Where there are very many people a worker does it: then the
    answer is 202, and `Location` tells how far it is.
    """
    with reading() as session:
        is_long = has_people(session, resources().settings.errand_from)
    if is_long:
        return give_errand(
            ErrandKind.SUBMIT, slug, check=lambda session: get_newest_revision(session, slug)
        )

    def do(session: Session) -> dict[str, object]:
        return _plan(session, submit_newest(session, slug, resources()))

    return do


@plans.get(f"/plans/errands/{_ID}")
@needs(Permission.CAMPAIGNS_WRITE)
@plans.output(ErrandOut)
def show_errand(number: int) -> Response:
    """Show how far a plan is that a worker submits."""
    return answer_errand(number, ErrandKind.SUBMIT)


@plans.get(_PLAN)
@needs(Permission.CAMPAIGNS_READ)
@plans.output(PlanOut)
def show_plan(number: int) -> Response:
    """Show a plan, what it would do, and who has signed it.

    A commune editor sees samples of their own areas.
    """
    with reading() as session:
        plan = get_plan(session, str(number))
        summary = without_others(session, json.loads(plan.summary))
        return answer(_plan(session, plan) | {"summary": summary})


@plans.post(f"{_PLAN}/signatures")
@needs(Permission.PLANS_SIGN)
@plans.input(SignIn)
@plans.output(PlanOut, status_code=201)
@once(status=201)
def sign(number: int, json_data: SignIn) -> Deed:
    """Sign a plan.

    The digest is the one that was read: where the plan has another, nothing is signed. Nobody
    signs what they wrote, and nobody twice.
    """

    def do(session: Session) -> dict[str, object]:
        plan = get_plan(session, str(number))
        if json_data.digest != plan.digest:
            raise RefusedError(Refusal(OTHER_DIGEST))
        ground = Ground(json_data.document or "", json_data.reason or "")
        sign_plan(session, plan, caller().person, ground=ground, now=resources().now())
        return _plan(session, plan)

    return do


@plans.post(f"{_PLAN}/return")
@needs(Permission.PLANS_SIGN)
@plans.input(ObjectIn)
@plans.output(PlanOut)
@once()
def send_back(number: int, json_data: ObjectIn) -> Deed:
    """Send a plan back to be changed.

    Nobody signs or launches it any more; the author changes the campaign and submits it again.
    """
    return _object(number, json_data.reason, is_final=False)


@plans.post(f"{_PLAN}/reject")
@needs(Permission.PLANS_SIGN)
@plans.input(ObjectIn)
@plans.output(PlanOut)
@once()
def reject(number: int, json_data: ObjectIn) -> Deed:
    """Reject a campaign.

    No plan of any of its revisions can be submitted, signed or launched any more.
    """
    return _object(number, json_data.reason, is_final=True)


def _object(number: int, reason: str, *, is_final: bool) -> Deed:
    def do(session: Session) -> dict[str, object]:
        plan = get_plan(session, str(number))
        person = caller().person
        object_to(session, plan, person, reason=reason, is_final=is_final, now=resources().now())
        return _plan(session, plan)

    return do


def _plan(session: Session, plan: Plan) -> dict[str, object]:
    signatures = list_signatures(session, plan)
    return {
        "plan": plan.id,
        "campaign": plan.revision.campaign.slug,
        "revision": plan.revision.number,
        "author": plan.revision.author,
        "digest": plan.digest,
        "recipients": plan.recipients,
        "created_at": plan.created_at,
        "signatures": [
            {
                "login": one.person.login,
                "agency": one.agency,
                "signed_at": one.signed_at,
                "document": one.document,
                "reason": one.reason,
            }
            for one in signatures
        ],
        "objections": [
            {
                "login": one.person.login,
                "agency": one.agency,
                "objected_at": one.objected_at,
                "is_final": one.is_final,
                "reason": one.reason,
            }
            for one in list_objections(session, plan)
        ],
        "needs": missing_roles(plan.revision.document, signatures),
        "summary": json.loads(plan.summary),
    }

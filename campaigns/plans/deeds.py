"""Deeds: what somebody did about a plan, on record with whom they stand for."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.people import Person
from campaigns.plans.models import Plan


def record_deed(
    session: Session, deed: str, plan: Plan, person: Person, *, now: datetime, **detail: object
) -> None:
    """Note that *person* has just signed, returned or rejected exactly this *plan*."""
    record(
        session,
        f"plan.{deed}",
        f"plan:{plan.id}",
        now=now,
        digest=plan.digest,
        person=person.login,
        agency=person.agency,
        **detail,
    )

"""The brake: whoever stops everything also stops what is being launched at that moment.

A launch for a million people is written for seconds, and until its end nobody else can see it. So
the last thing it does is to look whether the brake was pulled since it began; and whoever pulls
the brake waits for the launches that have looked, until they can be seen, which takes milliseconds.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry, record
from campaigns.broadcasts.locks import hold_launches, share_launches
from campaigns.errors import LaunchWithdrawnError

_ACTION = "broadcast.all_stopped"
_SUBJECT = "broadcasts"


def pull(session: Session, *, now: datetime) -> None:
    """From now on no launch is kept that has begun; what is launched by now can be seen."""
    hold_launches(session)
    record(session, _ACTION, _SUBJECT, now=now)


def refuse_if_pulled(session: Session, *, since: int) -> None:
    """Raise LaunchWithdrawnError when the brake was pulled after deed number *since*.

    To be called last of all: until the transaction ends the brake cannot be pulled.
    """
    share_launches(session)
    pulled = session.scalar(
        select(AuditEntry.number)
        .where(AuditEntry.subject == _SUBJECT, AuditEntry.action == _ACTION)
        .where(AuditEntry.number > since)
        .limit(1)
    )
    if pulled is not None:
        raise LaunchWithdrawnError(
            "Everything was stopped while this launch was being written. Nothing was sent. Launch "
            "the plan again if it is still wanted."
        )

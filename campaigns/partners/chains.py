"""Chains: whether a partner's settlements are as they were made, whoever had the database since."""

import hashlib
import json
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry
from campaigns.partners.models import Partner
from campaigns.partners.settlements import (
    BEGINNING,
    MADE,
    PartnerSettlement,
    list_settlements,
)

_CHECKED_AT_ONCE = 100


def first_broken(session: Session, partner: Partner) -> date | None:
    """Return the first day of *partner*'s chain that is not as it was made, or None.

    Each file is held against its digest, its row, the file before it, and the audit trail. So who
    mends digests, or takes away the last day, would have to rewrite that trail, too.
    """
    recorded = _recorded(session, partner)
    digest, seq, day = BEGINNING, 0, None
    while page := list_settlements(session, partner, after=day, limit=_CHECKED_AT_ONCE):
        for one in page:
            is_next = (one.previous_digest, one.first_seq) == (digest, seq + 1)
            is_known = recorded.pop(one.day, one.digest) == one.digest
            if not (is_next and is_known and _is_whole(one, partner)):
                return min([one.day, *recorded])
            digest, seq, day = one.digest, one.last_seq, one.day
    return min(recorded, default=None)


def _recorded(session: Session, partner: Partner) -> dict[date, str]:
    """Return the digests that the audit trail knows, by day; of one day the first that was made."""
    recorded: dict[date, str] = {}
    details = select(AuditEntry.detail).where(
        AuditEntry.subject == f"partner:{partner.name}", AuditEntry.action == MADE
    )
    for detail in session.scalars(details.order_by(AuditEntry.number)):
        made = json.loads(detail)
        # Whoever changed the trail itself is told of by whoever follows that.
        if {"day", "digest"} <= made.keys():
            recorded.setdefault(date.fromisoformat(made["day"]), made["digest"])
    return recorded


def _is_whole(one: PartnerSettlement, partner: Partner) -> bool:
    """Whether the file is the one that was digested, and its row says what stands in it."""
    if hashlib.sha256(one.content).hexdigest() != one.digest:
        return False
    stated = json.loads(one.document)
    row = {
        "partner": partner.name,
        "day": one.day.isoformat(),
        "first_seq": one.first_seq,
        "last_seq": one.last_seq,
        "previous_digest": one.previous_digest,
    }
    return bool(stated | row == stated)

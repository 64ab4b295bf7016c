"""Figures about pushing: how far behind each partner is, and since when it has been failing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.partners.endpoints import DeadLetter, PartnerEndpoint
from campaigns.partners.models import FeedEntry, Partner


@dataclass(frozen=True, slots=True)
class PushFigures:
    """One partner: entries not yet taken and the oldest of them, and entries given up."""

    partner: str
    waiting: int
    waiting_since: datetime | None
    failing_since: datetime | None
    is_off: bool
    given_up: int


def draw_push_figures(session: Session) -> list[PushFigures]:
    """Return how pushing to each partner with an address goes, by name."""
    oldest = (
        select(FeedEntry.at)
        .where(
            FeedEntry.partner_id == PartnerEndpoint.partner_id,
            FeedEntry.seq == PartnerEndpoint.pushed_seq + 1,
        )
        .scalar_subquery()
    )
    given_up = (
        select(func.coalesce(func.sum(DeadLetter.last_seq - DeadLetter.first_seq + 1), 0))
        .where(DeadLetter.partner_id == PartnerEndpoint.partner_id)
        .scalar_subquery()
    )
    found = session.execute(
        select(
            Partner.name,
            Partner.last_seq - PartnerEndpoint.pushed_seq,
            oldest,
            PartnerEndpoint.failing_since,
            PartnerEndpoint.disabled_at,
            given_up,
        )
        .join(PartnerEndpoint, PartnerEndpoint.partner_id == Partner.id)
        .where(PartnerEndpoint.url != "", Partner.withdrawn_at.is_(None))
        .order_by(Partner.name)
    )
    return [
        PushFigures(row[0], int(row[1]), row[2], row[3], row[4] is not None, int(row[5]))
        for row in found
    ]

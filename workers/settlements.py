"""The job that settles days with partners, and makes up for those that were missed."""

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy.orm import Session, sessionmaker

from campaigns.partners.accounts import list_partners
from campaigns.partners.models import Partner
from campaigns.partners.settlements import draft_settlement, keep_settlement, next_due
from campaigns.signing import Signer
from workers.context import context

Reading = Callable[[], Session]


def settle_partners() -> int:
    """Settle every day that is due with every partner; return how many days were settled."""
    ctx = context()
    with ctx.reading() as session:
        partners = list_partners(session)
    signer = ctx.sealer.signer
    return sum(
        settle_days(ctx.sessions, ctx.reading, partner, signer=signer, now=ctx.now())
        for partner in partners
    )


def settle_days(
    sessions: sessionmaker[Session],
    reading: Reading,
    partner: Partner,
    *,
    signer: Signer,
    now: datetime,
) -> int:
    """Settle every day that is due with *partner*, the oldest first; return how many were.

    Each day is counted without a transaction that anybody could have to wait for.
    """
    made = 0
    while (day := _next_due(reading, partner, now=now)) is not None:
        with reading() as session:
            draft = draft_settlement(session, partner, day)
        with sessions.begin() as session:
            made += keep_settlement(session, draft, signer=signer, now=now) is not None
    return made


def _next_due(reading: Reading, partner: Partner, *, now: datetime) -> date | None:
    with reading() as session:
        return next_due(session, partner, now=now)

"""The job that settles days with partners, and makes up for those that were missed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime

from sqlalchemy.orm import Session

from campaigns.partners.accounts import list_partners
from campaigns.partners.models import Partner
from campaigns.partners.settlements import draft_settlement, keep_settlement, next_due
from campaigns.signing import Signer
from workers.context import context

Lend = Callable[[], AbstractContextManager[Session]]


def settle_partners() -> int:
    """Settle every day that is due with every partner; return how many days were settled."""
    ctx = context()
    with ctx.reading() as session:
        partners = list_partners(session)
    signer = ctx.sealer.signer
    return sum(
        settle_days(ctx.sessions.begin, ctx.reading, partner, signer=signer, now=ctx.now())
        for partner in partners
    )


def settle_days(
    writing: Lend,
    reading: Lend,
    partner: Partner,
    *,
    signer: Signer,
    now: datetime,
) -> int:
    """Settle every day that is due with *partner*, the oldest first; return how many were.

    Each day is counted without a transaction that anybody could have to wait for, and kept in
    one that *writing* lends.
    """
    made = 0
    while (day := _next_due(reading, partner, now=now)) is not None:
        with reading() as session:
            draft = draft_settlement(session, partner, day)
        with writing() as session:
            made += keep_settlement(session, draft, signer=signer, now=now) is not None
    return made


def _next_due(reading: Lend, partner: Partner, *, now: datetime) -> date | None:
    with reading() as session:
        return next_due(session, partner, now=now)

"""The job that settles days with partners, and makes up for those that were missed."""

from datetime import date

from campaigns.partners.accounts import list_partners
from campaigns.partners.models import Partner
from campaigns.partners.settlements import draft_settlement, keep_settlement, next_due
from workers.context import JobContext, context


def settle_partners() -> int:
    """Settle every day that is due with every partner; return how many days were settled.

    Whatever was missed while nothing ran is made up for, the oldest day first.
    """
    ctx = context()
    with ctx.reading() as session:
        partners = list_partners(session)
    return sum(_settle(ctx, partner) for partner in partners)


def _settle(ctx: JobContext, partner: Partner) -> int:
    made = 0
    while (day := _next_due(ctx, partner)) is not None:
        # Counted without a transaction that anybody could have to wait for.
        with ctx.reading() as session:
            draft = draft_settlement(session, partner, day)
        with ctx.sessions.begin() as session:
            signer = ctx.sealer.signer
            made += keep_settlement(session, draft, signer=signer, now=ctx.now()) is not None
    return made


def _next_due(ctx: JobContext, partner: Partner) -> date | None:
    with ctx.reading() as session:
        return next_due(session, partner, now=ctx.now())

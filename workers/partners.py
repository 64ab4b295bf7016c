"""Jobs about partners and their networks: settling days, and looking for who has gone quiet."""

import logging
from datetime import date

from campaigns.carriers.quiet import Quiet, look_at_carriers, quiet_carriers
from campaigns.partners.accounts import list_partners
from campaigns.partners.models import Partner
from campaigns.partners.settlements import draft_settlement, keep_settlement, next_due
from workers.context import JobContext, context

log = logging.getLogger(__name__)


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


def watch_carriers() -> int:
    """Look whether a carrier has gone quiet or is back; return how many carriers were counted.

    Every change is a line in the log. Whoever is on duty sees it in the metrics, too.
    """
    ctx = context()
    with ctx.sessions.begin() as session:
        before = quiet_carriers(session, now=ctx.now())
        counted = look_at_carriers(session, now=ctx.now())
        after = quiet_carriers(session, now=ctx.now())
    _note_changes(before, after)
    return counted


def _note_changes(before: list[Quiet], after: list[Quiet]) -> None:
    known = {(quiet.carrier, quiet.verdict) for quiet in before}
    for quiet in after:
        if (quiet.carrier, quiet.verdict) not in known:
            log.warning("a carrier is %s: %s", quiet.verdict.value, quiet.sentence)
    still = {quiet.carrier for quiet in after}
    for quiet in before:
        if quiet.carrier not in still:
            log.warning("the alarm about a carrier has ended: %s", quiet.carrier)

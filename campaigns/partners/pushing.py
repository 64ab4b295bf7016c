"""Pushing: which batch of a feed is tried next, and what a partner's answer changes.

In the order of the feed: the next batch is tried once the last one is answered. What nobody took
for three days is given up and stays visible, so that the newest receipts are never behind it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.partners.endpoints import (
    LONGEST_REASON,
    DeadLetter,
    PartnerEndpoint,
    require_endpoint,
    stop_pushing,
)
from campaigns.partners.errors import PartnerRefusedError
from campaigns.partners.models import FeedEntry, Partner
from campaigns.partners.push_gateway import Failed, Gone, PushAnswer, Taken

MOST_ENTRIES = 1000
# What happens meanwhile goes together: a request for each entry would cost both sides more.
GATHER_FOR = timedelta(milliseconds=300)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
# A partner says how long to wait, but can neither keep us busy nor outlast the batch.
SHORTEST_WAIT = timedelta(seconds=1)
GIVE_UP_AFTER = timedelta(days=3)
# Longer than a push takes at most; then another worker may try the same batch again.
LEASE = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class PushClaim:
    """One batch of one partner in a worker's hands: the entries *first* to *last*."""

    partner_id: int
    claim: int
    first: int
    last: int


def due_partners(*, busy: Collection[int], now: datetime) -> Select[PartnerEndpoint]:
    """Select the endpoints for which something waits and that nobody holds, but for *busy*."""
    return (
        select(PartnerEndpoint)
        .join(Partner, Partner.id == PartnerEndpoint.partner_id)
        .where(
            PartnerEndpoint.url != "",
            PartnerEndpoint.disabled_at.is_(None),
            Partner.withdrawn_at.is_(None),
            Partner.last_seq > PartnerEndpoint.pushed_seq,
            PartnerEndpoint.due_at <= now,
            or_(PartnerEndpoint.lease_until.is_(None), PartnerEndpoint.lease_until <= now),
            PartnerEndpoint.partner_id.not_in(busy),
        )
        .order_by(PartnerEndpoint.due_at)
    )


def claim_pushes(
    session: Session, *, busy: Collection[int], limit: int, now: datetime
) -> list[PushClaim]:
    """Reserve the next batch of up to *limit* partners that are due, but for those in *busy*."""
    due = session.scalars(
        due_partners(busy=busy, now=now)
        .limit(limit)
        .with_for_update(of=PartnerEndpoint, skip_locked=True)
    ).all()
    newest = {
        row.id: row.last_seq
        for row in session.execute(
            select(Partner.id, Partner.last_seq).where(
                Partner.id.in_([endpoint.partner_id for endpoint in due])
            )
        )
    }
    for endpoint in due:
        endpoint.claims += 1
        endpoint.lease_until = now + LEASE
        if endpoint.batch_last <= endpoint.pushed_seq:
            endpoint.batch_last = min(
                newest[endpoint.partner_id], endpoint.pushed_seq + MOST_ENTRIES
            )
    session.flush()
    return [
        PushClaim(one.partner_id, one.claims, one.pushed_seq + 1, one.batch_last) for one in due
    ]


def settle_push(session: Session, claim: PushClaim, answer: PushAnswer, *, now: datetime) -> bool:
    """Write down what came of *claim*; return whether it still counted.

    Where the feed was begun anew meanwhile, or another worker tries the batch by now, it does not.
    """
    endpoint = session.get(PartnerEndpoint, claim.partner_id, with_for_update=True)
    if endpoint is None:
        return False
    if endpoint.claims != claim.claim:
        if endpoint.batch_last == 0:
            # Begun anew while this was under way: nobody else has tried anything since.
            endpoint.lease_until = None
        return False
    endpoint.lease_until = None
    match answer:
        case Taken():
            endpoint.pushed_seq, endpoint.answered_at = claim.last, now
            endpoint.forget_failures(now=now)
            is_full = claim.last - claim.first + 1 == MOST_ENTRIES
            endpoint.due_at = now if is_full else now + GATHER_FOR
        case Gone():
            partner = session.get_one(Partner, claim.partner_id)
            stop_pushing(session, partner, why="the partner answered 410 Gone", now=now)
        case Failed():
            _put_off(session, endpoint, answer, now=now)
    session.flush()
    return True


def _put_off(session: Session, endpoint: PartnerEndpoint, failed: Failed, *, now: datetime) -> None:
    endpoint.attempts += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.failure = failed.why[:LONGEST_REASON]
    wait = waits_after(endpoint.attempts)
    if failed.wait is not None:
        wait = min(max(failed.wait, SHORTEST_WAIT), GIVE_UP_AFTER)
    endpoint.due_at = now + wait
    if now - endpoint.failing_since >= GIVE_UP_AFTER:
        _give_up(session, endpoint, now=now)


def waits_after(attempts: int) -> timedelta:
    """Return how long a batch waits after *attempts* failures: doubling, from 5 s to an hour."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_WAIT)


def _give_up(session: Session, endpoint: PartnerEndpoint, *, now: datetime) -> None:
    """Lay aside the batch, and everything behind it that has waited for three days as well."""
    young = session.scalar(
        select(func.min(FeedEntry.seq)).where(
            FeedEntry.partner_id == endpoint.partner_id,
            FeedEntry.seq > endpoint.batch_last,
            FeedEntry.at > now - GIVE_UP_AFTER,
        )
    )
    newest = session.get_one(Partner, endpoint.partner_id, populate_existing=True).last_seq
    last = young - 1 if young is not None else newest
    session.add(
        DeadLetter(
            partner_id=endpoint.partner_id,
            first_seq=endpoint.pushed_seq + 1,
            last_seq=last,
            given_up_at=now,
            why=endpoint.failure,
        )
    )
    endpoint.pushed_seq, endpoint.batch_last = last, 0


def replay(session: Session, partner: Partner, *, after: int, now: datetime) -> int:
    """Push *partner*'s feed again from behind *after*; return how many entries that is.

    What was given up behind *after* is no dead letter any more. Raises PartnerRefusedError where
    nothing is pushed, and for entries that have not been tried yet.
    """
    endpoint = require_endpoint(session, partner)
    if not endpoint.is_on:
        raise PartnerRefusedError(
            f"Nothing is pushed to {partner.name}. Nothing was changed. Switch it on with "
            f"`loa partners push {partner.name} --url URL`, or have them pull."
        )
    if not 0 <= after <= endpoint.pushed_seq:
        raise PartnerRefusedError(
            f"{partner.name} was pushed up to {endpoint.pushed_seq}, and a replay begins at or "
            "before that. Nothing was changed. Give a smaller number."
        )
    again = endpoint.pushed_seq - after
    endpoint.start_again(after=after, now=now)
    for letter in dead_letters_of(session, partner):
        if letter.first_seq > after:
            session.delete(letter)
        elif letter.last_seq > after:
            letter.last_seq = after
    session.flush()
    record(session, "partner.replayed", f"partner:{partner.name}", now=now, after=after)
    return again


def dead_letters_of(session: Session, partner: Partner) -> list[DeadLetter]:
    """Return what *partner* was not brought and will not be, the first stretch first."""
    return list(
        session.scalars(
            select(DeadLetter)
            .where(DeadLetter.partner_id == partner.id)
            .order_by(DeadLetter.first_seq)
        )
    )


def all_dead_letters(session: Session) -> dict[int, list[DeadLetter]]:
    """Return every dead letter, by its partner's number, the first stretch first."""
    found: dict[int, list[DeadLetter]] = defaultdict(list)
    for letter in session.scalars(select(DeadLetter).order_by(DeadLetter.first_seq)):
        found[letter.partner_id].append(letter)
    return found

"""Builders of partners, and of what their feeds are made of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast, Delivery
from campaigns.gateway import Answer
from campaigns.local_time import ZONE
from campaigns.partners.accounts import add_partner
from campaigns.partners.feed import feed_state
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.partners.settlements import (
    SETTLED,
    PartnerSettlement,
    draft_settlement,
    keep_settlement,
    next_due,
)
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_document

LEASE = timedelta(minutes=1)


def a_partner(
    session: Session, name: str = "viettel-ls", *, carriers: Iterable[str] = ("viettel",)
) -> Partner:
    return add_partner(
        session, name, carriers=carriers, contact="ca.truc@example.vn", now=NOON - timedelta(days=1)
    )


def a_claim(
    session: Session, broadcast_id: int, sealer: Sealer, *, now: datetime = NOON
) -> Claim | None:
    return claim_batch(
        session,
        broadcast_id,
        lane="twilio",
        claimant="w",
        lease=LEASE,
        sealer=sealer,
        now=now,
    )


def feed_of(session: Session, partner: Partner) -> Sequence[FeedEntry]:
    return session.scalars(
        select(FeedEntry).where(FeedEntry.partner_id == partner.id).order_by(FeedEntry.seq)
    ).all()


def told(session: Session, partner: Partner) -> list[tuple[int, str]]:
    """Return the whole feed as (position, state)."""
    return [(entry.position, entry.state.value) for entry in feed_of(session, partner)]


def a_told_feed(session: Session, partner: Partner, *, entries: int, broadcast_id: int) -> None:
    """Tell *partner* of so many more steps of a broadcast there is."""
    session.execute(
        insert(FeedEntry),
        [
            {
                "partner_id": partner.id,
                "seq": partner.last_seq + number,
                "broadcast_id": broadcast_id,
                "position": number,
                "before": FeedState.NOTHING,
                "state": FeedState.PLANNED,
                "code": "",
                "sid": "",
                "segments": 1,
                "carrier_guess": "viettel",
                "carrier_actual": "",
                "day": None,
                "at": NOON,
            }
            for number in range(1, entries + 1)
        ],
    )
    partner.last_seq += entries
    session.flush()


def a_day_of_texts(
    session: Session,
    sealer: Sealer,
    *,
    now: datetime,
    answers: Sequence[Answer],
    **changes: Any,
) -> Broadcast:
    """Launch a broadcast at *now*, hand it over, and settle its texts by *answers*, in order."""
    document = a_document(campaign=f"ngay-{now:%d-%m-%H-%M}", **changes)
    broadcast = a_broadcast(session, document, now=now)
    claim = a_claim(session, broadcast.id, sealer, now=now)
    assert claim is not None
    # Whoever has had three texts in a day is passed over.
    settle(session, claim, answers[: len(claim.texts)], now=now)
    return broadcast


def settle_all(
    session: Session, partner: Partner, sealer: Sealer, *, now: datetime
) -> list[PartnerSettlement]:
    """Make every settlement that is due at *now*; return them in order."""
    made = []
    while (day := next_due(session, partner, now=now)) is not None:
        draft = draft_settlement(session, partner, day)
        kept = keep_settlement(session, draft, signer=sealer.signer, now=now)
        assert kept is not None
        made.append(kept)
    return made


def summed(settlements: Iterable[PartnerSettlement]) -> dict[tuple[str, str], int]:
    """Add up the lines of all *settlements* to texts by (day, state), without what is nothing."""
    total: Counter[tuple[str, str]] = Counter()
    for settlement in settlements:
        for line in settlement.lines:
            total[line["day"], line["state"]] += line["texts"]
    return {key: texts for key, texts in total.items() if texts}


def ledger_by_day(session: Session) -> dict[tuple[str, str], int]:
    """Count the deliveries themselves as a settlement should: by (day, state)."""
    total: Counter[tuple[str, str]] = Counter()
    for delivery in session.scalars(select(Delivery).execution_options(populate_existing=True)):
        state = feed_state(delivery.state, delivery.outcome)
        if state in SETTLED and delivery.claimed_at:
            day = delivery.claimed_at.astimezone(ZONE).date().isoformat()
            total[day, state.value] += 1
    return dict(total)

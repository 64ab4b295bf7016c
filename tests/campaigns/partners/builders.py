"""Builders of partners, and of what their feeds are made of."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.partners.accounts import add_partner
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.sealing import Sealer
from tests.builders import NOON

LEASE = timedelta(minutes=1)


def a_partner(
    session: Session, name: str = "viettel-ls", *, carriers: Iterable[str] = ("viettel",)
) -> Partner:
    return add_partner(
        session, name, carriers=carriers, contact="ca.truc@example.vn", now=NOON - timedelta(days=1)
    )


def a_claim(session: Session, broadcast_id: int, sealer: Sealer) -> Claim | None:
    return claim_batch(
        session,
        broadcast_id,
        lane="twilio",
        claimant="w",
        lease=LEASE,
        sealer=sealer,
        now=NOON,
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

"""Settlements: once a day and partner, how many texts stand where, signed and never edited.

A settlement covers a stretch of the partner's feed, from behind the last one's end up to the
first text of a later day. What of it belongs to earlier days corrects what was settled for them.
So adding up all files of a partner gives where its texts stand, however late receipts come.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

import campaigns.plans.models  # noqa: F401 - a broadcast's row points to its plan's table
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import insert_new
from campaigns.deliveries import Broadcast
from campaigns.local_time import ZONE, local_day
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.signing import Signer

# What the first settlement of a partner follows on.
BEGINNING = "0" * 64
# An hour after midnight, when nearly all receipts for the day's last texts are in.
MADE_AT = time(1)
# A text in any of these is with the carrier, or may be.
SETTLED = (
    FeedState.SUBMITTED,
    FeedState.NETWORK,
    FeedState.HANDSET,
    FeedState.FAILED,
    FeedState.UNKNOWN,
)
FORMAT = "loa-settlement-1"
# What the audit trail calls it when a settlement is kept.
MADE = "partner.settled"


class PartnerSettlement(Base):
    """One day's settlement with one partner; append-only by trigger.

    ``document`` is the file itself, in JSON, ``digest`` its SHA-256 and ``signature`` what
    `Signer.sign` made of it. The document holds the digest of the one before.
    """

    __tablename__ = "partner_settlements"
    __table_args__ = (UniqueConstraint("partner_id", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    day: Mapped[date] = mapped_column(Date)
    first_seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    previous_digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]

    @property
    def content(self) -> bytes:
        """The file in JSON, to the byte."""
        return self.document.encode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", json.loads(self.document)["lines"])


@dataclass(frozen=True, slots=True)
class SettlementDraft:
    """A settlement worked out and not kept; it holds while *previous* is the partner's last."""

    partner: Partner
    day: date
    previous: str
    first_seq: int
    last_seq: int
    lines: list[dict[str, object]]

    def document(self, *, made_at: datetime) -> dict[str, object]:
        """Return the file that this becomes."""
        return {
            "format": FORMAT,
            "partner": self.partner.name,
            "day": self.day.isoformat(),
            "made_at": made_at.astimezone(ZONE).isoformat(timespec="seconds"),
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "previous_digest": self.previous,
            "lines": self.lines,
        }


def next_due(session: Session, partner: Partner, *, now: datetime) -> date | None:
    """Return the next day to be settled with *partner*, if its hour has come.

    Days that passed while nothing ran come one after the other, the oldest first.
    """
    last = last_settlement(session, partner)
    day = last.day + timedelta(days=1) if last else local_day(partner.created_at)
    local = now.astimezone(ZONE)
    closed = local.date() - timedelta(days=1 if local.time() >= MADE_AT else 2)
    if day > closed or (last is not None and _is_over(session, partner, last)):
        return None
    return day


def _is_over(session: Session, partner: Partner, last: PartnerSettlement) -> bool:
    """Whether *partner* was withdrawn, and nothing was heard of its texts since *last*."""
    ended = partner.withdrawn_at
    if ended is None or last.day < local_day(ended):
        return False
    newest = session.scalar(select(Partner.last_seq).where(Partner.id == partner.id)) or 0
    return newest <= last.last_seq


def draft_settlement(session: Session, partner: Partner, day: date) -> SettlementDraft:
    """Work out *day*'s settlement with *partner*; writes nothing and waits for nobody.

    Numbers of the feed are given in the order of commits, so up to the last one that is seen
    here no entry can come in later.
    """
    before = last_settlement(session, partner)
    first = before.last_seq + 1 if before else 1
    newest = session.scalar(select(Partner.last_seq).where(Partner.id == partner.id)) or 0
    later = session.scalar(
        select(func.min(FeedEntry.seq)).where(
            FeedEntry.partner_id == partner.id,
            FeedEntry.seq.between(first, newest),
            FeedEntry.day > day,
        )
    )
    last = later - 1 if later is not None else newest
    lines = [
        {
            "day": moved_on.isoformat(),
            "kind": "ordinary" if moved_on == day else "correction",
            "sender": sender,
            "state": state,
            "segments_per_text": each,
            "texts": texts,
            "segments": texts * each,
        }
        for moved_on, sender, state, each, texts in _count(session, partner, first, last)
    ]
    return SettlementDraft(partner, day, before.digest if before else BEGINNING, first, last, lines)


def keep_settlement(
    session: Session, draft: SettlementDraft, *, signer: Signer, now: datetime
) -> PartnerSettlement | None:
    """Keep *draft*, signed, at the end of its partner's chain.

    Return None where somebody else has settled that day meanwhile.
    """
    partner, document = draft.partner, canonical(draft.document(made_at=now))
    digest = hashlib.sha256(document.encode()).hexdigest()
    values = {
        "partner_id": partner.id,
        "day": draft.day,
        "first_seq": draft.first_seq,
        "last_seq": draft.last_seq,
        "document": document,
        "digest": digest,
        "previous_digest": draft.previous,
        "signature": signer.sign(document.encode()),
        "made_at": now,
    }
    # Whoever comes second waits here for the first, and then adds nothing.
    added = insert_new(session, PartnerSettlement).values(values)
    number = session.scalar(added.returning(PartnerSettlement.id))
    if number is None:
        return None
    record(
        session,
        MADE,
        f"partner:{partner.name}",
        now=now,
        day=draft.day.isoformat(),
        digest=digest,
    )
    return session.get_one(PartnerSettlement, number)


def find_settlement(session: Session, partner: Partner, day: date) -> PartnerSettlement | None:
    return session.scalar(
        select(PartnerSettlement).where(
            PartnerSettlement.partner_id == partner.id, PartnerSettlement.day == day
        )
    )


def last_settlement(session: Session, partner: Partner) -> PartnerSettlement | None:
    newest = PartnerSettlement.day.desc()
    of_partner = PartnerSettlement.partner_id == partner.id
    return session.scalar(select(PartnerSettlement).where(of_partner).order_by(newest).limit(1))


def list_settlements(
    session: Session, partner: Partner, *, after: date | None = None, limit: int
) -> list[PartnerSettlement]:
    """Return up to *limit* settlements with *partner* of days after *after*, in their order."""
    query = select(PartnerSettlement).where(PartnerSettlement.partner_id == partner.id)
    if after is not None:
        query = query.where(PartnerSettlement.day > after)
    return list(session.scalars(query.order_by(PartnerSettlement.day).limit(limit)))


def canonical(document: object) -> str:
    """Write *document* as JSON in the one way in which it is digested and signed."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _count(session: Session, partner: Partner, first: int, last: int) -> Any:
    """Add one for each entry's state and take one from the state before, by day and sender."""

    def moves(state: Any, by: int) -> Any:
        return select(
            FeedEntry.day,
            FeedEntry.broadcast_id,
            state.label("state"),
            FeedEntry.segments,
            literal(by).label("moved"),
        ).where(
            FeedEntry.partner_id == partner.id,
            FeedEntry.seq.between(first, last),
            FeedEntry.day.is_not(None),
            state.in_(SETTLED),
        )

    moved = union_all(moves(FeedEntry.state, 1), moves(FeedEntry.before, -1)).subquery()
    keys = (moved.c.day, Broadcast.sender, moved.c.state, moved.c.segments)
    total = func.sum(moved.c.moved)
    return session.execute(
        select(*keys, total)
        .join(Broadcast, Broadcast.id == moved.c.broadcast_id)
        .group_by(*keys)
        .having(total != 0)
        .order_by(*keys)
    )

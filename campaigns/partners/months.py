"""Months: which of a partner's texts belong to one, and in which settlement each step is."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from campaigns.local_time import local_iso
from campaigns.partners.errors import StatementRefusedError
from campaigns.partners.models import FeedEntry, Partner
from campaigns.partners.settlements import PartnerSettlement

_READ_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Month:
    """From the first of a month until before the first of the next."""

    begins: date
    ends: date

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m}"


def read_month(written: str) -> Month:
    """Read ``2026-11``; raise StatementRefusedError for anything else."""
    try:
        begins = date.fromisoformat(f"{written}-01")
        ends = (begins + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise StatementRefusedError(
            f"{written!r} is no month. Nothing was changed. Write it as 2026-11."
        ) from None
    return Month(begins, ends)


class SettledDays:
    """Which day's settlement each entry of a feed is in."""

    def __init__(self, session: Session, partner: Partner) -> None:
        found = session.execute(
            select(PartnerSettlement.last_seq, PartnerSettlement.day)
            .where(PartnerSettlement.partner_id == partner.id)
            .order_by(PartnerSettlement.day)
        ).all()
        self._lasts = [row.last_seq for row in found]
        self._days = [row.day for row in found]

    def day_of(self, seq: int) -> date | None:
        """Return the day in whose settlement entry *seq* is, None while it is in none."""
        place = bisect_left(self._lasts, seq)
        return self._days[place] if place < len(self._days) else None

    def seq_before(self, day: date) -> int:
        """Return an entry behind which everything about texts handed over on *day* stands."""
        place = bisect_left(self._days, day)
        return self._lasts[place - 1] if place else 0


def entries_after(session: Session, partner: Partner, seq: int) -> Iterator[list[Any]]:
    """Yield *partner*'s entries about texts that were handed over, in order, in pieces.

    Each as a row of `Scratch.fill_ours`. What is in the feed by now stays as it is, so pieces fit
    together without a transaction around them.
    """
    last = session.scalar(select(Partner.last_seq).where(Partner.id == partner.id)) or 0
    entry = FeedEntry
    columns = (entry.broadcast_id, entry.position, entry.sid, entry.day)
    state = type_coerce(entry.state, String)
    while seq < last:
        until = min(seq + _READ_AT_ONCE, last)
        rows = session.execute(
            select(*columns, state, entry.segments, entry.at, entry.seq)
            .where(entry.partner_id == partner.id, entry.seq > seq, entry.seq <= until)
            .where(entry.day.is_not(None))
            .order_by(entry.seq)
        )
        yield [
            (*row[:3], row.day.isoformat(), row[4], row.segments, local_iso(row.at), row.seq)
            for row in rows
        ]
        seq = until

"""Reading a feed: the entries that a partner asks for, and the rows they are handed over as."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import DateTime, String, select, type_coerce
from sqlalchemy.orm import Session

from campaigns.deliveries import Broadcast
from campaigns.local_time import local_iso
from campaigns.partners.carrier_codes import explain_code
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.partners.references import References

FIELDS = (
    *("seq", "reference", "state", "at", "code", "reason_vi", "reason_en"),
    *("sid", "sender", "segments", "carrier_by_prefix", "carrier_actual", "day"),
)

Row = dict[str, Any]

# Few enough to stay in the processor's cache, where many would need fresh memory for each answer.
_AT_ONCE = 1000
_UNEXPLAINED = ("Nhà mạng không nêu lý do bằng lời", "The carrier gives no reason in words")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for: up to *limit* after the number *after*, perhaps only some.

    We heard of them from *since* on and before *until*; *sender* and *state* are as in a row, and
    empty for all.
    """

    after: int
    limit: int
    since: datetime | None = None
    until: datetime | None = None
    sender: str = ""
    state: FeedState = FeedState.NOTHING


@dataclass(frozen=True, slots=True)
class Reached:
    """How far was read: *after* is what to ask for next, *last* the feed's last number."""

    after: int
    last: int


def read_feed(
    session: Session,
    partner: Partner,
    wanted: Wanted,
    *,
    references: References,
    take: Callable[[list[Row]], object],
) -> Reached:
    """Hand the rows of *partner*'s feed that are *wanted* to *take*, some at a time.

    Asked for again they are the same, as long as entries are kept: nothing is ever put between
    two entries or changed.
    """
    # Read first, so that no entry up to it can be missing among those that are read after it.
    last = session.scalars(select(Partner.last_seq).where(Partner.id == partner.id)).one()
    found, newest = 0, 0
    # Entries of one transaction share their moment, and writing it takes longest.
    local = cache(_local)
    # As plain rows: what mapped ones cost is a tenth of everything.
    with session.connection().execute(_entries(partner, wanted)) as entries:
        for some in entries.partitions(_AT_ONCE):
            take(_write(some, references, local))
            found, newest = found + len(some), some[-1][0]
    after = newest if found == wanted.limit else max(wanted.after, last, newest)
    return Reached(after, max(last, newest))


def _entries(partner: Partner, wanted: Wanted) -> Any:
    entry = FeedEntry
    query = (
        select(
            entry.seq,
            entry.broadcast_id,
            entry.position,
            type_coerce(entry.state, String).label("state"),
            type_coerce(entry.at, DateTime(timezone=True)).label("at"),
            entry.code,
            entry.sid,
            Broadcast.sender,
            entry.segments,
            entry.carrier_guess,
            entry.carrier_actual,
            entry.day,
        )
        .join(Broadcast, Broadcast.id == entry.broadcast_id)
        .where(entry.partner_id == partner.id, entry.seq > wanted.after)
        .order_by(entry.seq)
        .limit(wanted.limit)
    )
    if wanted.since is not None:
        query = query.where(entry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(entry.at < wanted.until)
    if wanted.sender:
        query = query.where(Broadcast.sender == wanted.sender)
    if wanted.state is not FeedState.NOTHING:
        query = query.where(entry.state == wanted.state)
    return query


def _write(
    found: Sequence[Sequence[Any]], references: References, local: Callable[[datetime], str]
) -> list[Row]:
    """Write rows; by their places, for names cost as much as everything else together."""
    named = references.make_all((row[1], row[2]) for row in found)
    return [
        {
            "seq": row[0],
            "reference": reference,
            "state": row[3],
            "at": local(row[4]),
            "code": row[5],
            "reason_vi": row[5] and _in_words(row[5])[0],
            "reason_en": row[5] and _in_words(row[5])[1],
            "sid": row[6],
            "sender": row[7],
            "segments": row[8],
            "carrier_by_prefix": row[9],
            "carrier_actual": row[10],
            "day": row[11],
        }
        for row, reference in zip(found, named, strict=True)
    ]


def _in_words(code: str) -> tuple[str, str]:
    known = explain_code(code)
    return (known.vi, known.en) if known else _UNEXPLAINED


def _local(moment: datetime) -> str:
    # As the database's driver gives it: SQLite's knows no zones, and what is kept there is UTC.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return local_iso(aware)

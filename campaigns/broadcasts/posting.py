"""Posting: receipts that partners hand in about their own texts, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, func, literal_column, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.posted_rows import PostedRow, RowResult, read_row
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.bulk import rows_of
from campaigns.deliveries import Delivery
from campaigns.gateway import Outcome
from campaigns.partners.carrier_codes import find_code, name_code
from campaigns.partners.models import FeedEntry, Partner, PartnerCarrier
from campaigns.partners.owners import owner, stands_for_text
from campaigns.partners.references import References
from campaigns.subscribers.models import Subscriber, current_carrier

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Own:
    """A text of the partner's, as far as a receipt needs it."""

    key: Key
    sid: str
    carrier: str


def take_posted(
    session: Session,
    partner: Partner,
    raws: Sequence[object],
    *,
    references: References,
    now: datetime,
) -> list[RowResult]:
    """Take in what *partner* says of its own texts; return one result for each row, in order.

    A row that cannot be taken keeps no other from it. What is no text of this partner's is
    unknown, whether there is such a text or not.
    """
    read = [read_row(raw, now=now) for raw in raws]
    rows = [row for row in read if isinstance(row, PostedRow)]
    names = _find_names(session, partner, rows, references=references)
    texts = _find_texts(session, partner, names.values())
    judged = [
        _judge(row, texts.get(names[row]) if row in names else None, now=now)
        if isinstance(row, PostedRow)
        else row
        for row in read
    ]
    fresh = set(
        take_in(session, [one for one in judged if isinstance(one, CarrierReport)], now=now).fresh
    )
    results = []
    for one in judged:
        if isinstance(one, RowResult):
            results.append(one)
            continue
        results.append(RowResult.TAKEN if one.identity in fresh else RowResult.KNOWN)
        fresh.discard(one.identity)
    return results


def _find_names(
    session: Session, partner: Partner, rows: Iterable[PostedRow], *, references: References
) -> dict[PostedRow, Key]:
    """Return which text each row names; those that name none of the partner's are left out."""
    named = {row: references.read(row.reference) for row in rows if row.reference}
    found = {row: key for row, key in named.items() if key is not None}
    by_sid = {row.sid for row in rows if not row.reference}
    if not by_sid:
        return found
    given = rows_of(session, {"sid": String}, [(sid,) for sid in sorted(by_sid)])
    known: dict[str, Key] = {
        row.sid: (row.broadcast_id, row.position)
        for row in session.execute(
            select(FeedEntry.sid, FeedEntry.broadcast_id, FeedEntry.position)
            .join(given, given.c.sid == FeedEntry.sid)
            .where(
                FeedEntry.partner_id == partner.id,
                # As the index on it is written, or it would not be used.
                FeedEntry.state == literal_column("'submitted'"),
            )
        )
    }
    return found | {row: known[row.sid] for row in rows if not row.reference and row.sid in known}


def _find_texts(session: Session, partner: Partner, keys: Iterable[Key]) -> dict[Key, _Own]:
    """Return those of the texts *keys* that are *partner*'s: what it once was told may not be."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    given = rows_of(session, {"broadcast_id": BigInteger, "position": Integer}, wanted)
    found = session.execute(
        select(
            Delivery.broadcast_id,
            Delivery.position,
            Delivery.sid,
            func.coalesce(Delivery.carrier, current_carrier()),
        )
        .join(
            given,
            (given.c.broadcast_id == Delivery.broadcast_id)
            & (given.c.position == Delivery.position),
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(PartnerCarrier, stands_for_text())
        .where(owner() == partner.id)
    )
    return {(row[0], row[1]): _Own((row[0], row[1]), row[2], row[3]) for row in found}


def _judge(row: PostedRow, text: _Own | None, *, now: datetime) -> CarrierReport | RowResult:
    """Return what *row* says of *text*, or why it is not taken."""
    if text is None or (row.sid and text.sid and row.sid != text.sid):
        return RowResult.UNKNOWN
    if not text.sid:
        return RowResult.EARLY
    meant = find_code(text.carrier, row.code) if row.code else None
    outcome = row.outcome or (meant.outcome if meant else None)
    if outcome is None:
        return RowResult.BAD_STATE
    return CarrierReport(
        broadcast_id=text.key[0],
        position=text.key[1],
        sid=text.sid,
        outcome=outcome,
        code=name_code(text.carrier, row.code),
        received_at=now,
        is_stop=bool(meant and meant.is_stop and outcome is Outcome.FAILED),
        happened_at=row.happened_at,
        carrier=row.carrier,
    )

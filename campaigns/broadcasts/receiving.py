"""Receiving: what carriers report about texts, late, twice and out of order, becomes outcomes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, literal_column, select, true, update
from sqlalchemy.orm import Session

from campaigns.base import Instant
from campaigns.broadcasts.locks import share_broadcasts
from campaigns.broadcasts.movers import note_carriers
from campaigns.broadcasts.stops import heed_stops
from campaigns.bulk import change, insert_new, rows_of
from campaigns.deliveries import Delivery, DeliveryState, Receipt, ReceiptTally
from campaigns.gateway import Outcome
from campaigns.partners.feed import Step, feed_state, tell
from campaigns.partners.models import FeedState

Identity = tuple[int, int, str, str, str]

_RANK = {Outcome.SILENT: 0, Outcome.NETWORK: 1, Outcome.HANDSET: 2, Outcome.FAILED: 2}
_KEY = {"broadcast_id": BigInteger, "position": Integer}
_COLUMNS = _KEY | {
    "sid": String,
    "outcome": String,
    "code": String,
    "received_at": Instant,
    "happened_at": Instant,
}


@dataclass(frozen=True, slots=True)
class CarrierReport:
    """One receipt as it came in: which delivery, by which name, and what became of it.

    ``is_stop``: it failed because whoever has the number told the carrier that they want no
    texts of ours. *happened_at* is when it happened and *carrier* the network that the number is
    on by now, from those who say so.
    """

    broadcast_id: int
    position: int
    sid: str
    outcome: Outcome
    code: str
    received_at: datetime
    is_stop: bool = False
    happened_at: datetime | None = None
    carrier: str = ""

    @property
    def identity(self) -> Identity:
        return (self.broadcast_id, self.position, self.sid, self.outcome.value, self.code)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many reports were new, repeated, about no delivery, or about another text's name.

    ``fresh`` are those that were new.
    """

    new: int
    duplicate: int
    stray: int
    fresh: frozenset[Identity] = field(default=frozenset(), compare=False)


@dataclass(slots=True)
class _Standing:
    state: DeliveryState
    sid: str
    outcome: Outcome
    code: str
    changed: bool = False

    @property
    def told(self) -> FeedState:
        return feed_state(self.state, self.outcome)


def take_in(session: Session, reports: Sequence[CarrierReport], *, now: datetime) -> TakenIn:
    """Append *reports* as receipts and move the deliveries they are about.

    A report proves that the carrier has the text, whatever we believed before. A final outcome
    never changes. A report under a name that is not the delivery's own is kept and counted as
    stray: it would mean that somebody was texted twice. Whoever told the carrier to stop is
    opted out.
    """
    first_seen = {report.identity: report for report in reversed(reports)}
    new = _append(session, first_seen)
    fresh = [report for identity, report in first_seen.items() if identity in new]
    share_broadcasts(session, (report.broadcast_id for report in fresh))
    standings = _lock_deliveries(session, fresh)
    stray = 0
    steps: list[Step] = []
    for report in sorted(fresh, key=lambda report: _RANK[report.outcome]):
        standing = standings.get((report.broadcast_id, report.position))
        if standing is None or not _apply(report, standing, steps):
            stray += 1
    _write(session, standings)
    heed_stops(
        session, {(each.broadcast_id, each.position) for each in fresh if each.is_stop}, now=now
    )
    note_carriers(
        session,
        {(each.broadcast_id, each.position): each.carrier for each in fresh if each.carrier},
        now=now,
    )
    taken = TakenIn(len(fresh), len(reports) - len(fresh), stray, frozenset(new))
    tally(session, {"duplicate": taken.duplicate, "stray": taken.stray}, now=now)
    tell(session, steps)
    return taken


def tally(session: Session, counts: dict[str, int], *, now: datetime) -> None:
    """Add *counts* to today's tallies of receipts that changed nothing."""
    day = now.astimezone(UTC).date()
    for kind, count in counts.items():
        if count:
            _add_to_tally(session, day, kind, count)


def _add_to_tally(session: Session, day: date, kind: str, count: int) -> None:
    session.execute(insert_new(session, ReceiptTally).values(day=day, kind=kind, count=0))
    change(
        session,
        update(ReceiptTally)
        .where(ReceiptTally.day == day, ReceiptTally.kind == kind)
        .values(count=ReceiptTally.count + count),
    )


def _append(session: Session, reports: Mapping[Identity, CarrierReport]) -> set[Identity]:
    """Insert what is not known yet and return the identities of exactly that."""
    rows = [
        (*identity, report.received_at, report.happened_at)
        for identity, report in sorted(reports.items())
    ]
    if not rows:
        return set()
    given = rows_of(session, _COLUMNS, rows)
    names = list(_COLUMNS)
    inserted: Iterable[Any] = session.execute(
        insert_new(session, Receipt)
        .from_select(names, select(given).where(true()), include_defaults=False)
        .returning(*(literal_column(name) for name in names[:5]))
    )
    return {tuple(row) for row in inserted}


def _lock_deliveries(
    session: Session, reports: Sequence[CarrierReport]
) -> dict[tuple[int, int], _Standing]:
    if not reports:
        return {}
    keys = sorted({(report.broadcast_id, report.position) for report in reports})
    given = rows_of(session, _KEY, keys)
    found = session.execute(
        select(
            Delivery.broadcast_id,
            Delivery.position,
            Delivery.state,
            Delivery.sid,
            Delivery.outcome,
            Delivery.reason,
        )
        .join(
            given,
            (given.c.broadcast_id == Delivery.broadcast_id)
            & (given.c.position == Delivery.position),
        )
        .order_by(Delivery.broadcast_id, Delivery.position)
        .with_for_update(of=Delivery)
    )
    return {(row[0], row[1]): _Standing(row[2], row[3], row[4], row[5]) for row in found}


def _apply(report: CarrierReport, standing: _Standing, steps: list[Step]) -> bool:
    """Move *standing* by *report*, step by step; return False when it is about another text."""
    if standing.sid and standing.sid != report.sid:
        return False
    if not standing.sid or standing.state is not DeliveryState.ACCEPTED:
        before = standing.told
        standing.sid = report.sid
        standing.state = DeliveryState.ACCEPTED
        standing.code = ""
        standing.changed = True
        steps.append(_step(report, before, standing))
    if not standing.outcome.is_final and _RANK[report.outcome] > _RANK[standing.outcome]:
        before = standing.told
        standing.outcome = report.outcome
        standing.code = report.code if report.outcome is Outcome.FAILED else ""
        standing.changed = True
        steps.append(_step(report, before, standing))
    return True


def _step(report: CarrierReport, before: FeedState, now: _Standing) -> Step:
    return Step(
        report.broadcast_id, report.position, before, now.told, report.received_at, now.code
    )


def _write(session: Session, standings: dict[tuple[int, int], _Standing]) -> None:
    rows = [
        (*key, standing.state, standing.sid, standing.outcome, standing.code)
        for key, standing in standings.items()
        if standing.changed
    ]
    if not rows:
        return
    columns = _KEY | {"state": String, "sid": String, "outcome": String, "reason": String}
    given = rows_of(session, columns, rows)
    change(
        session,
        update(Delivery)
        .where(
            Delivery.broadcast_id == given.c.broadcast_id,
            Delivery.position == given.c.position,
        )
        .values(
            state=given.c.state,
            sid=given.c.sid,
            outcome=given.c.outcome,
            reason=given.c.reason,
        ),
    )

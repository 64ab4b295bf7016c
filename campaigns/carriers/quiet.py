"""Quiet carriers: fewer receipts than a carrier usually sends, or none at all any more.

Every ten minutes of handing over are looked at once, when they are ten to twenty minutes old: of
so many texts, so many have been heard of. So today is compared with what was seen at the very
same age on the days before, however slow a carrier usually is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from sqlalchemy import String, case, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base
from campaigns.bulk import insert_new
from campaigns.carriers.handed import broadcasts_between
from campaigns.carriers.intervals import ALARMED, Share, share
from campaigns.deliveries import Delivery, DeliveryState
from campaigns.gateway import Outcome

STRETCH = timedelta(minutes=10)
# Texts are looked at when even the last of them had this long to be heard of.
GRACE = timedelta(minutes=10)
# Nothing is said about a carrier from fewer texts; as many of the newest stretches are taken
# together as hold so many.
FEWEST = 20
# Less than this below the usual is nothing to wake anybody for.
MARGIN = 0.10
LOOK_BACK = timedelta(hours=1)
MEMORY = timedelta(days=14)


class Verdict(StrEnum):
    """What a look at a carrier came to; ``STOPPED``: not one receipt, texts go on."""

    USUAL = ""
    QUIET = "quiet"
    STOPPED = "stopped"


class CarrierStretch(Base):
    """Ten minutes of handing over to one carrier: how many texts, and how many heard of since."""

    __tablename__ = "carrier_stretches"

    carrier: Mapped[str] = mapped_column(String(16), primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    texts: Mapped[int]
    heard: Mapped[int]
    verdict: Mapped[Verdict] = mapped_column(default=Verdict.USUAL)


@dataclass(frozen=True, slots=True)
class Quiet:
    """One carrier that has gone quiet: what was heard of its last texts, and what is usual."""

    carrier: str
    verdict: Verdict
    since: datetime
    now: Share
    usual: Share

    @property
    def sentence(self) -> str:
        """Say it as whoever is on duty needs to hear it."""
        heard = f"{self.now.part:,} of its last {self.now.whole:,} texts were heard of in time"
        if not self.usual.whole:
            return f"{self.carrier}: {heard}; there is nothing to compare that with yet"
        return f"{self.carrier}: {heard}; usually it is {100 * (self.usual.value or 0):.0f} in 100"

    def document(self) -> dict[str, object]:
        return {
            "carrier": self.carrier,
            "verdict": self.verdict.value,
            "since": self.since,
            "heard": self.now.document() | {"of": self.now.whole},
            "usual": self.usual.document() | {"of": self.usual.whole},
            "sentence": self.sentence,
        }


def look_at_carriers(session: Session, *, now: datetime) -> int:
    """Count the newest ten minutes that are old enough, once; return of how many carriers.

    A stretch that nobody counted in time is left out: at a greater age more has been heard of,
    and no other stretch could be compared with it.
    """
    begins = _newest_stretch(now)
    if session.scalar(select(CarrierStretch.carrier).where(CarrierStretch.begins_at == begins)):
        return 0
    counted, remembered = _count(session, begins), _remembered(session, now=now)
    for carrier, texts, heard in counted:
        rows = remembered.get(carrier, [])
        verdict = _judge(
            [*rows, CarrierStretch(carrier=carrier, begins_at=begins, texts=texts, heard=heard)]
        )
        values = {"texts": texts, "heard": heard, "verdict": verdict}
        session.execute(
            insert_new(session, CarrierStretch).values(carrier=carrier, begins_at=begins, **values)
        )
    return len(counted)


def quiet_carriers(session: Session, *, now: datetime) -> list[Quiet]:
    """Return the carriers of whom the last look, within an hour, said that they are quiet.

    So it ends by itself: with the next ten minutes that are as usual, or an hour without texts.
    """
    found = []
    for carrier, rows in _remembered(session, now=now).items():
        last = rows[-1]
        if last.begins_at > now - LOOK_BACK and last.verdict is not Verdict.USUAL:
            quiet = list(takewhile(lambda row: row.verdict, reversed(rows)))
            seen, usual = _compare(rows)
            found.append(Quiet(carrier, last.verdict, quiet[-1].begins_at, seen, usual))
    return found


def last_looks(session: Session, *, now: datetime) -> list[CarrierStretch]:
    """Return the last look within an hour at each carrier."""
    recent = select(CarrierStretch).where(CarrierStretch.begins_at > now - LOOK_BACK)
    newest = {
        row.carrier: row for row in session.scalars(recent.order_by(CarrierStretch.begins_at))
    }
    return [newest[carrier] for carrier in sorted(newest)]


def _newest_stretch(now: datetime) -> datetime:
    """Return when the newest stretch began that is at least as old as the grace."""
    seconds = STRETCH.total_seconds()
    ended = (now - GRACE).timestamp() // seconds * seconds
    return datetime.fromtimestamp(ended, UTC) - STRETCH


def _count(session: Session, begins: datetime) -> Sequence[tuple[str, int, int]]:
    """Count by carrier what was handed over in the stretch, and what of it was heard of."""
    is_heard = case((Delivery.outcome != Outcome.SILENT, 1), else_=0)
    rows = session.execute(
        select(Delivery.carrier, func.count(), func.sum(is_heard))
        .where(
            Delivery.broadcast_id.in_(broadcasts_between(begins, begins + STRETCH)),
            Delivery.state == DeliveryState.ACCEPTED,
            Delivery.carrier != "",
            Delivery.claimed_at >= begins,
            Delivery.claimed_at < begins + STRETCH,
        )
        .group_by(Delivery.carrier)
        .order_by(Delivery.carrier)
    )
    return [(carrier or "", texts, heard) for carrier, texts, heard in rows]


def _remembered(session: Session, *, now: datetime) -> dict[str, list[CarrierStretch]]:
    """Return what is remembered of each carrier, in order."""
    remembered: dict[str, list[CarrierStretch]] = {}
    query = select(CarrierStretch).where(CarrierStretch.begins_at > now - MEMORY)
    for row in session.scalars(query.order_by(CarrierStretch.carrier, CarrierStretch.begins_at)):
        remembered.setdefault(row.carrier, []).append(row)
    return remembered


def _judge(rows: Sequence[CarrierStretch]) -> Verdict:
    seen, usual = _compare(rows)
    if seen.whole < FEWEST:
        return Verdict.USUAL
    if not usual.whole:
        return Verdict.USUAL if seen.part else Verdict.STOPPED
    if seen.high + MARGIN >= usual.low:
        return Verdict.USUAL
    return Verdict.QUIET if seen.part else Verdict.STOPPED


def _compare(rows: Sequence[CarrierStretch]) -> tuple[Share, Share]:
    """Return what was heard of the newest texts, and of all before that went as usual."""
    newest: list[CarrierStretch] = []
    for row in reversed(rows):
        too_old = row.begins_at <= rows[-1].begins_at - LOOK_BACK
        if too_old or sum(each.texts for each in newest) >= FEWEST:
            break
        newest.append(row)
    before = [row for row in rows[: -len(newest)] if row.verdict is Verdict.USUAL]
    return _add_up(newest), _add_up(before)


def _add_up(rows: Sequence[CarrierStretch]) -> Share:
    heard, texts = sum(row.heard for row in rows), sum(row.texts for row in rows)
    return share(heard, texts, z=ALARMED)

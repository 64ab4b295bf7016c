"""The rows of a broadcast: its texts, its deliveries, the batches they are sent in, receipts."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId
from campaigns.gateway import Outcome
from campaigns.local_time import Hours


class BroadcastState(StrEnum):
    """Running may pause and resume; stopped and finished are final."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class DeliveryState(StrEnum):
    """Where a delivery stands; what is planned or claimed is still in flight.

    ``UNKNOWN``: it was claimed, and whether the carrier has it must be found out there.
    """

    PLANNED = "planned"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


class BatchNews(StrEnum):
    """What partners were told of a batch: nothing, what is planned, or not yet its withdrawal."""

    UNTOLD = "untold"
    TOLD = "told"
    WITHDRAWN = "withdrawn"


class Broadcast(Base):
    """One execution of a signed plan; counts are never stored, the ledger counts deliveries.

    ``topic`` is what it is about, empty where it names none; ``overrides_opt_outs`` that its plan
    named the law under which it goes to people who opted out, too.

    A number is never given twice, on SQLite neither: carriers report by it for days.
    """

    __tablename__ = "broadcasts"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"), unique=True)
    title: Mapped[str]
    is_urgent: Mapped[bool]
    sender: Mapped[str]
    opens: Mapped[int]
    closes: Mapped[int]
    not_after: Mapped[datetime | None]
    launched_at: Mapped[datetime]
    topic: Mapped[str] = mapped_column(String(16), default="", server_default="")
    overrides_opt_outs: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[BroadcastState] = mapped_column(default=BroadcastState.RUNNING, index=True)
    note: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def hours(self) -> Hours:
        return Hours(self.opens, self.closes)

    @property
    def is_over(self) -> bool:
        return self.state in {BroadcastState.STOPPED, BroadcastState.FINISHED}

    def is_expired(self, now: datetime) -> bool:
        return self.not_after is not None and now >= self.not_after

    def waits_until(self, now: datetime) -> datetime | None:
        """Return when its hours open; None while they are, and where nothing is to be sent."""
        if self.state is not BroadcastState.RUNNING or self.hours.are_open(now):
            return None
        return self.hours.next_open(now)


class BroadcastText(Base):
    """One rendered body for one language and one area; deliveries point here.

    ``decision_id`` is the level decision the text rests on; when another supersedes it, the text
    is no longer true and is not sent. ``place`` numbers the areas of one broadcast: a million rows
    are sorted by it many times faster than by codes.
    """

    __tablename__ = "texts"
    __table_args__ = (UniqueConstraint("broadcast_id", "language", "area_code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"))
    language: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[str] = mapped_column(String(16))
    place: Mapped[int]
    level: Mapped[int]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("level_decisions.id"))
    body: Mapped[str] = mapped_column(Text)
    encoding: Mapped[str] = mapped_column(String(8))
    segments: Mapped[int]


class Delivery(Base):
    """One subscriber owed one text. ``position`` is its place in the order of sending, from 1.

    ``claimed_at`` is when a worker last took it to be spoken: since when the carrier may have it,
    and what tells that claim of it from any other. ``carrier`` is the network that the number was
    known to be on at that moment: whoever it is reported to stays the same. ``despite_opt_out``
    says that it was claimed for somebody who had opted out, because the broadcast overrides that.

    The key is (broadcast, position), so a batch is a range and a claim needs no other index;
    (broadcast, subscriber) is unique, so nobody is owed two texts by one broadcast. There are no
    foreign keys: the rows come from one SELECT over the very tables they would point to, neither
    of which ever deletes a row, and checking a million of them costs more than making them.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "subscriber_id"),
        Index(
            "ix_deliveries_unknown",
            "broadcast_id",
            "position",
            sqlite_where=text("state = 'unknown'"),
            postgresql_where=text("state = 'unknown'"),
        ),
    )

    broadcast_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subscriber_id: Mapped[int] = mapped_column(BigId)
    text_id: Mapped[int] = mapped_column(BigId)
    lane: Mapped[str] = mapped_column(String(32))
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PLANNED)
    reason: Mapped[str] = mapped_column(String(32), default="")
    sid: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.SILENT)
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    carrier: Mapped[str | None] = mapped_column(String(16), default=None)
    despite_opt_out: Mapped[bool] = mapped_column(default=False, server_default=false())


class Batch(Base):
    """A range of deliveries that one worker speaks at a time: the lease, not the person."""

    __tablename__ = "batches"
    __table_args__ = (
        Index(None, "broadcast_id", "state", "lane", "id"),
        Index(
            "ix_batches_news",
            "id",
            sqlite_where=text("news = 'withdrawn' OR (news = 'untold' AND state = 'open')"),
            postgresql_where=text("news = 'withdrawn' OR (news = 'untold' AND state = 'open')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"))
    lane: Mapped[str] = mapped_column(String(32))
    first: Mapped[int]
    last: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[BatchState] = mapped_column(default=BatchState.OPEN)
    attempts: Mapped[int] = mapped_column(default=0)
    claimant: Mapped[str] = mapped_column(String(64), default="")
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    news: Mapped[BatchNews] = mapped_column(default=BatchNews.UNTOLD)


class Receipt(Base):
    """What a carrier said about one text, and when we heard it; append-only.

    ``code`` is the gateway's, or a carrier's own behind its name, as in ``viettel:27``.
    ``happened_at`` is when it happened, for those who say so.
    """

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("broadcast_id", "position", "sid", "outcome", "code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    broadcast_id: Mapped[int]
    position: Mapped[int]
    sid: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[Outcome]
    code: Mapped[str] = mapped_column(String(32), default="")
    received_at: Mapped[datetime]
    happened_at: Mapped[datetime | None] = mapped_column(default=None)


class ReceiptTally(Base):
    """How many receipts of one day were of a kind that changes nothing: counted, not errors."""

    __tablename__ = "receipt_tallies"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)

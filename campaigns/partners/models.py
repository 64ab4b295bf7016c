"""The rows of partners: accounts, the carriers they stand for, and their feeds."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId

LONGEST_CARRIER = 16


class FeedState(StrEnum):
    """Where a text stands, as a partner is told; ``NOTHING`` is before it was told anything.

    ``SUBMITTED``: the gateway took it over. ``NETWORK``: the carrier's message centre took it.
    ``REFUSED``: the gateway never took it. ``WITHDRAWN``: it was not handed over after all.
    """

    NOTHING = ""
    PLANNED = "planned"
    SUBMITTED = "submitted"
    NETWORK = "network"
    HANDSET = "handset"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Partner(Base):
    """A telecom company's account. Nobody is ever deleted: what was settled stays theirs.

    ``last_seq`` is the number of the last entry of its feed; whoever adds to the feed holds this
    row until the end of the transaction. ``acknowledged_seq`` is how far the partner says it has
    read. ``networks`` are the addresses its programs may ask from, separated by spaces; none
    means any.
    """

    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    contact: Mapped[str] = mapped_column(String(200), default="")
    networks: Mapped[str] = mapped_column(Text, default="")
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    acknowledged_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)


class PartnerCarrier(Base):
    """One network that a partner stands for, from a moment on and perhaps until another.

    A network has one partner at a time. Rows are ended and never deleted: texts stay with whoever
    stood for their network when they were handed over.
    """

    __tablename__ = "partner_carriers"
    __table_args__ = (
        Index(
            "uq_partner_carriers_carrier",
            "carrier",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    carrier: Mapped[str] = mapped_column(String(LONGEST_CARRIER))
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None] = mapped_column(default=None)


class FeedEntry(Base):
    """One step of one text, as its network's partner is told; append-only, numbered from 1.

    ``before`` is what the partner was told last of this text, so that adding one for ``state`` and
    taking one from ``before`` over any stretch of the feed gives how the counts have moved.
    ``day`` is the province's day on which the text was handed over, from then on. No number and no
    body is in it. There are no foreign keys to deliveries, as deliveries have none themselves.
    """

    __tablename__ = "partner_feed"
    __table_args__ = (
        Index(
            "ix_partner_feed_sid",
            "partner_id",
            "sid",
            sqlite_where=text("state = 'submitted'"),
            postgresql_where=text("state = 'submitted'"),
        ),
        Index(
            "ix_partner_feed_planned",
            "broadcast_id",
            "position",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )

    partner_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    broadcast_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int]
    before: Mapped[FeedState]
    state: Mapped[FeedState]
    code: Mapped[str] = mapped_column(String(32))
    sid: Mapped[str] = mapped_column(String(64))
    segments: Mapped[int]
    carrier_guess: Mapped[str] = mapped_column(String(LONGEST_CARRIER))
    carrier_actual: Mapped[str] = mapped_column(String(LONGEST_CARRIER))
    day: Mapped[date | None] = mapped_column(Date)
    at: Mapped[datetime]

"""The rows of subscribers and of what each of them agreed to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, LargeBinary, String, and_, func
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId
from campaigns.sealing import FINGERPRINT_BYTES


class ConsentKind(StrEnum):
    """What a subscriber, or somebody on their behalf, said about receiving texts."""

    GRANTED = "granted"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    LEFT = "left"
    ERASED = "erased"


class Subscriber(Base):
    """One telephone number, sealed; the fingerprint finds it again.

    ``opted_out_at``, ``left_at`` and ``erased_at`` repeat the last consent event that matters, so
    that a claim need not read the history. An erased row keeps nothing but its fingerprint and
    its events: the proof that this number must not be texted.
    """

    __tablename__ = "subscribers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(FINGERPRINT_BYTES), unique=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    area_code: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8), default="vi")
    tags: Mapped[str] = mapped_column(default="")
    carrier_guess: Mapped[str] = mapped_column(String(16), default="")
    carrier_actual: Mapped[str | None] = mapped_column(String(16), default=None)
    opted_out_at: Mapped[datetime | None] = mapped_column(default=None)
    left_at: Mapped[datetime | None] = mapped_column(default=None)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ConsentEvent(Base):
    """One thing said about consent: what, by which way it reached us, and when.

    No foreign key: subscribers are never deleted, and checking a million rows of an import costs
    more than writing them.
    """

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    subscriber_id: Mapped[int] = mapped_column(BigId, index=True)
    kind: Mapped[ConsentKind]
    source: Mapped[str]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]


def may_be_texted() -> ColumnElement[bool]:
    """The condition that a subscriber row may receive a text now."""
    return and_(
        Subscriber.opted_out_at.is_(None),
        Subscriber.left_at.is_(None),
        Subscriber.erased_at.is_(None),
    )


def current_carrier() -> ColumnElement[str]:
    """The carrier a receipt has shown, or else the one that the prefix suggests."""
    return func.coalesce(Subscriber.carrier_actual, Subscriber.carrier_guess)

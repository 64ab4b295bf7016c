"""The rows of subscribers and of what each of them agreed to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, LargeBinary, String, and_, exists, func, not_, or_
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId
from campaigns.sealing import FINGERPRINT_BYTES
from campaigns.subscribers.topics import EVERYTHING


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

    ``topic`` is what it was about, empty for everything. ``evidence`` is the keyed fingerprint of
    what proves it, such as the text that came in: whoever has that can show that it is the one,
    and from the fingerprint alone nobody learns anything.

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
    topic: Mapped[str] = mapped_column(String(16), default=EVERYTHING, server_default=EVERYTHING)
    evidence: Mapped[str] = mapped_column(String(32), default="", server_default="")


class TopicStop(Base):
    """Somebody who wants no texts about one topic, and others as before.

    No foreign key: subscribers are never deleted.
    """

    __tablename__ = "topic_stops"

    subscriber_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    stopped_at: Mapped[datetime]


def has_stopped(topic: str = EVERYTHING) -> ColumnElement[bool]:
    """The condition that a subscriber wants no texts at all, or none about *topic*."""
    stopped_all = Subscriber.opted_out_at.is_not(None)
    if topic == EVERYTHING:
        return stopped_all
    return or_(
        stopped_all,
        exists().where(TopicStop.subscriber_id == Subscriber.id, TopicStop.topic == topic),
    )


def can_be_texted() -> ColumnElement[bool]:
    """The condition that there is a number that is still somebody's, whatever they want."""
    return and_(
        Subscriber.sealed.is_not(None),
        Subscriber.left_at.is_(None),
        Subscriber.erased_at.is_(None),
    )


def may_be_texted(topic: str = EVERYTHING) -> ColumnElement[bool]:
    """The condition that a subscriber row may receive a text about *topic* now."""
    return and_(can_be_texted(), not_(has_stopped(topic)))


def current_carrier() -> ColumnElement[str]:
    """The carrier a receipt has shown, or else the one that the prefix suggests."""
    return func.coalesce(Subscriber.carrier_actual, Subscriber.carrier_guess)

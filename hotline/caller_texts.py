"""Caller texts: what is sent by SMS to somebody who asked for it, on the phone or by a text."""

from datetime import datetime, time

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.deliveries import DeliveryState
from campaigns.gateway import Outcome
from campaigns.local_time import ZONE, local_day
from campaigns.texts.segments import measure
from hotline.call_records import Call

MOST_A_DAY = 5


class CallerText(Base):
    """One text owed to one caller; it goes the way of deliveries: claim, speak, settle.

    One that answers a text, or confirms what was wished, belongs to no call; ``sender`` is the
    number that was written to, empty for the usual sender.

    A number of a row is never given twice: carriers report by it for days.
    """

    __tablename__ = "caller_texts"
    __table_args__ = (
        Index(None, "state", "ordered_at"),
        Index(None, "fingerprint", "ordered_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    call_id: Mapped[int | None] = mapped_column(ForeignKey(Call.id))
    subject: Mapped[str] = mapped_column(String(48))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str] = mapped_column(Text)
    segments: Mapped[int]
    ordered_at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PLANNED)
    reason: Mapped[str] = mapped_column(String(32), default="")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    sid: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.SILENT)
    sender: Mapped[str] = mapped_column(String(20), default="", server_default="")


def order_text(
    session: Session,
    call_id: int,
    body: str,
    *,
    subject: str,
    fingerprint: bytes,
    sealed: bytes,
    now: datetime,
) -> bool:
    """Owe *body* to the caller; return False when the day's five texts of calls are used up.

    The same subject asked for twice in one call is one text.
    """
    known = session.scalar(
        select(CallerText.id).where(CallerText.call_id == call_id, CallerText.subject == subject)
    )
    if known is not None:
        return True
    midnight = datetime.combine(local_day(now), time(), ZONE)
    today = session.scalar(
        select(func.count()).where(
            CallerText.fingerprint == fingerprint,
            CallerText.call_id.is_not(None),
            CallerText.ordered_at >= midnight,
        )
    )
    if (today or 0) >= MOST_A_DAY:
        return False
    session.add(
        CallerText(
            call_id=call_id,
            subject=subject,
            fingerprint=fingerprint,
            sealed=sealed,
            body=body,
            segments=measure(body).segments,
            ordered_at=now,
            due_at=now,
        )
    )
    session.flush()
    return True


def order_reply(
    session: Session,
    body: str,
    *,
    subject: str,
    fingerprint: bytes,
    sealed: bytes,
    sender: str,
    now: datetime,
) -> None:
    """Owe *body* to whoever wrote to us; how often that is done is for the caller to bound."""
    session.add(
        CallerText(
            call_id=None,
            subject=subject,
            fingerprint=fingerprint,
            sealed=sealed,
            body=body,
            segments=measure(body).segments,
            ordered_at=now,
            due_at=now,
            sender=sender,
        )
    )
    session.flush()

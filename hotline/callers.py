"""Callers: what somebody chose on the phone, remembered by the fingerprint of the number."""

from datetime import datetime

from sqlalchemy import BindParameter, LargeBinary, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base
from campaigns.bulk import change, insert_new
from campaigns.subscribers.models import Subscriber


class Caller(Base):
    """What a caller chose, found again by the fingerprint of the number; no number is kept."""

    __tablename__ = "callers"

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[str] = mapped_column(String(16), default="")
    seen_at: Mapped[datetime]


_asked: BindParameter[bytes] = bindparam("fingerprint")
# One statement for both tables: every call begins with it.
_PREFERENCES = select(
    select(Caller.language).where(Caller.fingerprint == _asked).scalar_subquery(),
    select(Caller.area_code).where(Caller.fingerprint == _asked).scalar_subquery(),
    select(Subscriber.area_code)
    .where(Subscriber.fingerprint == _asked, Subscriber.erased_at.is_(None))
    .scalar_subquery(),
)


def find_preferences(session: Session, fingerprint: bytes) -> tuple[str, str]:
    """Return language and commune of a caller, each empty when unknown.

    What was chosen on the phone counts before what a list says of the number.
    """
    row = session.execute(_PREFERENCES, {"fingerprint": fingerprint}).one()
    language, area_code, listed = (value or "" for value in row)
    return language, area_code or listed


def remember_language(
    session: Session, fingerprint: bytes, language: str, *, now: datetime
) -> None:
    """Remember *language* as the one this caller chose."""
    _remember(session, fingerprint, now=now, language=language)


def remember_commune(
    session: Session, fingerprint: bytes, area_code: str, *, now: datetime
) -> None:
    """Remember *area_code* as the commune this caller asked about as their own."""
    _remember(session, fingerprint, now=now, area_code=area_code)


def _remember(session: Session, fingerprint: bytes, *, now: datetime, **chosen: str) -> None:
    session.execute(
        insert_new(session, Caller).values(
            fingerprint=fingerprint, language="", area_code="", seen_at=now
        )
    )
    change(
        session,
        update(Caller).where(Caller.fingerprint == fingerprint).values(seen_at=now, **chosen),
    )

"""Callers: what somebody chose on the phone, remembered by the fingerprint of the number."""

from datetime import datetime
from typing import Any

from sqlalchemy import Executable, LargeBinary, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base


class Caller(Base):
    """What a caller chose, found again by the fingerprint of the number; no number is kept."""

    __tablename__ = "callers"

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[str] = mapped_column(String(16), default="")
    seen_at: Mapped[datetime]


def remember_language(
    session: Session, fingerprint: bytes, language: str, *, now: datetime
) -> None:
    """Remember *language* as the one this caller chose."""
    _remember(session, fingerprint, "language", language, now=now)


def remember_commune(
    session: Session, fingerprint: bytes, area_code: str, *, now: datetime
) -> None:
    """Remember *area_code* as the commune this caller asked about as their own."""
    _remember(session, fingerprint, "area_code", area_code, now=now)


def _remember(
    session: Session, fingerprint: bytes, name: str, value: str, *, now: datetime
) -> None:
    values = {"fingerprint": fingerprint, "language": "", "area_code": "", "seen_at": now}
    session.execute(_UPSERTS[session.get_bind().dialect.name, name], values | {name: value})


def _upsert(insert: Any, name: str) -> Executable:
    """Return the statement that keeps *name* of a caller and leaves the rest as it is."""
    statement = insert(Caller.__table__)
    kept = {"seen_at": statement.excluded.seen_at, name: statement.excluded[name]}
    upsert: Executable = statement.on_conflict_do_update(index_elements=["fingerprint"], set_=kept)
    return upsert


# Written once: a caller who chooses a language waits for this statement.
_UPSERTS = {
    (dialect, name): _upsert(insert, name)
    for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
    for name in ("language", "area_code")
}

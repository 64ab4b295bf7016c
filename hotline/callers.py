"""Callers: what somebody chose on the phone, remembered by the fingerprint of the number."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, LargeBinary, String, case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base
from campaigns.bulk import change


class Caller(Base):
    """What a caller chose, found again by the fingerprint of the number; no number is kept."""

    __tablename__ = "callers"

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[str] = mapped_column(String(16), default="")
    seen_at: Mapped[datetime]


def remember_callers(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember the *rows* of this table; an empty language or commune leaves what is known."""
    if rows:
        ordered = sorted(rows, key=lambda row: bytes(row["fingerprint"]))
        session.execute(_REMEMBER[session.get_bind().dialect.name], ordered)


def _upsert(insert: Any) -> Executable:
    statement = insert(_callers)
    new = statement.excluded
    kept = {
        name: case((new[name] == "", _callers.c[name]), else_=new[name])
        for name in ("language", "area_code")
    }
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=["fingerprint"], set_={"seen_at": new.seen_at, **kept}
    )
    return upsert


_callers = Caller.__table__
_REMEMBER = {"postgresql": _upsert(postgresql.insert), "sqlite": _upsert(sqlite.insert)}


def recode_callers(session: Session, codes: Mapping[str, str]) -> None:
    """Let callers' communes follow *codes*, old to new."""
    for old, new in codes.items():
        change(session, update(Caller).where(Caller.area_code == old).values(area_code=new))

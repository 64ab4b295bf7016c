"""The rows of calls: who rang, and each turn of the conversation."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId


class CallState(StrEnum):
    """``GOING`` until we hang up (``CLOSED``) or the caller does before that (``DROPPED``)."""

    GOING = "going"
    CLOSED = "closed"
    DROPPED = "dropped"


class Call(Base):
    """One call. ``sealed`` is the number for calling back, emptied when its retention ends."""

    __tablename__ = "calls"
    __table_args__ = (Index(None, "fingerprint", "started_at"), Index(None, "started_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    started_at: Mapped[datetime]
    state: Mapped[CallState] = mapped_column(default=CallState.GOING)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class CallTransfer(Base):
    """One desk that was rung for a call: whether somebody took it, and for how many seconds."""

    __tablename__ = "call_transfers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), index=True)
    desk: Mapped[str] = mapped_column(String(40))
    was_answered: Mapped[bool]
    seconds: Mapped[int]
    ended_at: Mapped[datetime]


class Turn(Base):
    """One turn: what was heard, where it led, and the reply, word for word.

    The key is what makes a repeated request harmless: a turn is taken once, and whoever asks for
    it again is given ``reply``. ``visit`` is everything the next turn needs. Keys and words are
    not kept, only their kind.
    """

    __tablename__ = "call_turns"

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    heard: Mapped[str] = mapped_column(String(16))
    node: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(40))
    answer: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[str] = mapped_column(String(16))
    visit: Mapped[str] = mapped_column(Text)
    reply: Mapped[str] = mapped_column(Text)

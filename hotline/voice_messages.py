"""Voice messages: what callers said after the tone, brought home from the carrier and sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.bulk import change, insert_new
from hotline.declarations.records import Declaration

# After this the carrier has lost it, and asking on would never end. What is already here is
# deleted there however long that takes.
LOOK_FOR = timedelta(days=14)
# The turn that a message belongs to and the carrier's note that it can be fetched come in any
# order; of a message that nobody holds after this, the turn never came.
UNCLAIMED_AFTER = timedelta(minutes=15)


class VoiceMessage(Base):
    """One message, called ``sid`` by the carrier, which keeps a copy while ``is_at_carrier``.

    ``file`` is the name of the sealed copy here. It is held by a ticket or by a declaration; one
    that is held by neither is deleted, unless the turn that it belongs to never came: then nobody
    ``was_told`` of it.
    """

    __tablename__ = "voice_messages"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    heard_at: Mapped[datetime] = mapped_column(index=True)
    call_sid: Mapped[str] = mapped_column(String(64), default="")
    seconds: Mapped[int] = mapped_column(default=0)
    file: Mapped[str] = mapped_column(String(64), default="")
    is_at_carrier: Mapped[bool] = mapped_column(default=True)
    was_told: Mapped[bool] = mapped_column(default=False)
    ticket_id: Mapped[int | None] = mapped_column(
        ForeignKey("tickets.id", ondelete="SET NULL"), index=True, default=None
    )
    declaration_id: Mapped[int | None] = mapped_column(
        ForeignKey(Declaration.id, ondelete="SET NULL"), index=True, default=None
    )


@dataclass(frozen=True, slots=True)
class FoundVoice:
    """A message with something left to do: to be brought home, taken over, or deleted."""

    id: int
    sid: str
    call_sid: str
    seconds: int
    file: str
    is_at_carrier: bool
    was_told: bool
    heard_at: datetime


_FOUND = select(
    VoiceMessage.id,
    VoiceMessage.sid,
    VoiceMessage.call_sid,
    VoiceMessage.seconds,
    VoiceMessage.file,
    VoiceMessage.is_at_carrier,
    VoiceMessage.was_told,
    VoiceMessage.heard_at,
)
_IS_HELD: ColumnElement[bool] = or_(
    VoiceMessage.ticket_id.is_not(None), VoiceMessage.declaration_id.is_not(None)
)


def note_voice(session: Session, sid: str, *, call_sid: str, seconds: int, now: datetime) -> None:
    """Keep that the carrier has a message, and how long it is by its own count.

    It may come before the turn that the message belongs to, and also when that never comes.
    """
    _add(session, sid, now=now)
    named = update(VoiceMessage).where(VoiceMessage.sid == sid)
    change(session, named.values(call_sid=call_sid, seconds=seconds))


def tell_of_voice(session: Session, sid: str, *, seconds: int, now: datetime) -> None:
    """Keep that a turn has been told of a message, whatever that turn makes of it."""
    _add(session, sid, now=now)
    told = update(VoiceMessage).where(VoiceMessage.sid == sid)
    change(session, told.values(was_told=True, seconds=seconds))


def hold_voice(
    session: Session,
    sid: str,
    *,
    seconds: int,
    ticket_id: int | None = None,
    declaration_id: int | None = None,
    now: datetime,
) -> None:
    """Let a ticket or a declaration have a message that nobody has yet."""
    tell_of_voice(session, sid, seconds=seconds, now=now)
    change(
        session,
        update(VoiceMessage)
        .where(VoiceMessage.sid == sid, ~_IS_HELD)
        .values(ticket_id=ticket_id, declaration_id=declaration_id),
    )


def _add(session: Session, sid: str, *, now: datetime) -> None:
    new = {"sid": sid, "heard_at": now, "call_sid": "", "seconds": 0, "file": ""}
    fresh = {"is_at_carrier": True, "was_told": False}
    session.execute(insert_new(session, VoiceMessage).values(**new, **fresh))


def awaited_voices(session: Session, *, after: int, limit: int, now: datetime) -> list[FoundVoice]:
    """Return held messages that are not here yet, or not yet deleted at the carrier.

    Only those numbered above *after*: messages that cannot be had must not keep the others
    waiting.
    """
    rows = session.execute(
        _FOUND.where(
            VoiceMessage.id > after,
            _IS_HELD,
            VoiceMessage.is_at_carrier,
            or_(VoiceMessage.file != "", VoiceMessage.heard_at > now - LOOK_FOR),
        )
        .order_by(VoiceMessage.id)
        .limit(limit)
    )
    return [FoundVoice(*row) for row in rows]


def unclaimed_voices(
    session: Session, *, after: int, limit: int, now: datetime
) -> list[FoundVoice]:
    """Return messages, numbered above *after*, that nobody holds and nobody will claim now."""
    rows = session.execute(
        _FOUND.where(
            VoiceMessage.id > after,
            ~_IS_HELD,
            VoiceMessage.heard_at < now - UNCLAIMED_AFTER,
        )
        .order_by(VoiceMessage.id)
        .limit(limit)
    )
    return [FoundVoice(*row) for row in rows]


def is_held(session: Session, voice_id: int) -> bool:
    """Whether a ticket or a declaration has the message."""
    found = session.scalar(select(VoiceMessage.id).where(VoiceMessage.id == voice_id, _IS_HELD))
    return found is not None


def keep_voice(session: Session, voice_id: int, name: str) -> bool:
    """Note that the message lies here, sealed, in the file *name*; False if nobody knows it now."""
    here = update(VoiceMessage).where(VoiceMessage.id == voice_id)
    return change(session, here.values(file=name)) == 1


def forget_carrier_copy(session: Session, voice_id: int) -> None:
    """Note that the carrier has no copy any more."""
    gone = update(VoiceMessage).where(VoiceMessage.id == voice_id)
    change(session, gone.values(is_at_carrier=False))


def forget_voice(session: Session, voice_id: int) -> None:
    """Forget a message of which there is no copy anywhere."""
    session.execute(
        delete(VoiceMessage).where(VoiceMessage.id == voice_id),
        execution_options={"synchronize_session": False},
    )

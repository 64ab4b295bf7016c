"""Voice messages: what callers said after the tone, brought home from the carrier and sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import String, delete, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base
from campaigns.bulk import insert_new
from hotline.tickets import Ticket, TicketState, note_voice

# After this the carrier has lost it, and asking on would never end. What is already here is
# deleted there however long that takes.
LOOK_FOR = timedelta(days=14)


# The turn that opens a ticket and the carrier's note that its message can be fetched come in any
# order; what no ticket holds after this belongs to none.
UNCLAIMED_AFTER = timedelta(minutes=15)


class HeardRecording(Base):
    """A recording that the carrier has told us of, until it is a ticket's or deleted there."""

    __tablename__ = "heard_recordings"

    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    heard_at: Mapped[datetime] = mapped_column(index=True)


class VoiceGateway(Protocol):
    """Where a carrier keeps voice messages."""

    def fetch_voice(self, sid: str) -> bytes | None:
        """Return the sound called *sid*; None when it cannot be had now."""
        ...

    def delete_voice(self, sid: str) -> bool:
        """Delete the carrier's copy; return whether it is surely gone."""
        ...


@dataclass(frozen=True, slots=True)
class AwaitedVoice:
    """A voice message still at the carrier; ``is_here`` when only its deletion is left to do."""

    ticket_id: int
    sid: str
    is_here: bool


def awaited_voices(
    session: Session, *, after: int, limit: int, now: datetime
) -> list[AwaitedVoice]:
    """Return voice messages that are not here yet, or not yet deleted at the carrier.

    Only those of tickets numbered above *after*: messages that cannot be had must not keep the
    others waiting.
    """
    rows = session.execute(
        select(Ticket.id, Ticket.voice_sid, Ticket.voice)
        .where(
            Ticket.id > after,
            Ticket.voice_sid != "",
            or_(Ticket.voice != "", Ticket.opened_at > now - LOOK_FOR),
        )
        .order_by(Ticket.id)
        .limit(limit)
    )
    return [AwaitedVoice(ticket_id, sid, bool(voice)) for ticket_id, sid, voice in rows]


def keep_voice(session: Session, ticket_id: int, name: str) -> None:
    """Note that the ticket's voice message lies here, sealed, in the file *name*."""
    session.get_one(Ticket, ticket_id).voice = name
    session.flush()


def forget_carrier_copy(session: Session, ticket_id: int) -> None:
    """Note that the carrier has no copy any more."""
    session.get_one(Ticket, ticket_id).voice_sid = ""
    session.flush()


def expired_voices(session: Session, *, closed_before: datetime, limit: int) -> list[Ticket]:
    """Return tickets closed before a moment whose voice message is still kept."""
    return list(
        session.scalars(
            select(Ticket)
            .where(
                Ticket.state == TicketState.CLOSED,
                Ticket.changed_at < closed_before,
                Ticket.voice != "",
            )
            .order_by(Ticket.id)
            .limit(limit)
        )
    )


def note_recording(session: Session, sid: str, *, seconds: int, now: datetime) -> None:
    """Keep that the carrier has a recording, and how long it is by its own count.

    It may come before the turn that opens the ticket, and also when no ticket ever will be.
    """
    session.execute(insert_new(session, HeardRecording).values(sid=sid, heard_at=now))
    note_voice(session, sid, seconds=seconds)


def old_recordings(session: Session, *, limit: int, now: datetime) -> list[tuple[str, bool]]:
    """Return recordings heard of a while ago, each with whether a ticket holds it."""
    held = exists().where(Ticket.voice_sid == HeardRecording.sid)
    rows = session.execute(
        select(HeardRecording.sid, held)
        .where(HeardRecording.heard_at < now - UNCLAIMED_AFTER)
        .order_by(HeardRecording.heard_at)
        .limit(limit)
    )
    return [(sid, is_held) for sid, is_held in rows]


def forget_recording(session: Session, sid: str) -> None:
    """Forget a recording that is a ticket's own matter, or gone from the carrier."""
    session.execute(
        delete(HeardRecording).where(HeardRecording.sid == sid),
        execution_options={"synchronize_session": False},
    )

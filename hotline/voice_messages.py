"""Voice messages: what callers said after the tone, brought home from the carrier and sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.tickets import Ticket, TicketState

# After this the carrier has lost it, and asking on would never end. What is already here is
# deleted there however long that takes.
LOOK_FOR = timedelta(days=14)


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

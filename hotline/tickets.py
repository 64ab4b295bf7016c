"""Tickets: what people leave to be worked, callbacks, rumours, feedback, texts; by urgency."""

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.base import Base, BigId
from campaigns.sealing import Sealer
from hotline.call_records import Call
from hotline.errors import TicketRefusedError, UnknownTicketError
from hotline.inbound_texts import InboundText
from hotline.references import free_reference
from hotline.voice_messages import VoiceMessage, hold_voice

_LONGEST_ANSWER = 2000
# Viet Nam's mobile numbers have nine digits after the country code or the zero.
_TELLING_DIGITS = 9


class TicketKind(StrEnum):
    """Why somebody has to look at it."""

    CALLBACK = "callback"
    RUMOUR = "rumour"
    FEEDBACK = "feedback"
    TEXT = "text"


class TicketState(StrEnum):
    """``OPEN``, ``ASSIGNED`` to somebody, ``ANSWERED``, and ``CLOSED`` for good."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"


class Urgency(IntEnum):
    """The order in which tickets are worked: danger first."""

    DANGER = 0
    SOON = 1
    ORDINARY = 2


class Ticket(Base):
    """One matter; ``reference`` is what the caller is told, ``sealed`` the number to call back.

    It comes from a call, or from texts that no keyword answers: the inbox.
    """

    __tablename__ = "tickets"
    __table_args__ = (Index(None, "state", "urgency", "opened_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    kind: Mapped[TicketKind]
    urgency: Mapped[int]
    topic: Mapped[str] = mapped_column(String(40))
    area_code: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[TicketState] = mapped_column(default=TicketState.OPEN)
    assignee: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    voice: Mapped[VoiceMessage | None] = relationship(lazy="selectin", init=False)
    texts: Mapped[list[InboundText]] = relationship(
        lazy="selectin", init=False, order_by=InboundText.id
    )

    def assign(self, login: str, *, instead_of: str = "", now: datetime) -> None:
        """Give the ticket to *login*; whoever has it already must be named to be relieved of it.

        Raises TicketRefusedError for somebody else's ticket and for a closed one.
        """
        if self.assignee not in {"", login, instead_of}:
            raise TicketRefusedError(
                f"{self.assignee} works on ticket {self.reference} already. Nothing was changed. "
                f"To hand it over, say so: --instead-of {self.assignee}."
            )
        self._move(TicketState.ASSIGNED, now=now)
        self.assignee = login

    def note_answer(self, answer: str, *, sealer: Sealer, now: datetime) -> None:
        """Keep what the caller was told; raise TicketRefusedError if that holds their number."""
        answer = answer.strip()
        if not 1 <= len(answer) <= _LONGEST_ANSWER:
            raise TicketRefusedError(
                f"An answer has 1 to {_LONGEST_ANSWER} characters; this one has {len(answer)}. "
                "Nothing was changed."
            )
        digits = "".join(filter(str.isdigit, answer))
        if self.sealed and sealer.unseal(self.sealed)[-_TELLING_DIGITS:] in digits:
            raise TicketRefusedError(
                "The answer holds the caller's number, which is kept sealed and nowhere else. "
                "Nothing was changed; leave the number out."
            )
        self._move(TicketState.ANSWERED, now=now)
        self.answer = answer

    def close(self, *, now: datetime) -> None:
        """Close the ticket for good."""
        self._move(TicketState.CLOSED, now=now)

    def hear_more(self, *, now: datetime) -> None:
        """Put the ticket back to whoever has it, or to anybody: its caller has written again."""
        self._move(TicketState.ASSIGNED if self.assignee else TicketState.OPEN, now=now)

    def _move(self, state: TicketState, *, now: datetime) -> None:
        if self.state is TicketState.CLOSED:
            raise TicketRefusedError(
                f"Ticket {self.reference} is closed. Nothing was changed; the caller can ring "
                "again."
            )
        self.state, self.changed_at = state, now


def open_ticket(
    session: Session,
    call_id: int,
    kind: TicketKind,
    *,
    urgency: Urgency,
    topic: str,
    area_code: str,
    language: str,
    voice_sid: str = "",
    voice_s: int = 0,
    now: datetime,
) -> Ticket:
    """Open a ticket for a call, mostly for its voice message, and give it six digits to name it.

    The same voice message opens one ticket, however often it is reported, and so does a call in
    which nobody said anything.
    """
    query = select(Ticket).outerjoin(VoiceMessage, VoiceMessage.ticket_id == Ticket.id)
    is_it = VoiceMessage.sid == voice_sid if voice_sid else VoiceMessage.id.is_(None)
    known = session.scalar(query.where(Ticket.call_id == call_id, is_it))
    if known is not None:
        return known
    call = session.get_one(Call, call_id)
    ticket = Ticket(
        reference=free_reference(session, Ticket.reference),
        kind=kind,
        urgency=urgency,
        topic=topic,
        area_code=area_code,
        language=language,
        call_id=call_id,
        sealed=call.sealed,
        opened_at=now,
        changed_at=now,
    )
    session.add(ticket)
    session.flush()
    if voice_sid:
        hold_voice(session, voice_sid, seconds=voice_s, ticket_id=ticket.id, now=now)
    session.refresh(ticket)
    return ticket


def list_tickets(
    session: Session,
    *,
    kinds: frozenset[TicketKind] | None = None,
    with_closed: bool = False,
    after: int | None = None,
    limit: int = 100,
) -> list[Ticket]:
    """Return tickets, the most urgent first, then the oldest; closed ones only when asked for.

    They are those that follow ticket number *after*, which may be closed meanwhile.
    """
    statement = select(Ticket)
    if after is not None:
        last = select(Ticket.urgency, Ticket.opened_at, Ticket.id).where(Ticket.id == after)
        statement = statement.where(
            tuple_(Ticket.urgency, Ticket.opened_at, Ticket.id) > last.scalar_subquery()
        )
    if not with_closed:
        statement = statement.where(Ticket.state != TicketState.CLOSED)
    if kinds is not None:
        statement = statement.where(Ticket.kind.in_(sorted(kinds)))
    return list(
        session.scalars(
            statement.order_by(Ticket.urgency, Ticket.opened_at, Ticket.id).limit(limit)
        )
    )


def get_ticket(session: Session, reference: str, *, to_change: bool = False) -> Ticket:
    """Return the ticket with *reference*, or raise UnknownTicketError.

    Fetched *to_change* it, nobody else changes it before the transaction ends.
    """
    statement = select(Ticket).where(Ticket.reference == reference)
    ticket = session.scalar(statement.with_for_update() if to_change else statement)
    if ticket is None:
        raise UnknownTicketError(
            f"No ticket has the reference {reference}. See `loa hotline tickets`."
        )
    return ticket


def last_ticket(session: Session, call_id: int, kind: TicketKind) -> Ticket | None:
    """Return the newest ticket of one kind that a call has left, for this transaction alone."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.call_id == call_id, Ticket.kind == kind)
        .order_by(Ticket.id.desc())
        .limit(1)
        .with_for_update()
    )

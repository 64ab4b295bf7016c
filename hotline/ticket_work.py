"""Working on tickets: taking, answering and closing them, calling back; each deed on record.

Command line and interface both come through here, so neither can forget the rule or the record.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission, permissions_of, require
from campaigns.audit import record
from campaigns.errors import SealBrokenError
from campaigns.people import Person
from campaigns.phones import hide_numbers
from campaigns.sealing import Sealer, mask
from hotline.tickets import Ticket, Urgency, get_ticket

UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """Whom to call back, in E.164, None where that was withheld; and what they wrote, in full."""

    number: str | None
    said: list[str]


def assign_ticket(
    session: Session, reference: str, person: Person, *, instead_of: str = "", now: datetime
) -> Ticket:
    """Give a ticket to *person*; whoever has it already must be named to be relieved of it.

    Raises UnknownTicketError, TicketRefusedError as `Ticket.assign` does, and NotPermittedError
    for somebody who does not work on tickets.
    """
    require(Permission.TICKETS_WORK, permissions_of(person.role_set))
    ticket = get_ticket(session, reference, to_change=True)
    ticket.assign(person.login, instead_of=instead_of, now=now)
    _record(session, "assigned", ticket, now=now, person=person.login)
    return ticket


def answer_ticket(
    session: Session, reference: str, text: str, *, sealer: Sealer, now: datetime
) -> Ticket:
    """Keep what the caller was told; see `Ticket.note_answer`."""
    ticket = get_ticket(session, reference, to_change=True)
    ticket.note_answer(text, sealer=sealer, now=now)
    _record(session, "answered", ticket, now=now)
    return ticket


def close_ticket(session: Session, reference: str, *, now: datetime) -> Ticket:
    """Close a ticket for good."""
    ticket = get_ticket(session, reference, to_change=True)
    ticket.close(now=now)
    _record(session, "closed", ticket, now=now)
    return ticket


def reveal_number(
    session: Session, reference: str, person: Person, *, sealer: Sealer, now: datetime
) -> Revealed:
    """Return whom to call back, and what they wrote with every number in it.

    Raises NotPermittedError for who may not see numbers.
    """
    require(Permission.TICKETS_REVEAL, permissions_of(person.role_set))
    ticket = get_ticket(session, reference)
    _record(session, "number_shown", ticket, now=now, person=person.login)
    number = sealer.unseal(ticket.sealed) if ticket.sealed else None
    return Revealed(number, _said(ticket, sealer))


def open_voice(session: Session, reference: str, person: Person, *, now: datetime) -> Ticket:
    """Return the ticket whose voice message *person* is about to hear.

    Raises NotPermittedError for who may not hear callers.
    """
    require(Permission.TICKETS_REVEAL, permissions_of(person.role_set))
    ticket = get_ticket(session, reference)
    _record(session, "voice_heard", ticket, now=now, person=person.login)
    return ticket


def describe_ticket(ticket: Ticket, *, sealer: Sealer) -> dict[str, object]:
    """Return a ticket for listing; ``number`` is masked, and None where the caller withheld it.

    ``said`` is what somebody has texted, with every telephone number in it masked, too.
    """
    return {
        "reference": ticket.reference,
        "kind": ticket.kind.value,
        "urgency": Urgency(ticket.urgency).name.lower(),
        "topic": ticket.topic,
        "area": ticket.area_code,
        "language": ticket.language,
        "state": ticket.state.value,
        "assignee": ticket.assignee,
        "answer": ticket.answer,
        "voice_seconds": ticket.voice.seconds if ticket.voice else 0,
        "said": [hide_numbers(words) for words in _said(ticket, sealer)],
        "number": _masked(ticket, sealer),
        "opened_at": ticket.opened_at,
        "changed_at": ticket.changed_at,
    }


def _masked(ticket: Ticket, sealer: Sealer) -> str | None:
    """Return enough to recognise a number by; one damaged row must not hide all the others."""
    try:
        return mask(sealer.unseal(ticket.sealed)) if ticket.sealed else None
    except SealBrokenError:
        return UNREADABLE


def _said(ticket: Ticket, sealer: Sealer) -> list[str]:
    """Return the texts of a ticket, in order; those that were emptied are left out."""
    return [_opened(text.words, sealer) for text in ticket.texts if text.words]


def _opened(words: bytes, sealer: Sealer) -> str:
    try:
        return sealer.unseal_bytes(words).decode()
    except SealBrokenError:
        return UNREADABLE


def _record(
    session: Session, deed: str, ticket: Ticket, *, now: datetime, **detail: object
) -> None:
    record(session, f"ticket.{deed}", f"ticket:{ticket.reference}", now=now, **detail)

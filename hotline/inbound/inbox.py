"""The inbox: texts that no keyword answers become tickets, worked as all others are."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.bulk import change
from hotline.inbound.understanding import sounds_dangerous
from hotline.inbound.wishes import Wish
from hotline.inbound_texts import InboundText
from hotline.references import free_reference
from hotline.tickets import Ticket, TicketKind, TicketState, Urgency

TOPIC = "text"


def keep_for_people(wish: Wish) -> bool:
    """Open a ticket for the text, and say so once; return whether a reply is owed.

    Whoever writes again before it is closed adds to the same ticket, and hears nothing more.
    """
    is_danger = sounds_dangerous(wish.words)
    ticket = _open_ticket_of(wish.session, wish.to.fingerprint)
    is_first = ticket is None
    if ticket is None:
        ticket = Ticket(
            reference=free_reference(wish.session, Ticket.reference),
            kind=TicketKind.TEXT,
            urgency=Urgency.ORDINARY,
            topic=wish.understood.topic or TOPIC,
            area_code=wish.to.area_code,
            language=wish.language,
            call_id=None,
            sealed=wish.to.sealed,
            opened_at=wish.now,
            changed_at=wish.now,
        )
        wish.session.add(ticket)
    else:
        ticket.hear_more(now=wish.now)
    if is_danger:
        ticket.urgency = Urgency.DANGER
    wish.session.flush()
    change(
        wish.session,
        update(InboundText).where(InboundText.id == wish.row_id).values(ticket_id=ticket.id),
    )
    if not is_first:
        return False
    body = wish.write("kept", reference=ticket.reference, hotline=wish.desk.hotline)
    return wish.reply(body, subject=f"ticket.{ticket.reference}")


def _open_ticket_of(session: Session, fingerprint: bytes) -> Ticket | None:
    """Return the ticket of earlier texts from the same number that nobody has closed."""
    return session.scalar(
        select(Ticket)
        .join(InboundText, InboundText.ticket_id == Ticket.id)
        .where(InboundText.fingerprint == fingerprint, Ticket.state != TicketState.CLOSED)
        .order_by(Ticket.id.desc())
        .limit(1)
        .with_for_update(of=Ticket)
    )

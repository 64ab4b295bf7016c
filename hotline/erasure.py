"""Erasure: whoever asks to be forgotten is forgotten by the hotline too."""

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

import campaigns.plans.models  # noqa: F401 - a caller text shares rows that point to its table
from campaigns.bulk import change
from hotline.call_records import Call
from hotline.caller_texts import CallerText
from hotline.callers import Caller
from hotline.declarations.records import Declaration
from hotline.inbound_texts import InboundText
from hotline.tickets import Ticket
from hotline.voice_messages import VoiceMessage

# Nobody's number has this fingerprint; the day's texts are counted by it.
_NOBODY = bytes(16)


def forget_caller(session: Session, fingerprint: bytes) -> bool:
    """Take away everything that leads from the hotline's rows to the owner of a number.

    What was said and done stays, as counts without anybody in them (Law 91/2025/QH15: erasure
    within 20 days). Returns whether the hotline knew them.
    """
    calls = select(Call.id).where(Call.fingerprint == fingerprint)
    known = session.scalar(calls.limit(1)) is not None
    known |= session.get(Caller, fingerprint) is not None
    written = InboundText.fingerprint == fingerprint
    known |= session.scalar(select(InboundText.id).where(written).limit(1)) is not None
    texted = select(InboundText.ticket_id).where(written, InboundText.ticket_id.is_not(None))
    tickets = select(Ticket.id).where(or_(Ticket.call_id.in_(calls), Ticket.id.in_(texted)))
    # Held by nobody, what they said is deleted with the next upkeep, here and at the carrier.
    theirs = select(Call.sid).where(Call.fingerprint == fingerprint)
    change(
        session,
        update(VoiceMessage)
        .where(or_(VoiceMessage.ticket_id.in_(tickets), VoiceMessage.call_sid.in_(theirs)))
        .values(ticket_id=None, call_sid="", was_told=True),
    )
    change(session, update(Ticket).where(Ticket.id.in_(tickets)).values(sealed=None))
    change(
        session,
        update(InboundText).where(written).values(words=None, asked="", fingerprint=None),
    )
    session.execute(
        delete(Declaration).where(Declaration.call_id.in_(calls)),
        execution_options={"synchronize_session": False},
    )
    change(
        session,
        update(CallerText)
        .where(CallerText.fingerprint == fingerprint)
        .values(sealed=None, body="", fingerprint=_NOBODY),
    )
    change(
        session,
        update(Call).where(Call.fingerprint == fingerprint).values(sealed=None, fingerprint=None),
    )
    session.execute(
        delete(Caller).where(Caller.fingerprint == fingerprint),
        execution_options={"synchronize_session": False},
    )
    return known

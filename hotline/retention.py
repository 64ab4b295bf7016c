"""Retention: what the hotline knows of callers is emptied once it has served its purpose.

Telephone numbers and the use of a service are personal data, the latter sensitive (Law
91/2025/QH15): kept no longer than the matter needs, and the counts survive.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from campaigns.bulk import change
from hotline.call_records import Call, CallState, Turn
from hotline.caller_texts import CallerText
from hotline.callers import Caller
from hotline.declarations.records import Declaration
from hotline.inbound_texts import InboundText
from hotline.tickets import Ticket, TicketState
from hotline.voice_messages import VoiceMessage

# A call that broke off can be resumed for ten minutes; a carrier repeats a request for hours.
WORDS_KEPT = timedelta(days=1)
NUMBERS_KEPT = timedelta(days=30)
# That one and the same person called, and in which language; a broadcast is answered within days.
TRACES_KEPT = timedelta(days=180)
# No status callback came: the carrier forgot, or we were away. No call lasts so long.
LONGEST_CALL = timedelta(hours=3)


def empty_expired(session: Session, *, now: datetime) -> int:
    """Empty what is older than it may be; return how many rows were emptied."""
    older = select(Call.id).where(Call.started_at < now - WORDS_KEPT)
    emptied = change(
        session,
        update(Turn)
        .where(Turn.call_id.in_(older), Turn.at < now - WORDS_KEPT, Turn.reply != "")
        .values(visit="", reply=""),
    )
    # A text's ticket has no call; NOT IN finds nothing at all where one of many is NULL.
    worked = select(Ticket.call_id).where(
        Ticket.state != TicketState.CLOSED, Ticket.call_id.is_not(None)
    )
    emptied += change(
        session,
        update(Call)
        .where(
            Call.started_at < now - NUMBERS_KEPT,
            Call.sealed.is_not(None),
            Call.id.not_in(worked),
        )
        .values(sealed=None),
    )
    emptied += change(
        session,
        update(Ticket)
        .where(
            Ticket.state == TicketState.CLOSED,
            Ticket.changed_at < now - NUMBERS_KEPT,
            Ticket.sealed.is_not(None),
        )
        .values(sealed=None),
    )
    over = select(Ticket.id).where(
        Ticket.state == TicketState.CLOSED, Ticket.changed_at < now - NUMBERS_KEPT
    )
    emptied += change(
        session,
        update(VoiceMessage).where(VoiceMessage.ticket_id.in_(over)).values(ticket_id=None),
    )
    return emptied + _empty_texts(session, now=now) + _forget_traces(session, now=now)


def _empty_texts(session: Session, *, now: datetime) -> int:
    """Empty what was texted, by us and to us, but for what somebody works on or has just closed."""
    emptied = change(
        session,
        update(CallerText)
        .where(CallerText.ordered_at < now - NUMBERS_KEPT, CallerText.sealed.is_not(None))
        .values(sealed=None, body=""),
    )
    needed = select(Ticket.id).where(
        or_(Ticket.state != TicketState.CLOSED, Ticket.changed_at >= now - NUMBERS_KEPT)
    )
    is_needed = InboundText.ticket_id.in_(needed)
    return emptied + change(
        session,
        update(InboundText)
        .where(
            InboundText.received_at < now - NUMBERS_KEPT,
            InboundText.words.is_not(None),
            or_(InboundText.ticket_id.is_(None), ~is_needed),
        )
        .values(words=None, asked=""),
    )


def _forget_traces(session: Session, *, now: datetime) -> int:
    session.execute(
        delete(Caller).where(Caller.seen_at < now - TRACES_KEPT),
        execution_options={"synchronize_session": False},
    )
    forgotten = change(
        session,
        update(InboundText)
        .where(
            InboundText.received_at < now - TRACES_KEPT,
            InboundText.fingerprint.is_not(None),
            InboundText.words.is_(None),
        )
        .values(fingerprint=None),
    )
    return forgotten + change(
        session,
        update(Call)
        .where(
            Call.started_at < now - TRACES_KEPT,
            Call.fingerprint.is_not(None),
            # Whoever asks to be forgotten must be found as long as there is something of theirs.
            Call.id.not_in(
                select(Ticket.call_id).where(
                    Ticket.sealed.is_not(None), Ticket.call_id.is_not(None)
                )
            ),
            Call.id.not_in(select(Declaration.call_id)),
        )
        .values(fingerprint=None),
    )


def close_forgotten_calls(session: Session, *, now: datetime) -> int:
    """Call dropped what began hours ago and of whose end nobody told us; return how many."""
    return change(
        session,
        update(Call)
        .where(Call.state == CallState.GOING, Call.started_at < now - LONGEST_CALL)
        .values(state=CallState.DROPPED, ended_at=now),
    )

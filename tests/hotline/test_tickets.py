"""Tickets: one matter each, worked by one person at a time, the most urgent first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.call_records import Call
from hotline.errors import TicketRefusedError, UnknownTicketError
from hotline.tickets import (
    Ticket,
    TicketKind,
    TicketState,
    Urgency,
    get_ticket,
    list_tickets,
    open_ticket,
)
from hotline.voice_messages import note_voice
from tests.builders import NOON, a_phone

NUMBER = "+84963201777"
_sid = count(1)


def a_call(session: Session, sealer: Sealer, *, number: str | None = None) -> int:
    number = number or a_phone()
    call = Call(
        sid=f"CA-ticket-{next(_sid)}",
        fingerprint=sealer.fingerprint(number),
        sealed=sealer.seal(number),
        started_at=NOON,
    )
    session.add(call)
    session.flush()
    return call.id


def a_ticket(
    session: Session,
    sealer: Sealer,
    *,
    kind: TicketKind = TicketKind.CALLBACK,
    urgency: Urgency = Urgency.SOON,
    minutes: int = 0,
    voice_sid: str = "RE1",
) -> Ticket:
    return open_ticket(
        session,
        a_call(session, sealer, number=NUMBER),
        kind,
        urgency=urgency,
        topic="vaccination",
        area_code="06196",
        language="vi",
        voice_sid=voice_sid,
        voice_s=9,
        now=NOON + timedelta(minutes=minutes),
    )


def test_danger_comes_first_and_then_whoever_waits_longest(
    session: Session, sealer: Sealer
) -> None:
    late = a_ticket(session, sealer, urgency=Urgency.DANGER, minutes=9)
    feedback = a_ticket(session, sealer, kind=TicketKind.FEEDBACK, urgency=Urgency.ORDINARY)
    second = a_ticket(session, sealer, minutes=2)
    first = a_ticket(session, sealer, minutes=1)
    assert list_tickets(session) == [late, first, second, feedback]
    assert list_tickets(session, limit=2) == [late, first]
    assert list_tickets(session, kinds=frozenset({TicketKind.FEEDBACK})) == [feedback]


def test_a_closed_ticket_is_listed_only_when_asked_for_and_never_opened_again(
    session: Session, sealer: Sealer
) -> None:
    ticket = a_ticket(session, sealer)
    ticket.close(now=NOON)
    session.flush()
    assert list_tickets(session) == []
    assert list_tickets(session, with_closed=True) == [ticket]
    with pytest.raises(TicketRefusedError, match="closed"):
        ticket.assign("truc", now=NOON)
    with pytest.raises(TicketRefusedError, match="closed"):
        ticket.note_answer("Đã gọi", sealer=sealer, now=NOON)
    with pytest.raises(TicketRefusedError, match="closed"):
        ticket.close(now=NOON)
    assert (ticket.state, ticket.assignee, ticket.answer) == (TicketState.CLOSED, "", "")


def test_nobody_loses_a_ticket_without_being_named(session: Session, sealer: Sealer) -> None:
    """Two people who ring the same citizen back make a poor impression."""
    ticket = a_ticket(session, sealer)
    ticket.assign("truc", now=NOON)
    ticket.assign("truc", now=NOON)
    with pytest.raises(TicketRefusedError, match="truc works on"):
        ticket.assign("lan", now=NOON)
    with pytest.raises(TicketRefusedError, match="truc works on"):
        ticket.assign("lan", instead_of="hoa", now=NOON)
    assert ticket.assignee == "truc"
    ticket.assign("lan", instead_of="truc", now=NOON)
    assert ticket.assignee == "lan"


@pytest.mark.parametrize("answer", ["", "  \n", "x" * 2001])
def test_an_answer_that_says_nothing_or_too_much_is_refused(
    session: Session, sealer: Sealer, answer: str
) -> None:
    ticket = a_ticket(session, sealer)
    with pytest.raises(TicketRefusedError, match="1 to 2000"):
        ticket.note_answer(answer, sealer=sealer, now=NOON)
    assert ticket.state is TicketState.OPEN


@pytest.mark.parametrize("number", ["+84963201777", "0963201777", "0963.201.777", "096 320 1777"])
def test_the_number_of_the_caller_is_never_kept_in_the_clear(
    session: Session, sealer: Sealer, number: str
) -> None:
    """An operator who types it into the answer is told to leave it out."""
    ticket = a_ticket(session, sealer)
    with pytest.raises(TicketRefusedError, match="number") as refused:
        ticket.note_answer(f"Đã gọi lại {number}.", sealer=sealer, now=NOON)
    assert "201777" not in str(refused.value)
    ticket.note_answer("Đã hướng dẫn gọi 1900 9095.", sealer=sealer, now=NOON)
    assert ticket.state is TicketState.ANSWERED


def test_one_voice_message_is_one_ticket_with_the_length_the_carrier_counted(
    session: Session, sealer: Sealer
) -> None:
    ticket = a_ticket(session, sealer)
    again = open_ticket(
        session,
        ticket.call_id or 0,
        TicketKind.CALLBACK,
        urgency=Urgency.SOON,
        topic="",
        area_code="",
        language="vi",
        voice_sid="RE1",
        voice_s=1,
        now=NOON,
    )
    assert again is ticket
    note_voice(session, "RE1", call_sid="CA1", seconds=33, now=NOON)
    session.expire_all()
    assert ticket.voice is not None
    assert ticket.voice.seconds == 33


def test_a_reference_that_nobody_has_is_refused(session: Session) -> None:
    with pytest.raises(UnknownTicketError, match="000000"):
        get_ticket(session, "000000")


def test_of_two_people_who_take_a_ticket_at_once_one_gets_it(
    commits: sessionmaker[Session], sealer: Sealer
) -> None:
    """The other is told who has it, and nobody believes to have what another has."""
    with commits.begin() as session:
        reference = a_ticket(session, sealer).reference

    def take(login: str) -> str | None:
        try:
            with commits.begin() as session:
                get_ticket(session, reference, to_change=True).assign(login, now=NOON)
        except TicketRefusedError:
            return None
        return login

    people = [f"truc{number}" for number in range(8)]
    with ThreadPoolExecutor(len(people)) as pool:
        took = [login for login in pool.map(take, people) if login]
    with commits() as session:
        assert [get_ticket(session, reference).assignee] == took

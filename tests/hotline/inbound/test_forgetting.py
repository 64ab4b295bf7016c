"""What people write is shown masked, forgotten when they ask for it, and emptied in time."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import get_subscriber
from hotline.inbound_texts import InboundText
from hotline.retention import NUMBERS_KEPT, TRACES_KEPT, empty_expired
from hotline.ticket_work import describe_ticket, reveal_number
from hotline.tickets import Ticket
from service.erasing import erase_everywhere
from tests.builders import NOON, a_person, a_subscriber
from tests.hotline.inbound.builders import Writer, a_desk_of_answers

WORDS = "Gọi cháu số 096 123 4515 hoặc +84 96 123 4516 nhé"


@pytest.fixture
def writer(session: Session, sealer: Sealer) -> Writer:
    writer = Writer(session, sealer, a_desk_of_answers(sealer))
    a_subscriber(session, sealer, area="06196", phone=writer.number)
    return writer


def the_ticket(session: Session) -> Ticket:
    session.expire_all()
    return session.scalars(select(Ticket)).one()


def the_text(session: Session) -> InboundText:
    session.expire_all()
    return session.scalars(select(InboundText)).one()


def test_numbers_in_a_text_are_masked_until_somebody_looks_on_record(
    session: Session, writer: Writer
) -> None:
    writer.write(WORDS)
    ticket = the_ticket(session)
    described = describe_ticket(ticket, sealer=writer.sealer)
    assert described["said"] == ["Gọi cháu số xxx hoặc xxx nhé"]
    assert described["kind"] == "text"
    operator = a_person(session, "truc", Role.HOTLINE_OPERATOR)
    shown = reveal_number(session, ticket.reference, operator, sealer=writer.sealer, now=NOON)
    assert (shown.number, shown.said) == (writer.number, [WORDS])


def test_at_rest_neither_words_nor_number_can_be_read(session: Session, writer: Writer) -> None:
    writer.write(WORDS)
    row = the_text(session)
    assert row.words is not None
    assert b"096" not in row.words
    assert writer.number.encode() not in row.words


def test_whoever_is_erased_leaves_no_word_and_no_way_back(session: Session, writer: Writer) -> None:
    """The opt-out and what proves it stay, as fingerprints."""
    writer.write(WORDS)
    writer.write("STOP", sid="SM2")
    erase_everywhere(session, writer.number, source="letter", sealer=writer.sealer, now=NOON)
    session.expire_all()
    for row in session.scalars(select(InboundText)):
        assert (row.words, row.fingerprint, row.asked) == (None, None, "")
    assert the_ticket(session).sealed is None
    assert describe_ticket(the_ticket(session), sealer=writer.sealer)["said"] == []
    one = get_subscriber(session, writer.number, sealer=writer.sealer)
    assert (one.sealed, one.opted_out_at) == (None, NOON)


def test_somebody_who_only_ever_wrote_can_be_forgotten(session: Session, sealer: Sealer) -> None:
    stranger = Writer(session, sealer, a_desk_of_answers(sealer))
    stranger.write(WORDS)
    erase_everywhere(session, stranger.number, source="letter", sealer=sealer, now=NOON)
    assert the_text(session).words is None


def test_words_are_kept_as_long_as_somebody_works_on_them(session: Session, writer: Writer) -> None:
    writer.write(WORDS)
    later = NOON + NUMBERS_KEPT + timedelta(days=1)
    empty_expired(session, now=later)
    assert the_text(session).words is not None
    the_ticket(session).close(now=later)
    session.flush()
    empty_expired(session, now=later + timedelta(days=1))
    assert the_text(session).words is not None
    empty_expired(session, now=later + NUMBERS_KEPT + timedelta(days=1))
    assert the_text(session).words is None
    assert the_ticket(session).sealed is None


def test_that_somebody_wrote_is_forgotten_in_the_end(session: Session, writer: Writer) -> None:
    writer.write("STOP")
    empty_expired(session, now=NOON + NUMBERS_KEPT + timedelta(days=1))
    assert (the_text(session).words, the_text(session).asked) == (None, "")
    assert the_text(session).fingerprint is not None
    empty_expired(session, now=NOON + TRACES_KEPT + timedelta(days=1))
    assert the_text(session).fingerprint is None

"""Taking texts in: each is done once, and answered so that no two machines ever talk."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from campaigns.subscribers.consent import (
    consent_history,
    erase,
    find_subscriber,
    get_subscriber,
    has_opted_out,
    stopped_topics,
)
from hotline.caller_texts import CallerText
from hotline.callers import Caller
from hotline.inbound.replies import MOST_A_DAY, MOST_AN_HOUR, MOST_CONFIRMATIONS
from hotline.inbound.stopping import stop_by_call
from hotline.inbound.taking import Incoming, take_in_text
from hotline.inbound_texts import InboundText, Meaning
from hotline.tickets import Ticket, TicketState, Urgency
from tests.builders import NOON, a_level, a_phone, a_subscriber, an_area
from tests.hotline.builders import a_library, an_answer
from tests.hotline.inbound.builders import HOTLINE, OWN_NUMBER, Writer, a_desk_of_answers


@pytest.fixture
def writer(session: Session, sealer: Sealer) -> Writer:
    writer = Writer(session, sealer, a_desk_of_answers(sealer))
    a_subscriber(session, sealer, area="06196", phone=writer.number)
    return writer


def has_stopped(writer: Writer, topic: str = "") -> bool:
    fingerprint = writer.sealer.fingerprint(writer.number)
    return has_opted_out(writer.session, fingerprint, topic=topic)


def tickets(session: Session) -> list[Ticket]:
    return list(session.scalars(select(Ticket).order_by(Ticket.id)))


class TestStopping:
    def test_a_stop_holds_at_once_and_is_confirmed_once(self, writer: Writer) -> None:
        assert "không nhận tin" in writer.write("STOP").replace("sẽ ", "")
        assert has_stopped(writer)
        assert [writer.write(word) for word in ("STOP", "hủy", "Từ chối!")] == ["", "", ""]
        one = get_subscriber(writer.session, writer.number, sealer=writer.sealer)
        (event,) = consent_history(writer.session, one)
        assert (event.kind, event.source, len(event.evidence)) == ("opted_out", "inbound text", 32)

    def test_a_start_takes_it_back_and_is_confirmed_once(self, writer: Writer) -> None:
        writer.write("STOP")
        assert "nhận tin trở lại" in writer.write("START")
        assert not has_stopped(writer)
        assert writer.write("start") == ""

    def test_a_stop_about_one_topic_leaves_the_others(self, writer: Writer) -> None:
        assert "về tiêm chủng" in writer.write("TU CHOI TIN TIEM CHUNG")
        assert has_stopped(writer, "vaccination")
        assert not has_stopped(writer)
        assert not has_stopped(writer, "levels")
        assert writer.write("STOP TIEM") == ""
        assert "không nhận tin nữa" in writer.write("STOP")
        writer.write("START")
        one = get_subscriber(writer.session, writer.number, sealer=writer.sealer)
        assert stopped_topics(writer.session, one) == []

    def test_somebody_on_no_list_can_stop_and_is_told_where_to_register(
        self, session: Session, sealer: Sealer
    ) -> None:
        stranger = Writer(session, sealer, a_desk_of_answers(sealer))
        assert "không nhận tin nữa" in stranger.write("STOP")
        assert has_stopped(stranger)
        assert "đăng ký tại trạm y tế xã" in stranger.write("START")
        assert not has_stopped(stranger)

    def test_a_machine_that_changes_its_mind_is_soon_left_alone(self, writer: Writer) -> None:
        """What it says holds all the same."""
        replies = [writer.write(word) for word in ("STOP", "START") * 10 + ("STOP",)]
        assert [bool(reply) for reply in replies].count(True) == MOST_CONFIRMATIONS
        assert has_stopped(writer)

    def test_a_carrier_that_has_answered_already_is_not_answered_over(self, writer: Writer) -> None:
        assert writer.write("Làm ơn thôi đi", was_answered=Meaning.STOP) == ""
        assert has_stopped(writer)

    def test_a_missed_call_stops_and_is_confirmed_once(
        self, session: Session, writer: Writer
    ) -> None:
        for sid in ("CA1", "CA1", "CA2"):
            stop_by_call(
                session,
                writer.number,
                call_sid=sid,
                hotline=HOTLINE,
                sealer=writer.sealer,
                now=NOON,
            )
        assert has_stopped(writer)
        assert len(writer.owed()) == 1

    def test_the_evidence_fits_the_very_text_and_no_other(self, writer: Writer) -> None:
        """Whoever has the carrier's record can show that it is the one; nobody else learns it."""
        writer.write("Hủy", sid="SM1")
        one = get_subscriber(writer.session, writer.number, sealer=writer.sealer)
        erase(writer.session, writer.number, source="letter", sealer=writer.sealer, now=NOON)
        stopped = consent_history(writer.session, one)[0]
        assert stopped.evidence == writer.sealer.evidence("text", "SM1", "Hủy")
        assert stopped.evidence != writer.sealer.evidence("text", "SM1H", "ủy")


class TestOnce:
    def test_the_same_text_handed_over_again_changes_nothing(
        self, session: Session, writer: Writer
    ) -> None:
        writer.write("STOP", sid="SM1")
        writer.write("START", sid="SM2")
        assert writer.write("STOP", sid="SM1") == ""
        assert not has_stopped(writer)
        assert writer.write("cho hỏi", sid="SM3") != ""
        assert writer.write("cho hỏi", sid="SM3") == ""
        assert session.scalar(select(func.count()).select_from(InboundText)) == 3

    def test_nobody_answers_a_short_code_or_a_name(self, session: Session, sealer: Sealer) -> None:
        desk = a_desk_of_answers(sealer)
        for sid, words in (("SM1", "HELP"), ("SM2", "STOP"), ("SM3", "Khuyến mãi")):
            incoming = Incoming(sid, None, OWN_NUMBER, words)
            assert not take_in_text(session, incoming, desk=desk, now=NOON)
        assert session.scalars(select(InboundText.meaning)).all() == [Meaning.MACHINE] * 3
        assert tickets(session) == []

    def test_nobody_abroad_is_answered_and_their_stop_holds(
        self, session: Session, sealer: Sealer
    ) -> None:
        """Somebody might earn by every text of ours."""
        abroad = Writer(session, sealer, a_desk_of_answers(sealer), number="+12025550123")
        assert [abroad.write(words) for words in ("HELP", "TIEM", "STOP")] == ["", "", ""]
        assert has_stopped(abroad)

    def test_an_answer_of_ours_that_comes_back_is_not_answered(self, writer: Writer) -> None:
        body = writer.write("HELP")
        assert [writer.write(body), writer.write(body.upper())] == ["", ""]
        assert tickets(writer.session) == []


class TestLimits:
    def test_the_same_question_asked_a_third_time_gets_nothing(self, writer: Writer) -> None:
        assert [bool(writer.write(words)) for words in ("TIEM", "Tiêm?", "tiem")] == [
            True,
            True,
            False,
        ]
        assert writer.write("HELP") != ""

    def test_an_hour_and_a_day_have_their_answers(self, writer: Writer) -> None:
        questions = ["HELP", "TIEM", "TIEM 2", "CAP DO", "CAP DO X", "help me", "疫苗"]
        answered = [bool(writer.write(question)) for question in questions]
        assert answered.count(True) == MOST_AN_HOUR
        for hour in range(1, 7):
            writer.now = NOON + timedelta(hours=hour, minutes=1)
            answered += [bool(writer.write(f"CAP DO {hour} {n}")) for n in range(3)]
        assert answered.count(True) == MOST_A_DAY

    def test_a_stop_is_confirmed_to_whoever_has_had_every_answer_of_the_day(
        self, writer: Writer
    ) -> None:
        for number in range(MOST_AN_HOUR + 2):
            writer.write(f"CAP DO {number}")
        assert "không nhận tin nữa" in writer.write("STOP")


class TestAnswers:
    def test_a_topic_is_answered_with_what_the_hotline_would_say_now(self, writer: Writer) -> None:
        first = writer.write("Tiêm chủng")
        assert first.startswith("câu trả lời V01")
        assert "Còn 1 câu khác: soạn TIEM CHUNG 2" in first
        assert writer.write("tiem chung 2") == "câu trả lời V06"

    def test_an_answer_that_has_ended_is_no_longer_given(
        self, session: Session, sealer: Sealer
    ) -> None:
        """What nothing true is said about goes to a person."""
        library = a_library(an_answer("V01", until=NOON), an_answer("V06"))
        writer = Writer(session, sealer, a_desk_of_answers(sealer, library))
        assert writer.write("TIEM") == "câu trả lời V06"
        assert "phiếu số" in writer.write("TIEM 2")
        assert [ticket.topic for ticket in tickets(session)] == ["vaccination"]

    def test_the_level_of_a_named_commune_comes_with_what_it_allows(
        self, session: Session, writer: Writer
    ) -> None:
        an_area(session, "06196", name="Cao Lộc")
        a_level(session, "06196", 3)
        said = writer.write("CAP DO Cao Lộc")
        assert "~level_known~" in said
        assert said.endswith("biện pháp mức ba")

    def test_whoever_names_no_commune_gets_their_own(
        self, session: Session, writer: Writer
    ) -> None:
        an_area(session, "06196", name="Cao Lộc")
        assert "~level_unknown~" in writer.write("cap do")
        assert "CAP DO Cao Loc" in writer.write("cap do Xyz")

    def test_everybody_is_answered_in_the_language_they_chose(
        self, session: Session, writer: Writer
    ) -> None:
        session.add(
            Caller(
                fingerprint=writer.sealer.fingerprint(writer.number), language="zh", seen_at=NOON
            )
        )
        session.flush()
        assert "不再接收短信" in writer.write("STOP")

    def test_the_reply_comes_from_the_number_that_was_written_to(self, writer: Writer) -> None:
        writer.write("HELP")
        assert writer.session.scalars(select(CallerText.sender)).one() == OWN_NUMBER


class TestInbox:
    def test_what_no_keyword_answers_becomes_one_ticket_with_all_its_texts(
        self, session: Session, writer: Writer
    ) -> None:
        assert "phiếu số" in writer.write("Cháu mất giấy tiêm thì sao ạ?")
        assert writer.write("Cháu ở Cao Lộc") == ""
        (ticket,) = tickets(session)
        assert (ticket.state, ticket.area_code) == (TicketState.OPEN, "06196")
        session.refresh(ticket)
        assert len(ticket.texts) == 2
        assert writer.sealer.unseal(ticket.sealed or b"") == writer.number

    def test_a_closed_ticket_is_not_opened_again(self, session: Session, writer: Writer) -> None:
        writer.write("Cháu mất giấy tiêm")
        tickets(session)[0].close(now=NOON)
        session.flush()
        assert "phiếu số" in writer.write("Cháu hỏi thêm")
        assert len(tickets(session)) == 2

    def test_who_writes_again_puts_the_ticket_back_to_whoever_has_it(
        self, session: Session, writer: Writer
    ) -> None:
        writer.write("Cháu mất giấy tiêm")
        ticket = tickets(session)[0]
        ticket.assign("lan", now=NOON)
        ticket.note_answer("Đã hướng dẫn.", sealer=writer.sealer, now=NOON)
        session.flush()
        writer.write("Vẫn chưa được ạ")
        assert (ticket.state, ticket.assignee) == (TicketState.ASSIGNED, "lan")

    def test_danger_goes_first(self, session: Session, writer: Writer) -> None:
        writer.write("Cháu hỏi")
        writer.write("Mẹ cháu khó thở")
        assert [ticket.urgency for ticket in tickets(session)] == [Urgency.DANGER]

    def test_a_number_that_is_on_no_list_is_not_remembered_for_a_question(
        self, session: Session, sealer: Sealer
    ) -> None:
        number = a_phone()
        Writer(session, sealer, a_desk_of_answers(sealer), number=number).write("cho hỏi")
        assert find_subscriber(session, number, sealer=sealer) is None

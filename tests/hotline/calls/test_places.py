"""Places: answers, levels, persons, reports and stops, as a caller meets them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.levels import decide_level
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import find_subscriber
from hotline.caller_texts import CallerText
from hotline.calls.heard import heard_keys, heard_words
from hotline.desks import WEEKDAYS, DeskLine, Desks
from hotline.loading import read_set, shipped_files
from hotline.recordings import digest_of
from hotline.speaking.wording import say_aloud
from hotline.steps import AwaitVoice, HangUp, Transfer
from hotline.tickets import Ticket, TicketKind, Urgency
from tests.builders import NOON, a_level, a_phone, a_subscriber, an_area
from tests.hotline.builders import SCRIPT, CallerOnTheLine, a_desk, a_library, an_answer

NIGHT = datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_whoever_asks_about_danger_signs_hears_115_first(session: Session, sealer: Sealer) -> None:
    """The emergency number comes before the list of signs."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    said = caller.press("112")
    assert said.index("~danger_first~") < said.index("câu trả lời Nguy")


def test_an_answer_that_has_ended_is_not_offered_and_the_other_keys_stay(
    session: Session, sealer: Sealer
) -> None:
    """Keys that people have learned do not move when an answer ends."""
    library = a_library(an_answer("Tien", until=NOON), an_answer("Nguy"))
    caller = CallerOnTheLine(session, library, sealer)
    menu = caller.press("11")
    assert "Tien" not in menu
    assert "~answer_ended~" in caller.press("1")
    caller = CallerOnTheLine(session, library, sealer)
    caller.press("11")
    assert "câu trả lời Nguy" in caller.press("2")


def test_an_answer_that_ends_while_it_is_open_leads_to_its_successor_or_a_person(
    session: Session, sealer: Sealer
) -> None:
    """Whoever asks for it again a minute later hears only what is still true."""
    ends = NOON + timedelta(minutes=1)
    library = a_library(
        an_answer("Tien", until=ends),
        an_answer("Nguy", until=ends, successor="Khai"),
        an_answer("Khai", text="điều mới", since=ends),
    )
    caller = CallerOnTheLine(session, library, sealer)
    caller.press("111")
    caller.now = ends
    assert "~answer_ended~" in caller.press("*")
    assert isinstance(caller.ending, Transfer)
    other = CallerOnTheLine(session, library, sealer)
    other.press("112")
    other.now = ends
    assert "điều mới" in other.press("*")


def test_an_answer_is_texted_on_a_key_and_only_five_times_a_day(
    session: Session, sealer: Sealer
) -> None:
    """The short form is owed to the caller once; nobody is flooded."""
    number, now = a_phone(), NOON
    for _ in range(5):
        caller = CallerOnTheLine(session, a_library(), sealer, number=number, now=now)
        caller.press("11" if "Tien" in caller.hears or "tiêm" in caller.hears else "111")
        assert "~sms_sent~" in caller.press("5")
        assert "~sms_sent~" in caller.press("5")
        now += timedelta(minutes=20)
    owed = session.scalars(select(CallerText)).all()
    assert len(owed) == 5
    assert sealer.unseal(owed[0].sealed or b"") == number
    last = CallerOnTheLine(session, a_library(), sealer, number=number, now=now)
    assert "~sms_limit~" in last.press("115")


def test_a_registered_caller_hears_the_level_of_the_own_commune(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    """Whoever is on the list need not say where they live."""
    a_level(session, ba_son, 3)
    number = a_phone()
    a_subscriber(session, sealer, area=ba_son, phone=number)
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    said = caller.press("13")
    assert "~level_known~" in said
    assert "xã Ba Sơn" in said
    assert "biện pháp mức ba" in said


def test_a_raise_for_tomorrow_is_announced_today_and_holds_tomorrow(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    """One decision row changes what the phone says, at the very hour it names."""
    a_level(session, ba_son, 2)
    library = a_library(
        an_answer("nq128-2", text="biện pháp mức hai"),
        an_answer("nq128-3", text="biện pháp mức ba"),
    )
    number = a_phone()
    a_subscriber(session, sealer, area=ba_son, phone=number)
    six = datetime(2026, 3, 2, 23, tzinfo=UTC)
    decide_level(session, ba_son, level=3, effective_at=six, document="99/QĐ-UBND", now=NOON)
    today = CallerOnTheLine(session, library, sealer, number=number)
    said = today.press("13")
    assert "~level_announced~" in said
    assert "~level_measures_offer~" in said
    assert "biện pháp mức hai" in today.press("2")
    today.now = six - timedelta(seconds=1)
    assert "~level_announced~" in today.press("*")
    today.now = six
    said = today.press("*")
    assert "~level_announced~" not in said
    assert "biện pháp mức ba" in said


def test_a_decision_is_named_by_its_number_however_long_its_title(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    """A title read out in full would be longer than anybody listens."""
    title = "Quyết định số 1825/QĐ-UBND ngày 20/11/2021 về việc công bố cấp độ dịch trên địa bàn"
    decide_level(session, ba_son, level=3, effective_at=NOON, document=title, now=NOON)
    number = a_phone()
    a_subscriber(session, sealer, area=ba_son, phone=number)
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    said = caller.press("13")
    assert "của ủy ban nhân dân" in said
    assert "công bố" not in said


def test_the_rest_of_what_may_be_done_is_a_key_away(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    """And the text on a key is the part that was heard last."""
    a_level(session, ba_son, 3)
    library = a_library(
        an_answer("nq128-3", text="tụ tập hạn chế"), an_answer("nq128-3-more", text="công sở mở")
    )
    number = a_phone()
    a_subscriber(session, sealer, area=ba_son, phone=number)
    caller = CallerOnTheLine(session, library, sealer, number=number)
    said = caller.press("13")
    assert "~level_more_offer~" in said
    assert "công sở mở" not in said
    said = caller.press("3")
    assert "công sở mở" in said
    assert "~level_more_offer~" not in said
    caller.press("5")
    caller.press("25")
    assert [one.partition(".")[0] for one in session.scalars(select(CallerText.subject))] == [
        "nq128-3-more",
        "nq128-3",
    ]
    assert "tụ tập hạn chế" in caller.press("*")


def test_a_commune_is_found_by_code_by_letters_and_by_its_spoken_name(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    """A feature phone, a smartphone and a voice all lead to the commune."""
    a_level(session, ba_son, 3)
    for heard in (heard_keys("06196"), heard_keys("227"), heard_words("tôi ở xã Ba Sơn")):
        caller = CallerOnTheLine(session, a_library(), sealer)
        assert "~ask_commune~" in caller.press("13")
        assert "xã Ba Sơn" in caller.send(heard)


@pytest.mark.usefixtures("ba_son")
def test_several_communes_that_fit_are_offered_by_key(session: Session, sealer: Sealer) -> None:
    """Two names that begin with the same keys are told apart by one more key."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("13")
    assert "~commune_which~" in caller.key_in("22")
    assert "~commune_which~" in caller.press("*")
    assert "xã Cao Lộc" in caller.press("2")


@pytest.mark.usefixtures("ba_son")
def test_an_unknown_commune_is_asked_again(session: Session, sealer: Sealer) -> None:
    """A code that does not exist is not taken for any other."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("13")
    said = caller.key_in("09999")
    assert "~commune_none~" in said
    assert "~wrong_key~" not in said
    assert "~ask_commune~" in said
    for _ in range(2):
        caller.key_in("09999")
    assert isinstance(caller.ending, Transfer)


@pytest.mark.usefixtures("ba_son")
def test_a_commune_without_a_decision_is_said_to_have_none(
    session: Session, sealer: Sealer
) -> None:
    """Nothing is inherited from the province and nothing is guessed."""
    a_level(session, "20", 4)
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("13")
    said = caller.key_in("06196")
    assert "~level_unknown~" in said
    assert "biện pháp" not in said


def test_a_menu_rings_its_own_desk(session: Session, sealer: Sealer) -> None:
    """Whoever asks about reactions needs no second menu to reach health staff, 115 named first."""
    script = SCRIPT.replace(
        "  vaccination:\n    kind: menu\n", "  vaccination:\n    kind: menu\n    desk: health\n"
    )
    for lost in ("0", "777"):
        caller = CallerOnTheLine(session, a_library(script=script), sealer)
        said = caller.press(f"11{lost}")
        assert "~danger_first~" in said
        assert isinstance(caller.ending, AwaitVoice | Transfer)


def test_nobody_answering_leads_to_the_overflow_and_then_to_a_voice_message(
    session: Session, sealer: Sealer
) -> None:
    """A caller is never left ringing: the next desk, then a message with a number to ask by."""
    desks = Desks(
        desks={
            "general": a_desk("+84205000001", overflow="second"),
            "second": a_desk("+84205000002"),
        }
    )
    caller = CallerOnTheLine(session, a_library(desks=desks), sealer)
    caller.press("10")
    rung = [caller.ending]
    for _ in range(2):
        caller.be_transferred(was_answered=False)
        rung.append(caller.ending)
    assert rung[:2] == [Transfer(("+84205000001",), 20), Transfer(("+84205000002",), 20)]
    assert isinstance(rung[2], AwaitVoice)
    said = caller.leave_message()
    ticket = session.scalars(select(Ticket)).one()
    assert ticket.kind is TicketKind.CALLBACK
    assert ticket.urgency == Urgency.SOON
    spelled = say_aloud(" ".join(ticket.reference), "vi")
    assert f"~voicemail_kept~ {spelled}" in said


def test_a_call_that_reached_a_person_ends_with_goodbye(session: Session, sealer: Sealer) -> None:
    """After the person hung up there is nothing more to hear."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("10")
    assert "~goodbye~" in caller.be_transferred(was_answered=True)
    assert isinstance(caller.ending, HangUp)


def test_at_night_the_hours_are_told_and_a_message_is_taken(
    session: Session, sealer: Sealer
) -> None:
    """Nobody's telephone rings when nobody is there."""
    caller = CallerOnTheLine(session, a_library(), sealer, now=NIGHT)
    said = caller.press("10")
    assert "~person_closed~ tám giờ ngày ba tháng ba" in said
    assert "~callback_kept~" in caller.leave_message(seconds=0)
    ticket = session.scalars(select(Ticket)).one()
    assert (ticket.kind, ticket.voice) == (TicketKind.CALLBACK, None)


def test_whoever_shows_a_number_and_says_nothing_is_called_back_once(
    session: Session, sealer: Sealer
) -> None:
    """Somebody who cannot speak may be in need; without a number nobody can help."""
    for is_withheld, said in ((False, "~callback_kept~"), (True, "~voicemail_empty~")):
        caller = CallerOnTheLine(session, a_library(), sealer, is_withheld=is_withheld)
        caller.press("10")
        caller.be_transferred(was_answered=False)
        for _ in range(2):
            caller.stay_silent()
        assert said in caller.stay_silent()
        assert isinstance(caller.ending, HangUp)
    assert len(session.scalars(select(Ticket)).all()) == 1


def test_a_menu_in_which_everything_has_ended_leads_to_a_person(
    session: Session, sealer: Sealer
) -> None:
    """Whoever goes back into it meets neither silence nor a question without choices."""
    ends = NOON + timedelta(hours=1)
    library = a_library(an_answer("Tien", until=ends), an_answer("Nguy", until=ends))
    caller = CallerOnTheLine(session, library, sealer)
    caller.press("111")
    caller.now = ends
    assert "~answer_ended~" in caller.press("#")
    assert isinstance(caller.ending, Transfer)


def test_a_call_that_breaks_off_twice_is_still_taken_up_where_it_was(
    session: Session, sealer: Sealer
) -> None:
    """The second time while the caller was being asked whether to go on."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    heard = caller.press("111")
    caller.hang_up()
    moment = NOON
    for _ in range(2):
        moment += timedelta(minutes=1)
        again = CallerOnTheLine(session, a_library(), sealer, number=number, now=moment)
        assert "~resume_offer~" in again.hears
        again.hang_up()
    last = CallerOnTheLine(session, a_library(), sealer, number=number, now=moment)
    assert last.press("1") == heard


def test_a_message_reported_twice_opens_one_ticket(session: Session, sealer: Sealer) -> None:
    """The carrier may post the same recording again."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("14")
    caller.leave_message(sid="REsame")
    assert len(session.scalars(select(Ticket)).all()) == 1
    ticket = session.scalars(select(Ticket)).one()
    texts = session.scalars(select(CallerText)).all()
    assert [ticket.reference in text.body for text in texts] == [True]


def test_stop_by_key_holds_from_that_moment(session: Session, sealer: Sealer) -> None:
    """Texts cannot be answered here, so the key is the door; one confirmation is asked for."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    assert "~stop_confirm~" in caller.press("15")
    assert "~stop_done~" in caller.press("1")
    subscriber = find_subscriber(session, number, sealer=sealer)
    assert subscriber is not None
    assert subscriber.opted_out_at == NOON


def test_a_language_without_a_voice_hears_its_recordings_and_vietnamese_with_an_apology(
    session: Session, sealer: Sealer
) -> None:
    """What is recorded is played; what is not is said in Vietnamese, never left out."""
    library = a_library()
    spoken = library.answers.versions["Tien"][0].document.spoken.vi
    recorded = a_library(
        recordings={("answer:Tien", "tyz"): (digest_of(spoken), "abc")},
    )
    caller = CallerOnTheLine(session, recorded, sealer)
    assert caller.press("2").count("~apology_recording~") == 1
    assert "[abc]" in caller.press("11")


def test_a_recording_of_an_older_text_is_not_played(session: Session, sealer: Sealer) -> None:
    """Once the text has changed, the old recording says what is no longer true."""
    stale = a_library(recordings={("answer:Tien", "tyz"): (digest_of("điều cũ"), "abc")})
    caller = CallerOnTheLine(session, stale, sealer)
    said = caller.press("211")
    assert "[abc]" not in said
    assert "câu trả lời Tien" in said


def test_a_hidden_number_is_asked_for_and_promised_nothing(
    session: Session, sealer: Sealer
) -> None:
    """Nobody can call back a number that the caller has not said."""
    caller = CallerOnTheLine(session, a_library(), sealer, now=NIGHT, is_withheld=True)
    assert "~voicemail_ask_withheld~" in caller.press("10")
    assert "~voicemail_kept_withheld~" in caller.leave_message()


def test_a_closed_desk_hands_over_to_one_that_is_open(session: Session, sealer: Sealer) -> None:
    """The night watch takes the calls of a desk that has gone home."""
    watch = a_desk("+84205000009")
    watch = watch.model_copy(update={"hours": dict.fromkeys(WEEKDAYS, ("00:00-24:00",))})
    desks = Desks(desks={"general": a_desk(overflow="watch"), "watch": watch})
    caller = CallerOnTheLine(session, a_library(desks=desks), sealer, now=NIGHT)
    caller.press("10")
    assert caller.ending == Transfer(("+84205000009",), 20)


def test_the_nearest_line_takes_the_call_and_no_other_areas() -> None:
    """A commune's own number before the province's, whatever comes first in the file."""
    desk = a_desk().model_copy(
        update={
            "lines": (
                DeskLine(areas=("20",), numbers=("+84205000020",)),
                DeskLine(areas=("06196",), numbers=("+84205006196",)),
            )
        }
    )
    assert desk.numbers_for(("06196", "20")) == ("+84205006196",)
    assert desk.numbers_for(("06197", "20")) == ("+84205000020",)
    assert desk.numbers_for(("01",)) == ()


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20T18:00+07:00", "2026-11-23T07:30+07:00"),
        ("2026-11-23T12:00+07:00", "2026-11-23T13:30+07:00"),
        ("2026-04-25T09:00+07:00", "2026-04-28T07:30+07:00"),
    ],
    ids=["friday evening", "noon", "before two holidays"],
)
def test_a_closed_desk_says_when_it_opens(now: str, opens: str) -> None:
    """Over weekends and holidays: an hour alone would send people to the telephone in vain."""
    desks = read_set(shipped_files()).desks
    found = desks.desks["general"].next_open(datetime.fromisoformat(now), desks.holidays)
    assert found == datetime.fromisoformat(opens)


@pytest.mark.usefixtures("ba_son")
def test_the_hash_that_ends_a_full_code_goes_nowhere(session: Session, sealer: Sealer) -> None:
    """Five digits end by themselves; callers were told to press it, and press it."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("13")
    told = caller.key_in("06196")
    assert caller.press("#") == told
    assert caller.press("#") != told


@pytest.mark.usefixtures("ba_son")
def test_where_a_list_says_somebody_lives_is_where_they_live(
    session: Session, sealer: Sealer
) -> None:
    """They may have asked about another commune before; and a code that ended is asked anew."""
    an_area(session, "06197", name="Xã khác")
    number = a_phone()
    first = CallerOnTheLine(session, a_library(), sealer, number=number)
    first.press("13")
    first.key_in("06197")
    a_subscriber(session, sealer, area="06196", phone=number)
    assert "Ba Sơn" in CallerOnTheLine(session, a_library(), sealer, number=number).press("3")


def test_a_recording_in_a_language_ends_with_that_languages_text(
    session: Session, sealer: Sealer
) -> None:
    """The Vietnamese text stays; what was recorded in English is no longer true."""
    answer = an_answer("Tien")
    key = ("answer:Tien", "en")
    for text, heard in ((answer.document.spoken.en, "[sound]"), ("older", "(en)")):
        library = a_library(answer, recordings={key: (digest_of(text), "sound")})
        caller = CallerOnTheLine(session, library, sealer)
        assert heard in caller.press("911")


def test_a_menu_whose_answers_have_ended_leads_to_what_succeeds_them(
    session: Session, sealer: Sealer
) -> None:
    """Its key is no longer named, and who has learned it still hears what is true."""
    library = a_library(
        an_answer("Tien", until=NOON, successor="K08"),
        an_answer("Nguy", until=NOON),
        an_answer("K08", text="đã dừng khai báo"),
    )
    caller = CallerOnTheLine(session, library, sealer)
    assert "tiêm chủng" not in caller.press("1")
    assert "đã dừng khai báo" in caller.press("1")


def test_whoever_wants_no_texts_gets_no_reference_by_text(session: Session, sealer: Sealer) -> None:
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("151#4")
    caller.leave_message()
    assert session.scalars(select(Ticket)).one().kind is TicketKind.RUMOUR
    assert session.scalars(select(CallerText)).all() == []

"""Declaring by keys: consent first, sealed always, resumable, and gone in time."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.call_records import Turn
from hotline.caller_texts import CallerText
from hotline.calls.heard import heard_keys
from hotline.calls.places.persons import LONGEST_MESSAGE_S
from hotline.declarations.document import DeclarationDocument, Question
from hotline.declarations.records import Declaration, delete_expired
from hotline.library import Library
from hotline.loading import read_set, shipped_files
from hotline.steps import AwaitVoice, HangUp, Transfer
from hotline.tickets import Ticket, Urgency
from hotline.voice_messages import VoiceMessage
from tests.builders import NOON, a_phone, a_subscriber, an_area
from tests.hotline.builders import CallerOnTheLine, a_library, a_wording

NAME = "the name, spoken"
ANSWERS = ("1", NAME, "1970", "2", "1", "06196", "1", "20", "2", "2", "1", "2", "3", "2")

_number = count(1)


@pytest.fixture
def library(session: Session) -> Library:
    """The province's own questions, switched on, and one commune."""
    an_area(session, "06196", name="Ba Sơn")
    shipped = read_set(shipped_files()).declaration
    return a_library(declaration=shipped.model_copy(update={"enabled": True}))


def declare(caller: CallerOnTheLine, answers: tuple[str, ...] = ANSWERS) -> str:
    caller.press("1211")
    give(caller, answers)
    return caller.hears


def give(caller: CallerOnTheLine, answers: tuple[str, ...]) -> None:
    for answer in answers:
        if answer == NAME:
            caller.leave_message(seconds=2, sid=f"RE{next(_number)}")
        else:
            caller.send(heard_keys(answer))


def test_the_module_is_off_until_somebody_switches_it_on(session: Session, sealer: Sealer) -> None:
    """Declarations are suspended: the menu does not offer it."""
    assert not read_set(shipped_files()).declaration.enabled
    caller = CallerOnTheLine(session, a_library(), sealer)
    assert "khai báo y tế" not in caller.press("1")


def test_nothing_is_asked_or_kept_without_consent(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Whoever says no is back in the menu, and there is no row."""
    caller = CallerOnTheLine(session, library, sealer)
    said = caller.press("12")
    assert "~declaration_consent~" in said
    assert "~never_ask~" in said
    assert "tiêm chủng" in caller.press("2")
    assert session.scalars(select(Declaration)).all() == []


def test_a_declaration_is_sealed_numbered_and_texted(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """The caller hears and reads a number; the database shows no answer."""
    caller = CallerOnTheLine(session, library, sealer)
    said = declare(caller)
    kept = session.scalars(select(Declaration)).one()
    assert kept.is_complete
    assert kept.read(sealer)["born"] == "1970"
    assert kept.read(sealer)["province"] == "20"
    assert b"1970" not in kept.sealed
    assert "~declaration_done~" in said
    assert "~declaration_next_person~" in said
    assert kept.reference in session.scalars(select(CallerText.body)).one()
    for turn in session.scalars(select(Turn)):
        assert "1970" not in turn.visit + turn.reply


def test_questions_depend_on_answers_and_refuse_what_cannot_be(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """No province for whoever did not travel; no year to come; no commune that does not exist."""
    caller = CallerOnTheLine(session, library, sealer)
    declare(caller, ("1", NAME))
    for wrong in ("2027", "0019", "19"):
        assert "~wrong_key~" in caller.send(heard_keys(wrong))
        caller.press("*")
    caller.send(heard_keys("1970"))
    caller.press("11")
    assert "~wrong_key~" in caller.send(heard_keys("09999"))
    caller.send(heard_keys("06196"))
    assert "mã tỉnh" not in caller.press("2")


def test_trouble_breathing_leads_to_115_and_a_person_at_once(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Nobody in danger is asked the remaining questions; what was said so far is kept."""
    caller = CallerOnTheLine(session, library, sealer)
    said = declare(caller, ("1", NAME, "1970", "2", "1", "06196", "2", "1"))
    assert "~declaration_danger~" in said
    assert isinstance(caller.ending, Transfer)
    assert session.scalars(select(Declaration)).one().read(sealer)["breathing"] == "1"


def test_one_caller_declares_for_the_whole_household(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Each person has a number of their own."""
    caller = CallerOnTheLine(session, library, sealer)
    declare(caller)
    caller.press("1")
    give(caller, ANSWERS)
    caller.press("2")
    assert isinstance(caller.ending, HangUp)
    assert len({one.reference for one in session.scalars(select(Declaration))}) == 2


def test_a_call_that_broke_off_goes_on_with_the_next_question(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """What was answered need not be answered again."""
    number = a_phone()
    caller = CallerOnTheLine(session, library, sealer, number=number)
    asked = declare(caller, ANSWERS[:3])
    caller.hang_up()
    again = CallerOnTheLine(
        session, library, sealer, number=number, now=NOON + timedelta(minutes=3)
    )
    assert again.press("1") == asked
    give(again, ANSWERS[3:])
    assert session.scalars(select(Declaration)).one().is_complete


def test_declarations_are_deleted_in_time(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Thirty days, complete or not."""
    declare(CallerOnTheLine(session, library, sealer), ("1",))
    delete_expired(session, now=NOON + timedelta(days=29))
    assert len(session.scalars(select(Declaration)).all()) == 1
    delete_expired(session, now=NOON + timedelta(days=30))
    assert session.scalars(select(Declaration)).all() == []


def test_a_file_with_a_question_that_cannot_be_answered_is_refused() -> None:
    """Keys for a choice, digits for digits, and no dependency on a later question."""
    question = {"prompt": {"vi": "a", "zh": "a", "en": "a"}}
    for wrong in (
        {"id": "a", "kind": "choice"},
        {"id": "a", "kind": "digits"},
        {"id": "a", "kind": "voice"},
        {"id": "a", "kind": "year", "seconds": 5},
        {"id": "a", "kind": "year", "is_danger": True},
        {"id": "a", "kind": "yes_no", "when": {"question": "b", "is": "1"}},
    ):
        with pytest.raises(ValueError, match=r"belong|later"):
            DeclarationDocument.model_validate({"questions": [question | wrong]})


def test_a_household_may_declare_for_all_its_members(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Eight people take more turns than any other call, and are no circle in a menu."""
    caller = CallerOnTheLine(session, library, sealer)
    declare(caller)
    for _ in range(7):
        caller.press("1")
        give(caller, ANSWERS)
    kept = session.scalars(select(Declaration)).all()
    assert [one.is_complete for one in kept] == [True] * 8


def test_danger_late_in_a_long_household_still_finds_somebody(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """However many declarations came before: a desk that is busy, a message, a call back."""
    caller = CallerOnTheLine(session, library, sealer)
    declare(caller)
    for _ in range(5):
        caller.press("1")
        give(caller, ANSWERS)
    caller.press("1")
    give(caller, (*ANSWERS[:6], "2", "1"))
    assert "~declaration_danger~" in caller.hears
    assert "~person_busy~" in caller.be_transferred(was_answered=False)
    assert caller.ending == AwaitVoice(LONGEST_MESSAGE_S)
    assert "~voicemail_kept~" in caller.leave_message()
    assert session.scalars(select(Ticket.urgency)).one() == Urgency.DANGER


def test_a_declaration_is_answered_by_the_call_it_is_in_and_no_other(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Once a second call has taken it over, the first can put nothing more into it."""
    number = a_phone()
    first = CallerOnTheLine(session, library, sealer, number=number)
    declare(first, ANSWERS[:3])
    first.hang_up()
    second = CallerOnTheLine(session, library, sealer, number=number)
    second.press("1")
    before = session.scalars(select(Declaration)).one().read(sealer)
    first.send(heard_keys("2"))
    assert session.scalars(select(Declaration)).one().read(sealer) == before
    assert "~declaration_consent~" in first.hears


def test_a_question_that_is_answered_by_a_zero_is_refused() -> None:
    """0 alone calls a person, everywhere."""
    with pytest.raises(ValueError, match="0 alone calls a person"):
        Question(id="doses", kind="digits", digits=1, most=4, prompt=a_wording("Mấy mũi?"))


def test_a_name_is_spoken_and_kept_with_the_declaration_alone(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Keys are no name, silence asks again; the message goes when the declaration goes."""
    caller = CallerOnTheLine(session, library, sealer)
    assert "họ và tên" in declare(caller, ("1",))
    assert caller.ending == AwaitVoice(10)
    assert "họ và tên" in caller.stay_silent()
    assert "họ và tên" in caller.key_in("1970")
    assert "năm sinh" in caller.leave_message(seconds=2, sid="RE-name")
    voice = session.scalars(select(VoiceMessage)).one()
    kept = session.scalars(select(Declaration)).one()
    assert (voice.declaration_id, voice.ticket_id) == (kept.id, None)
    assert kept.read(sealer)["name"] == voice.sid
    delete_expired(session, now=NOON + timedelta(days=31))
    session.refresh(voice)
    assert voice.declaration_id is None


def test_a_question_may_not_depend_on_what_was_spoken() -> None:
    """Nobody compares a voice with a key."""
    prompt = {"prompt": {"vi": "a", "zh": "a", "en": "a"}}
    spoken = {"id": "name", "kind": "voice", "seconds": 5} | prompt
    asked = {"id": "b", "kind": "yes_no", "when": {"question": "name", "is": "1"}} | prompt
    with pytest.raises(ValueError, match="answered by voice"):
        DeclarationDocument.model_validate({"questions": [spoken, asked]})


def test_whose_commune_is_known_confirms_it_with_one_key(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Five digits are much for somebody who is seventy; another commune is keyed all the same."""
    an_area(session, "06184", name="Đồng Đăng")
    for keys, kept in (("1", "06196"), ("06184", "06184")):
        number = a_phone()
        a_subscriber(session, sealer, area="06196", phone=number)
        caller = CallerOnTheLine(session, library, sealer, number=number)
        assert "~commune_confirm~ xã Ba Sơn" in declare(caller, ANSWERS[:5])
        caller.key_in(keys)
        newest = session.scalars(select(Declaration).order_by(Declaration.id.desc())).first()
        assert newest is not None
        assert newest.read(sealer)["commune"] == kept
    stranger = CallerOnTheLine(session, library, sealer)
    assert "~commune_confirm~" not in declare(stranger, ANSWERS[:5])
    assert "~wrong_key~" in stranger.key_in("1")


@pytest.mark.parametrize("keys", ["1", "0912345678"])
def test_the_number_to_be_reached_on_is_the_callers_own_or_keyed_and_always_sealed(
    session: Session, sealer: Sealer, library: Library, keys: str
) -> None:
    """One key for the number that rings; neither number stands anywhere in the clear."""
    number = a_phone()
    caller = CallerOnTheLine(session, library, sealer, number=number)
    assert "~phone_confirm~" in declare(caller, ANSWERS[:4])
    caller.key_in(keys)
    kept = session.scalars(select(Declaration)).one()
    wanted = number if keys == "1" else "+84912345678"
    assert kept.read(sealer)["phone"] == wanted
    assert wanted[3:].encode() not in kept.sealed
    for turn in session.scalars(select(Turn)):
        assert wanted[3:] not in turn.visit + turn.reply


def test_whoever_hides_their_number_keys_one_and_wrong_ones_lead_to_a_person(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """There is nothing to confirm; an emergency number, a landline or too few digits is none."""
    caller = CallerOnTheLine(session, library, sealer, is_withheld=True)
    assert "~phone_confirm~" not in declare(caller, ANSWERS[:4])
    for wrong in ("1", "0205123456"):
        assert "~wrong_key~" in caller.key_in(wrong)
        assert "điện thoại liên lạc" in caller.hears
    caller.key_in("091234567")
    assert isinstance(caller.ending, Transfer)
    assert "phone" not in session.scalars(select(Declaration)).one().read(sealer)


def test_a_key_never_answers_another_question_than_the_one_that_was_heard(
    session: Session, sealer: Sealer, library: Library
) -> None:
    """Other questions may be loaded while somebody is about to press a key."""
    caller = CallerOnTheLine(session, library, sealer)
    asked = declare(caller, ANSWERS[:-1])
    assert "xét nghiệm" in asked
    questions = library.declaration.questions
    smell = questions[-1].model_copy(update={"id": "smell", "prompt": a_wording("Mất mùi không?")})
    changed = library.declaration.model_copy(update={"questions": (*questions[:-1], smell)})
    caller.library = replace(library, declaration=changed)
    assert "Mất mùi không?" in caller.press("1")
    answers = session.scalars(select(Declaration)).one().read(sealer)
    assert not {"tested", "smell"} & answers.keys()
    caller.press("2")
    assert session.scalars(select(Declaration)).one().read(sealer)["smell"] == "2"

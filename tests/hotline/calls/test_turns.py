"""Turns: each is taken once, whatever the carrier repeats, mixes up or makes up."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState, Turn
from hotline.calls.heard import heard_keys
from hotline.calls.turns import begin_call
from hotline.editions import keep_edition
from hotline.library import load_library
from hotline.loading import shipped_files
from hotline.phrases import PHRASES
from hotline.speaking.wording import say_aloud
from hotline.steps import AwaitKeys, AwaitVoice, HangUp, Transfer
from tests.builders import NOON, a_phone
from tests.hotline.builders import SCRIPT, CallerOnTheLine, a_library


def test_a_new_caller_hears_115_first_and_is_asked_for_a_language(
    session: Session, sealer: Sealer
) -> None:
    """Whoever rings for the first time hears the emergency number before anything else."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    assert "một một năm" in caller.reply.spoken[0].text
    assert isinstance(caller.ending, AwaitKeys)
    assert "~choice~" in caller.press("1")


def test_a_caller_who_chose_a_language_is_not_asked_again(session: Session, sealer: Sealer) -> None:
    """The second call of one number goes straight to the menu, in the language chosen before."""
    number = a_phone()
    first = CallerOnTheLine(session, a_library(), sealer, number=number)
    first.press("9")
    first.now += timedelta(hours=1)
    first.hang_up()
    again = CallerOnTheLine(
        session, a_library(), sealer, number=number, now=NOON + timedelta(days=1)
    )
    assert "vaccination" in again.hears
    assert again.press("1").count("(en)")


def test_a_repeated_webhook_is_given_the_same_reply_and_does_nothing_twice(
    session: Session, sealer: Sealer
) -> None:
    """A carrier that repeats a request, even with another key, gets the reply it got before."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("11")
    before = caller.hears
    turn = caller.turn
    caller.send(heard_keys("3"), turn=turn)
    assert caller.turn == turn
    assert caller.hears == before
    assert session.scalar(select(func.count()).select_from(Turn)) == caller.turn + 1


def test_an_old_turn_that_comes_late_is_answered_as_it_was(
    session: Session, sealer: Sealer
) -> None:
    """A request that was held up on the way does not move the call."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    menu = caller.press("1")
    caller.press("1")
    assert caller.send(heard_keys("9"), turn=1) == menu


def test_a_turn_from_the_future_is_answered_with_the_latest(
    session: Session, sealer: Sealer
) -> None:
    """A made-up turn number leads nowhere else."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    latest = caller.reply
    caller.send(heard_keys("1"), turn=57)
    assert (caller.turn, caller.reply) == (1, latest)


def test_a_call_announced_twice_is_one_call(session: Session, sealer: Sealer) -> None:
    """The carrier may ask for the first turn again; the caller does not begin anew."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    again = begin_call(
        session, caller.library, sid=caller.sid, caller=caller.number, sealer=sealer, now=NOON
    )
    assert again == (caller.turn, caller.reply)
    assert session.scalar(select(func.count()).select_from(Call)) == 1


def test_star_repeats_hash_goes_back_and_zero_reaches_a_person(
    session: Session, sealer: Sealer
) -> None:
    """Three keys mean the same everywhere."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    menu = caller.press("1")
    answer = caller.press("11")
    assert "câu trả lời Tien" in answer
    assert caller.press("*") == answer
    caller.press("#")
    assert caller.press("#") == menu
    caller.press("0")
    assert isinstance(caller.ending, Transfer)


def test_silence_and_wrong_keys_are_excused_twice_and_then_lead_to_a_person(
    session: Session, sealer: Sealer
) -> None:
    """Nobody is left in a menu they do not understand, and nobody hears nothing."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    assert "~silence~" in caller.stay_silent()
    assert "~wrong_key~" in caller.press("8")
    assert "~silence~" in caller.stay_silent()
    assert isinstance(caller.ending, Transfer)


def test_a_word_chooses_like_a_key_and_an_ambiguous_one_is_asked_again(
    session: Session, sealer: Sealer
) -> None:
    """Spoken words are understood only when they name exactly one choice."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    assert "~not_understood~" in caller.say("tiêm chủng và cấp độ")
    assert "Tien" in caller.say("tôi hỏi về Tiêm chủng")


def test_a_dropped_call_goes_on_where_it_was_within_ten_minutes(
    session: Session, sealer: Sealer
) -> None:
    """Whoever rings back at once need not begin again; later they begin anew."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("111")
    answer = caller.hears
    caller.hang_up()
    soon = CallerOnTheLine(
        session, a_library(), sealer, number=number, now=NOON + timedelta(minutes=9)
    )
    assert "~resume_offer~" in soon.hears
    assert soon.press("1") == answer
    soon.hang_up()
    late = CallerOnTheLine(
        session, a_library(), sealer, number=number, now=NOON + timedelta(minutes=20)
    )
    assert "~resume_offer~" not in late.hears


def test_a_call_that_we_ended_is_not_resumed(session: Session, sealer: Sealer) -> None:
    """Whoever left a message and heard goodbye begins anew."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("14")
    assert isinstance(caller.ending, AwaitVoice)
    assert "~report_kept~" in caller.leave_message()
    caller.key_in("1")
    assert isinstance(caller.ending, HangUp)
    caller.hang_up()
    again = CallerOnTheLine(
        session, a_library(), sealer, number=number, now=NOON + timedelta(minutes=1)
    )
    assert "~resume_offer~" not in again.hears


def test_how_a_call_ended_is_recorded_once(session: Session, sealer: Sealer) -> None:
    """A caller who hangs up in a menu has dropped; a second status callback changes nothing."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    caller.hang_up()
    caller.now += timedelta(minutes=1)
    caller.hang_up()
    state, ended_at = session.execute(
        select(Call.state, Call.ended_at).where(Call.sid == caller.sid)
    ).one()
    assert (state, ended_at) == (CallState.DROPPED, NOON)


def test_a_withheld_number_is_served_like_any_other(session: Session, sealer: Sealer) -> None:
    """A hidden number hears every answer; nothing is remembered about it."""
    caller = CallerOnTheLine(session, a_library(), sealer, is_withheld=True)
    assert "câu trả lời Tien" in caller.press("111")
    assert "~sms_withheld~" in caller.press("5")
    assert session.scalar(select(Call.sealed).where(Call.sid == caller.sid)) is None


def test_a_call_without_end_is_led_to_a_person_and_then_closed(
    session: Session, sealer: Sealer
) -> None:
    """No call goes round in circles for ever."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("1")
    for _ in range(59):
        caller.press("*")
    assert "~too_long~" in caller.hears
    assert isinstance(caller.ending, Transfer)
    for _ in range(25):
        if isinstance(caller.ending, HangUp):
            break
        caller.press("*")
    assert isinstance(caller.ending, HangUp)


def test_a_place_that_a_newer_script_no_longer_has_becomes_the_home_menu(
    session: Session, sealer: Sealer
) -> None:
    """A new edition in the middle of a call loses nobody."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("13")
    lines = [line for line in SCRIPT.splitlines() if "my-level" not in line]
    caller.library = a_library(script="\n".join(lines))
    assert "tiêm chủng" in caller.press("*")


def test_a_call_that_still_goes_on_is_nobody_elses_to_resume(
    session: Session, sealer: Sealer
) -> None:
    """A school has one number for many telephones: the second caller begins at the beginning."""
    number = a_phone()
    first = CallerOnTheLine(session, a_library(), sealer, number=number)
    first.press("11")
    second = CallerOnTheLine(session, a_library(), sealer, number=number)
    assert "~resume_offer~" not in second.hears
    second.press("1")
    second.hang_up()
    third = CallerOnTheLine(session, a_library(), sealer, number=number)
    assert "115" not in third.hears
    assert say_aloud("Nguy hiểm gọi 115.", "vi") in third.hears
    assert "~resume_offer~" in third.hears
    assert "Tiếng Việt" not in third.press("2")


def test_a_phrase_that_an_older_version_did_not_know_is_said_all_the_same(
    session: Session,
) -> None:
    """A new version must not be mute until somebody has loaded files again."""
    files = shipped_files()
    phrases = files["phrases.yaml"]
    begins = phrases.index("  voicemail_ask_withheld:")
    ends = phrases.index("  voicemail_kept_withheld:")
    files["phrases.yaml"] = phrases[:begins] + phrases[ends:].replace("{reference}", "{older}")
    keep_edition(session, files, author="tacgia", now=NOON)
    library = load_library(session)
    assert library is not None
    assert set(library.phrases.phrases) == set(PHRASES)
    assert "số điện thoại" in library.phrases.phrases["voicemail_ask_withheld"].vi
    assert "{reference}" in library.phrases.phrases["voicemail_kept"].vi

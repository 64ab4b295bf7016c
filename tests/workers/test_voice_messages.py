"""Voice messages: brought home, sealed, deleted at the carrier; kept no longer than they may."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaigns.errors import UnknownSubscriberError
from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState, Turn
from hotline.caller_texts import CallerText
from hotline.callers import Caller
from hotline.calls.turns import end_call
from hotline.declarations.records import Declaration, begin_declaration
from hotline.library import Library, load_library
from hotline.tickets import Ticket, TicketKind
from hotline.voice_messages import VoiceMessage, note_voice
from service.erasing import erase_everywhere
from tests.builders import NOON, a_phone
from tests.fakes.telephones import put_library
from tests.fakes.voices import FakeVoices
from tests.hotline.builders import CallerOnTheLine, a_library
from tests.workers.conftest import Watch
from workers.retention import keep_retention
from workers.voice_messages import fetch_voice_messages

pytestmark = pytest.mark.usefixtures("job_context")
SOUND = b"RIFF....WAVEfmt a rumour"


@pytest.fixture
def ticket_id(session: Session, sealer: Sealer, voices: FakeVoices) -> int:
    """A caller has just left a rumour."""
    _leave_message(session, sealer, sid="RE1")
    voices.kept["RE1"] = SOUND
    session.commit()
    return session.scalars(select(Ticket.id)).one()


@pytest.fixture
def library(session: Session) -> Library:
    """The builders' library, where workers find it too."""
    put_library(session)
    library = load_library(session)
    assert library is not None
    return library


def _leave_message(session: Session, sealer: Sealer, *, sid: str) -> None:
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("14")
    caller.leave_message(sid=sid)


def _ticket(session: Session, ticket_id: int) -> Ticket:
    session.expire_all()
    return session.get_one(Ticket, ticket_id)


def _voice(session: Session, ticket_id: int) -> VoiceMessage:
    voice = _ticket(session, ticket_id).voice
    assert voice is not None
    return voice


def test_a_message_is_sealed_here_and_deleted_at_the_carrier(
    session: Session,
    ticket_id: int,
    *,
    voices: FakeVoices,
    files: dict[str, bytes],
    sealer: Sealer,
) -> None:
    """Afterwards one copy exists, and nobody can hear it without the key."""
    assert [fetch_voice_messages(), fetch_voice_messages()] == [1, 0]
    kept = _ticket(session, ticket_id)
    assert kept.voice is not None
    sealed = files[f"voices/{kept.voice.file}"]
    assert b"rumour" not in sealed
    assert sealer.unseal_bytes(sealed) == SOUND
    assert not kept.voice.is_at_carrier
    assert voices.kept == {}


def test_a_message_that_another_worker_forgets_meanwhile_leaves_no_file(
    session: Session, ticket_id: int, *, voices: FakeVoices, files: dict[str, bytes]
) -> None:
    """What nobody knows of any more, nobody would ever delete."""

    def forget() -> None:
        session.execute(delete(VoiceMessage))
        session.commit()

    voices.meanwhile = forget
    assert fetch_voice_messages() == 0
    assert files == {}
    assert _ticket(session, ticket_id).voice is None


def test_a_file_that_a_killed_worker_left_unnoted_goes_with_its_message(
    session: Session, ticket_id: int, *, files: dict[str, bytes], watch: Watch
) -> None:
    """It was stored, and before that was noted the worker died and the ticket's time was over."""
    fetch_voice_messages()
    session.execute(update(VoiceMessage).values(file="", is_at_carrier=True, ticket_id=None))
    session.commit()
    assert (len(files), _ticket(session, ticket_id).voice) == (1, None)
    watch.forward(minutes=20)
    fetch_voice_messages()
    assert files == {}


def test_a_carrier_that_is_away_or_will_not_delete_is_asked_again(
    session: Session, ticket_id: int, voices: FakeVoices, files: dict[str, bytes]
) -> None:
    """Nothing is lost and nothing is forgotten half-way."""
    voices.is_away = True
    assert fetch_voice_messages() == 0
    voices.is_away, voices.refuses = False, True
    assert fetch_voice_messages() == 0
    assert len(files) == 1
    assert _voice(session, ticket_id).is_at_carrier
    voices.refuses = False
    assert fetch_voice_messages() == 1
    assert len(files) == 1


def test_messages_that_cannot_be_had_keep_no_other_waiting(
    session: Session, sealer: Sealer, voices: FakeVoices, watch: Watch
) -> None:
    """Thirty messages that the carrier lost, and the one after them comes home all the same."""
    for number in range(30):
        _leave_message(session, sealer, sid=f"RE-lost-{number}")
    _leave_message(session, sealer, sid="RE-last")
    voices.kept["RE-last"] = SOUND
    session.commit()
    assert [fetch_voice_messages(), fetch_voice_messages()] == [0, 1]
    assert voices.kept == {}
    # From the beginning again, until there is no hope left.
    voices.kept["RE-lost-0"] = SOUND
    assert fetch_voice_messages() == 1
    watch.forward(days=15)
    voices.kept["RE-lost-1"] = SOUND
    assert [fetch_voice_messages(), fetch_voice_messages()] == [0, 0]


def test_a_copy_at_the_carrier_is_deleted_however_long_it_takes(
    session: Session, ticket_id: int, voices: FakeVoices, watch: Watch
) -> None:
    """What citizens said does not stay abroad because somebody was away for a month."""
    voices.refuses = True
    fetch_voice_messages()
    watch.forward(days=40)
    assert fetch_voice_messages() == 0
    voices.refuses = False
    assert fetch_voice_messages() == 1
    assert voices.kept == {}
    assert not _voice(session, ticket_id).is_at_carrier


def test_two_messages_that_sound_the_same_are_two_files(
    session: Session, sealer: Sealer, voices: FakeVoices, files: dict[str, bytes]
) -> None:
    """Two silences of the same length: dropping one in its time leaves the other."""
    for sid in ("RE1", "RE2"):
        _leave_message(session, sealer, sid=sid)
        voices.kept[sid] = SOUND
    session.commit()
    assert fetch_voice_messages() == 2
    assert len(files) == 2


def test_what_callers_said_and_their_numbers_are_emptied_in_time(
    session: Session, ticket_id: int, watch: Watch, files: dict[str, bytes]
) -> None:
    """Words after a day; the number once the ticket is closed and thirty days are over."""
    fetch_voice_messages()
    watch.forward(days=2)
    keep_retention()
    session.expire_all()
    assert {turn.reply for turn in session.scalars(select(Turn))} == {""}
    watch.forward(days=40)
    keep_retention()
    assert _ticket(session, ticket_id).sealed is not None
    assert session.scalars(select(Call.sealed)).one() is not None
    _ticket(session, ticket_id).close(now=watch())
    session.commit()
    watch.forward(days=31)
    keep_retention()
    assert _ticket(session, ticket_id).sealed is None
    session.expire_all()
    assert session.scalars(select(Call.sealed)).one() is None
    fetch_voice_messages()
    assert files == {}
    assert session.scalars(select(VoiceMessage)).all() == []


def test_a_call_of_whose_end_nobody_told_is_dropped_after_hours(
    session: Session, sealer: Sealer, watch: Watch
) -> None:
    """A lost status callback does not leave a call going for ever."""
    CallerOnTheLine(session, a_library(), sealer)
    session.commit()
    keep_retention()
    assert session.scalars(select(Call.state)).one() is CallState.GOING
    watch.moment += timedelta(hours=4)
    keep_retention()
    session.expire_all()
    assert session.scalars(select(Call.state)).one() is CallState.DROPPED


def test_a_recording_that_no_ticket_holds_is_deleted_at_the_carrier(
    session: Session, ticket_id: int, voices: FakeVoices, watch: Watch
) -> None:
    """Too short to be a message, or left while we could not answer."""
    for sid in ("RE1", "REshort", "REshort"):
        note_voice(session, sid, call_sid="CAx", seconds=1, now=watch())
    session.commit()
    voices.kept["REshort"] = b"beep"
    voices.is_away = True
    watch.forward(minutes=20)
    fetch_voice_messages()
    assert set(voices.kept) == {"RE1", "REshort"}
    voices.is_away = False
    fetch_voice_messages()
    assert voices.kept == {}
    assert [one.sid for one in session.scalars(select(VoiceMessage))] == ["RE1"]
    assert _voice(session, ticket_id).file != ""


def test_whoever_is_forgotten_is_forgotten_by_the_hotline_too(
    session: Session, sealer: Sealer, watch: Watch
) -> None:
    """Their number, what they chose and what was texted to them; the counts stay."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("9115")
    caller.press("0")
    caller.be_transferred(was_answered=False)
    caller.leave_message()
    erase_everywhere(session, number, source="letter", sealer=sealer, now=watch())
    fingerprint = sealer.fingerprint(number)
    assert session.get(Caller, fingerprint) is None
    (call,) = session.scalars(select(Call)).all()
    assert (call.sealed, call.fingerprint) == (None, None)
    assert [ticket.sealed for ticket in session.scalars(select(Ticket))] == [None]
    assert [(one.sealed, one.body) for one in session.scalars(select(CallerText))] == [(None, "")]
    with pytest.raises(UnknownSubscriberError):
        erase_everywhere(session, a_phone(), source="letter", sealer=sealer, now=watch())


def test_a_message_whose_turn_never_came_becomes_its_ticket(
    session: Session, sealer: Sealer, library: Library, *, voices: FakeVoices, watch: Watch
) -> None:
    """The web was away when the caller had spoken; what they said is worked on all the same."""
    caller = CallerOnTheLine(session, library, sealer)
    caller.press("14")
    voices.kept["RE-missed"] = SOUND
    note_voice(session, "RE-missed", call_sid=caller.sid, seconds=9, now=watch())
    session.commit()
    fetch_voice_messages()
    assert session.scalars(select(Ticket)).all() == []
    watch.forward(minutes=20)
    assert [fetch_voice_messages(), fetch_voice_messages()] == [0, 1]
    ticket = session.scalars(select(Ticket)).one()
    assert ticket.kind is TicketKind.RUMOUR
    assert (_voice(session, ticket.id).seconds, voices.kept) == (9, {})
    assert f"ticket.{ticket.reference}" in session.scalars(select(CallerText.subject)).all()
    # Should the request come after all, it is told what the turn said.
    assert "~report_kept~" in caller.leave_message(sid="RE-missed")
    assert len(session.scalars(select(Ticket)).all()) == 1


def test_what_somebody_said_is_gone_after_their_erasure(
    session: Session,
    sealer: Sealer,
    *,
    voices: FakeVoices,
    files: dict[str, bytes],
    watch: Watch,
) -> None:
    """A voice is a person too, and so is a declaration."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("14")
    caller.leave_message(sid="RE1")
    call_id = session.scalars(select(Call.id)).one()
    begin_declaration(session, call_id, keep_for=timedelta(days=30), sealer=sealer, now=watch())
    voices.kept["RE1"] = SOUND
    session.commit()
    assert fetch_voice_messages() == 1
    erase_everywhere(session, number, source="letter", sealer=sealer, now=watch())
    session.commit()
    watch.forward(minutes=20)
    fetch_voice_messages()
    assert files == {}
    assert session.scalars(select(VoiceMessage)).all() == []
    assert session.scalars(select(Declaration)).all() == []


def test_a_try_that_was_too_short_costs_nobody_their_real_message(
    session: Session, sealer: Sealer, library: Library, *, voices: FakeVoices, watch: Watch
) -> None:
    """One silence, one cough, then fifty seconds whose request never reaches us."""
    caller = CallerOnTheLine(session, library, sealer)
    caller.press("14")
    caller.stay_silent()
    caller.leave_message(sid="RE-short", seconds=1)
    for sid, seconds in (("RE-short", 1), ("RE-real", 50)):
        note_voice(session, sid, call_sid=caller.sid, seconds=seconds, now=watch())
        voices.kept[sid] = SOUND
    session.commit()
    watch.forward(minutes=20)
    for _ in range(3):
        fetch_voice_messages()
    ticket = session.scalars(select(Ticket)).one()
    assert (_voice(session, ticket.id).sid, ticket.opened_at) == ("RE-real", NOON)
    assert voices.kept == {}


def test_the_turns_of_a_call_that_goes_on_are_its_own(
    session: Session, sealer: Sealer, library: Library, *, voices: FakeVoices, watch: Watch
) -> None:
    """A household's declarations may take longer than a message waits to be claimed."""
    note_voice(session, "RE1", call_sid="CA-going", seconds=9, now=watch())
    watch.forward(minutes=20)
    caller = CallerOnTheLine(session, library, sealer, now=watch())
    caller.press("14")
    session.execute(update(VoiceMessage).values(call_sid=caller.sid))
    session.commit()
    voices.kept["RE1"] = SOUND
    turn = caller.turn
    fetch_voice_messages()
    caller.leave_message(sid="RE2")
    assert (caller.turn, set(voices.kept)) == (turn + 1, {"RE1"})


def test_a_message_not_yet_claimed_is_nobodys_after_the_erasure(
    session: Session, sealer: Sealer, library: Library, *, voices: FakeVoices, watch: Watch
) -> None:
    """It opens no ticket any more, and goes."""
    number = a_phone()
    caller = CallerOnTheLine(session, library, sealer, number=number)
    caller.press("14")
    note_voice(session, "RE1", call_sid=caller.sid, seconds=9, now=watch())
    voices.kept["RE1"] = SOUND
    session.commit()
    erase_everywhere(session, number, source="letter", sealer=sealer, now=watch())
    session.commit()
    watch.forward(minutes=20)
    fetch_voice_messages()
    assert session.scalars(select(Ticket)).all() == []
    assert (voices.kept, session.scalars(select(VoiceMessage)).all()) == ({}, [])


def test_whose_ticket_is_open_for_half_a_year_can_still_be_forgotten(
    session: Session, sealer: Sealer, watch: Watch
) -> None:
    """As long as a number of theirs is kept, they are found by it."""
    number = a_phone()
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("14")
    caller.leave_message()
    session.commit()
    watch.forward(days=181)
    keep_retention()
    erase_everywhere(session, number, source="letter", sealer=sealer, now=watch())
    session.expire_all()
    assert [ticket.sealed for ticket in session.scalars(select(Ticket))] == [None]
    session.commit()
    keep_retention()
    session.expire_all()
    assert session.scalars(select(Call.fingerprint)).all() == [None]


def test_whose_declaration_is_kept_for_a_year_can_still_be_forgotten(
    session: Session, sealer: Sealer, watch: Watch
) -> None:
    """A province may keep them longer than the traces of other calls."""
    number = a_phone()
    CallerOnTheLine(session, a_library(), sealer, number=number)
    call_id = session.scalars(select(Call.id)).one()
    begin_declaration(session, call_id, keep_for=timedelta(days=365), sealer=sealer, now=watch())
    session.commit()
    watch.forward(days=181)
    keep_retention()
    erase_everywhere(session, number, source="letter", sealer=sealer, now=watch())
    assert session.scalars(select(Declaration)).all() == []


def test_the_end_of_a_call_may_be_told_after_its_words_are_gone(
    session: Session, sealer: Sealer, watch: Watch
) -> None:
    caller = CallerOnTheLine(session, a_library(), sealer)
    session.commit()
    watch.forward(days=2)
    session.execute(update(Call).values(state=CallState.GOING))
    session.execute(update(Turn).values(reply="", visit=""))
    end_call(session, sid=caller.sid, now=watch())
    session.expire_all()
    assert session.scalars(select(Call.state)).one() is CallState.DROPPED

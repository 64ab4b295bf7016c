"""The hotline's web: whatever a carrier sends, signed, somebody on the phone hears sense."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState, Turn
from service.loopback.telephone import Telephone
from service.loopback.twiml import Dial, Gather, Hangup, Record, Say, Verb, read_twiml
from service.twilio.signatures import sign
from tests.builders import a_phone
from tests.fakes.telephones import (
    PUBLIC_URL,
    TOKEN,
    Exchange,
    an_exchange,
    heard_on,
    put_library,
)
from tests.hotline.builders import SCRIPT, a_library, an_answer

VOICE = f"{PUBLIC_URL}/twilio/voice"


@pytest.fixture
def silent_exchange(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Exchange:
    """A hotline into which nothing has been loaded yet."""
    return an_exchange(engine, sessions, sealer, data_dir)


@pytest.fixture
def exchange(silent_exchange: Exchange) -> Exchange:
    with silent_exchange.sessions.begin() as session:
        put_library(session)
    return silent_exchange


def post(exchange: Exchange, path: str, **form: str) -> tuple[int, bytes]:
    """Post a signed form that is not that of any telephone."""
    url = VOICE + path
    pairs = list(form.items())
    headers = {"X-Twilio-Signature": sign(url, pairs, TOKEN)}
    answer = exchange.ask(url, pairs, headers)
    return answer.status, answer.body


def said(document: bytes) -> str:
    """Return what a caller hears of *document*; reading it also proves that it can be run."""
    sounds: list[Verb] = []
    for verb in read_twiml(document):
        sounds += verb.sounds if isinstance(verb, Gather) else [verb]
    return " | ".join(sound.text for sound in sounds if isinstance(sound, Say))


def waits(line: Telephone) -> type:
    return type(line.waits)


def counted(exchange: Exchange, table: type[Call | Turn]) -> int:
    with exchange.sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_call_goes_from_the_greeting_to_an_answer(exchange: Exchange) -> None:
    line = exchange.ringing(a_phone())
    assert "một một năm" in heard_on(line)

    line.press("1")
    line.press("1")
    line.press("1")
    assert "câu trả lời Tien" in heard_on(line)
    line.hang_up()
    assert line.heard == []
    with exchange.sessions() as session:
        assert session.scalars(select(Call.state)).all() == [CallState.DROPPED]


def test_keys_pressed_ahead_of_the_menus_are_taken_one_by_one(exchange: Exchange) -> None:
    line = exchange.ringing()

    assert line.press("111") == "11"


def test_a_word_is_as_good_as_a_key(exchange: Exchange) -> None:
    line = exchange.ringing()
    line.press("1")

    line.say("cho tôi hỏi về tiêm chủng")
    assert "câu hỏi Tien" in heard_on(line)


@pytest.mark.parametrize("path", ["", "/turns/1", "/status"])
@pytest.mark.parametrize("signature", ["", "x" * 28, "é", sign(VOICE, [("CallSid", "CA2")], TOKEN)])
def test_a_request_that_the_carrier_did_not_sign_is_turned_away(
    exchange: Exchange, path: str, signature: str
) -> None:
    headers = {"X-Twilio-Signature": signature} if signature else {}
    answer = exchange.ask(VOICE + path, [("CallSid", "CA1")], headers)

    assert answer.status == 403
    assert counted(exchange, Call) == 0


def test_a_signature_for_one_turn_does_not_open_another(exchange: Exchange) -> None:
    form = [("CallSid", "CA1"), ("Digits", "1")]
    headers = {"X-Twilio-Signature": sign(f"{VOICE}/turns/1", form, TOKEN)}

    assert exchange.ask(f"{VOICE}/turns/1", form, headers).status == 200
    assert exchange.ask(f"{VOICE}/turns/2", form, headers).status == 403
    assert exchange.ask(f"{VOICE}/turns/1?x=1", form, headers).status == 403


@pytest.mark.parametrize(
    "form",
    [
        {"Digits": "***"},
        {"Digits": "9" * 5000},
        {"Digits": "\x00"},
        {"Digits": "hangup"},
        {"SpeechResult": "a" * 5000},
        {"SpeechResult": "\ufffd\x00" * 300},
        {"RecordingSid": "R" * 500, "RecordingDuration": "x"},
        {"DialCallStatus": ""},
        {"From": "anonymous"},
        {"From": "x" * 5000},
        {"Unheard": "of"},
        {},
    ],
)
def test_absurd_input_is_answered_with_sense(exchange: Exchange, form: dict[str, str]) -> None:
    """The caller hears what to do, in the place where the call is, and can go on from there."""
    line = exchange.ringing()
    line.press("1")
    status, document = post(exchange, "/turns/2", **{"CallSid": line.sid, **form})

    assert status == 200
    assert re.search("~(silence|wrong_key|not_understood|person_busy)~", said(document))
    assert isinstance(read_twiml(document)[0], Gather)
    status, document = post(exchange, "/turns/3", CallSid=line.sid, Digits="1")
    assert "câu hỏi Tien" in said(document)


@pytest.mark.parametrize(
    "caller", ["anonymous", "+266696687", "", "sip:anonymous@anonymous.invalid"]
)
def test_a_withheld_number_is_served_and_not_kept(exchange: Exchange, caller: str) -> None:
    exchange.ringing(caller)

    with exchange.sessions() as session:
        assert session.execute(select(Call.fingerprint, Call.sealed)).all() == [(None, None)]


@pytest.mark.parametrize("number", [0, 1, 7, 99999, 10**30])
def test_a_turn_of_a_call_that_nobody_knows_begins_it(exchange: Exchange, number: int) -> None:
    status, document = post(exchange, f"/turns/{number}", CallSid="CA-unheard-of", Digits="1")

    assert status == 200
    assert "Xin chào" in said(document)
    assert f"{VOICE}/turns/1".encode() in document


@pytest.mark.parametrize("sid", ["x" * 5000, "a b/ü\x00", "9c5e-11@sbc.example.vn"])
def test_a_call_may_have_any_name(exchange: Exchange, sid: str) -> None:
    post(exchange, "", CallSid=sid)
    _, document = post(exchange, "/turns/1", CallSid=sid, Digits="1")

    assert "tiêm chủng" in said(document)
    assert counted(exchange, Call) == 1


def test_a_call_without_a_name_is_told_to_call_again(exchange: Exchange) -> None:
    status, document = post(exchange, "", From="+84912345678")

    assert status == 200
    assert "một một năm" in said(document)
    assert counted(exchange, Call) == 0


def test_an_old_turn_repeated_gives_the_same_bytes_and_changes_nothing(
    exchange: Exchange,
) -> None:
    """A carrier that did not get our answer asks again, perhaps much later."""
    line = exchange.ringing()
    first = post(exchange, "/turns/1", CallSid=line.sid, Digits="1")
    post(exchange, "/turns/2", CallSid=line.sid, Digits="1")
    turns = counted(exchange, Turn)

    assert post(exchange, "/turns/1", CallSid=line.sid, Digits="1") == first
    assert post(exchange, "/turns/1", CallSid=line.sid, Digits="5") == first
    assert counted(exchange, Turn) == turns


def test_a_turn_from_the_future_gives_the_latest(exchange: Exchange) -> None:
    line = exchange.ringing()
    latest = post(exchange, "/turns/1", CallSid=line.sid, Digits="1")

    assert post(exchange, "/turns/40", CallSid=line.sid, Digits="1") == latest


def test_a_call_that_rings_twice_is_one_call(exchange: Exchange) -> None:
    first = post(exchange, "", CallSid="CA1", From="+84912345678")

    assert post(exchange, "", CallSid="CA1", From="+84912345678") == first
    assert counted(exchange, Call) == 1


def test_a_status_that_comes_before_the_call_does_no_harm(exchange: Exchange) -> None:
    status, _ = post(exchange, "/status", CallSid="CA1", CallStatus="completed")
    assert status == 204

    status, document = post(exchange, "", CallSid="CA1")
    assert "Xin chào" in said(document)


def test_a_status_of_a_call_that_goes_on_does_not_end_it(exchange: Exchange) -> None:
    line = exchange.ringing()

    assert post(exchange, "/status", CallSid=line.sid, CallStatus="ringing")[0] == 204
    assert post(exchange, "/status", CallSid=line.sid)[0] == 204
    with exchange.sessions() as session:
        assert session.scalars(select(Call.state)).all() == [CallState.GOING]


def test_a_hotline_without_a_script_says_whom_to_call(silent_exchange: Exchange) -> None:
    status, document = post(silent_exchange, "", CallSid="CA1")

    assert status == 200
    assert "một một năm" in said(document)
    assert counted(silent_exchange, Call) == 0


def test_a_fault_of_ours_is_spoken_and_never_a_silence(exchange: Exchange) -> None:
    """Somebody in danger must hear 115 even when the tables are broken."""
    line = exchange.ringing()
    with exchange.sessions.begin() as session:
        session.execute(update(Turn).values(visit="{"))
    status, document = post(exchange, "/turns/1", CallSid=line.sid, Digits="1")

    assert status == 200
    assert "~fault~" in said(document)
    assert read_twiml(document)[-1] == Hangup()


def test_a_status_that_cannot_be_kept_may_be_sent_again(exchange: Exchange) -> None:
    line = exchange.ringing()
    with exchange.sessions.begin() as session:
        session.execute(update(Turn).values(reply="{"))

    assert post(exchange, "/status", CallSid=line.sid, CallStatus="completed")[0] == 503


def test_what_is_loaded_is_said_from_the_next_turn_on(exchange: Exchange) -> None:
    line = exchange.ringing()
    line.press("1")
    with exchange.sessions.begin() as session:
        corrected = an_answer("Tien", text="đã sửa", version=2)
        put_library(session, a_library(corrected, an_answer("Nguy")))
    line.press("1")
    line.press("1")

    assert "đã sửa" in heard_on(line)


def test_a_script_that_changes_between_two_turns_leaves_nobody_nowhere(
    exchange: Exchange,
) -> None:
    line = exchange.ringing()
    line.press("1")
    line.press("1")
    with exchange.sessions.begin() as session:
        put_library(session, script=_without_vaccination())
    line.press("2")

    assert isinstance(line.waits, Gather)
    assert heard_on(line)


def _without_vaccination() -> str:
    head, _, rest = SCRIPT.partition("  vaccination:\n")
    _, _, tail = rest.partition("  declare:")
    return head.replace("to: vaccination", "to: my-level") + "  declare:" + tail


def test_a_message_is_taken_and_a_person_is_rung(exchange: Exchange) -> None:
    line = exchange.ringing(a_phone())
    line.press("1")
    line.press("4")
    assert isinstance(line.waits, Record)
    line.leave_message(12)
    assert "~report_kept~" in heard_on(line)
    assert waits(line) is Gather
    line.stay_silent()
    assert line.is_over

    second = exchange.ringing(a_phone())
    second.press("1")
    second.press("0")
    assert waits(second) is Dial
    second.end_ringing("busy")
    assert waits(second) is Record


def test_a_recorded_prompt_is_kept_by_caches_for_good(exchange: Exchange) -> None:
    (exchange.data_dir / "recordings").mkdir()
    (exchange.data_dir / "recordings" / "ab12.wav").write_bytes(b"RIFF sound")
    client = exchange.app.test_client()

    sound = client.get("/twilio/voice/sounds/ab12")
    assert sound.status_code == 200
    assert sound.mimetype == "audio/wav"
    assert sound.data == b"RIFF sound"
    assert "immutable" in sound.headers["Cache-Control"]
    again = client.get("/twilio/voice/sounds/ab12", headers={"If-None-Match": '"ab12"'})
    assert again.status_code == 304


@pytest.mark.parametrize("digest", ["00", "..%2f..%2floa", "ab12.wav", "%00", "é"])
def test_nothing_but_recorded_prompts_can_be_fetched(exchange: Exchange, digest: str) -> None:
    answer = exchange.app.test_client().get(f"/twilio/voice/sounds/{digest}")

    assert answer.status_code == 404

"""Replies as TwiML: what every switch can carry out, with everything a caller may press."""

import xml.etree.ElementTree as ET
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from hotline.steps import AwaitKeys, AwaitVoice, HangUp, Reply, Spoken, Transfer
from service.loopback.twiml import Dial, Gather, Hangup, Play, Record, Redirect, Say, read_twiml
from service.settings import VOICES, Settings
from service.twilio.voice import VoiceRenderer

URL = "https://loa.example.vn"
HELLO = Spoken("vi", "Xin chào & tạm biệt < >")


@pytest.fixture
def renderer() -> VoiceRenderer:
    return VoiceRenderer(public_url=URL, voices=VOICES)


def test_a_menu_hears_every_key_and_silence_leads_to_the_same_turn(
    renderer: VoiceRenderer,
) -> None:
    """The keys for again and back are keys like any other; nobody is left in silence."""
    document = renderer.render(Reply((HELLO,), AwaitKeys()), number=4)

    gather, redirect = read_twiml(document)
    assert gather == Gather(
        (Say(HELLO.text, "Google.vi-VN-Wavenet-A", "vi-VN"),),
        action=f"{URL}/twilio/voice/turns/5",
        timeout_s=6,
        most=1,
        finishes="",
    )
    assert redirect == Redirect(f"{URL}/twilio/voice/turns/5")
    assert b'finishOnKey=""' in document


def test_an_entry_of_several_keys_ends_with_the_hash_key(renderer: VoiceRenderer) -> None:
    gather, _ = read_twiml(renderer.render(Reply((HELLO,), AwaitKeys(most=5)), number=0))

    assert isinstance(gather, Gather)
    assert (gather.most, gather.finishes) == (5, "#")


@pytest.mark.parametrize(
    ("language", "tag"), [("vi", "vi-VN"), ("zh", "cmn-Hans-CN"), ("en", "en-US")]
)
def test_words_are_listened_for_in_the_language_of_the_call(
    renderer: VoiceRenderer, language: str, tag: str
) -> None:
    ending = AwaitKeys(hears=language, hints=("tiêm chủng", "vắc xin, mũi hai", "tiêm chủng"))
    gather, _ = read_twiml(renderer.render(Reply((HELLO,), ending), number=0))

    assert isinstance(gather, Gather)
    assert gather.hears == tag
    assert gather.hints == ("tiêm chủng", "vắc xin  mũi hai")


def test_a_language_that_no_machine_understands_is_only_keyed(renderer: VoiceRenderer) -> None:
    gather, _ = read_twiml(renderer.render(Reply((HELLO,), AwaitKeys(hears="tyz")), number=0))

    assert isinstance(gather, Gather)
    assert gather.hears == ""


def test_a_recording_is_played_from_the_public_address_by_its_digest(
    renderer: VoiceRenderer,
) -> None:
    reply = Reply((Spoken("tyz", "", "ab12"), HELLO), HangUp())

    play, say, end = read_twiml(renderer.render(reply, number=0))
    assert play == Play(f"{URL}/twilio/voice/sounds/ab12")
    assert isinstance(say, Say)
    assert end == Hangup()


def test_a_message_ends_with_the_hash_key_and_is_reported(renderer: VoiceRenderer) -> None:
    _, record, redirect = read_twiml(renderer.render(Reply((HELLO,), AwaitVoice(120)), number=7))

    assert record == Record(
        f"{URL}/twilio/voice/turns/8",
        longest_s=120,
        finishes="#",
        callback=f"{URL}/twilio/voice/recordings",
    )
    assert redirect == Redirect(f"{URL}/twilio/voice/turns/8")


def test_a_transfer_rings_all_numbers_at_once(renderer: VoiceRenderer) -> None:
    ending = Transfer(("+84205000001", "+84963201515"), 20)

    _, dial = read_twiml(renderer.render(Reply((HELLO,), ending), number=1))
    assert dial == Dial(f"{URL}/twilio/voice/turns/2", 20, ("+84205000001", "+84963201515"))


def test_a_voice_may_be_chosen_for_each_language() -> None:
    """The tag of the language follows the voice, as a carrier refuses a pair that does not fit."""
    voices = Settings.model_validate(
        {"LOA_VOICES": "zh=Google.zh-TW-Standard-A, en=Polly.Amy"}
    ).voices
    renderer = VoiceRenderer(public_url=URL, voices=voices)
    spoken = tuple(Spoken(language, "…") for language in ("vi", "zh", "en"))

    said = read_twiml(renderer.render(Reply(spoken, HangUp()), number=0))
    assert [(one.voice, one.language) for one in said if isinstance(one, Say)] == [
        ("Google.vi-VN-Wavenet-A", "vi-VN"),
        ("Google.zh-TW-Standard-A", "zh-TW"),
        ("Polly.Amy", "en-US"),
    ]


@pytest.mark.parametrize("written", ["tyz=Google.x", "vi", "vi=", 'vi="/>', "vi=" + "x" * 65])
def test_a_voice_that_cannot_be_is_refused_at_the_start(written: str) -> None:
    with pytest.raises(ValueError, match="LANGUAGE=VOICE"):
        Settings.model_validate({"LOA_VOICES": written})


@given(text=st.text(min_size=1, max_size=60))
def test_whatever_is_said_becomes_a_document_that_can_be_read(text: str) -> None:
    """A name from a list with a control character in it must not make a call fall silent."""
    renderer = VoiceRenderer(public_url=URL, voices=VOICES)
    document = renderer.render(Reply((Spoken("vi", text),), HangUp()), number=3)

    said = ET.fromstring(document)[0].text or ""  # noqa: S314 - our own
    assert [char for char in said if char.isalnum()] == [char for char in text if char.isalnum()]


def test_the_number_of_a_turn_does_not_stay_in_what_is_remembered(
    renderer: VoiceRenderer,
) -> None:
    """The same words in two calls at different turns lead on from each call's own turn."""
    reply = Reply((HELLO,), AwaitKeys())

    first, second = renderer.render(reply, number=1), renderer.render(reply, number=41)
    assert first == second.replace(b"turns/42", b"turns/2")
    assert second.count(b"/twilio/voice/turns/42") == 2


def test_rendering_costs_no_more_than_the_official_library_alone(
    renderer: VoiceRenderer,
) -> None:
    """A turn that thousands have heard before is rendered in a fraction of that."""
    reply = Reply((HELLO,) * 6, AwaitKeys())
    renderer.render(reply, number=0)

    def officially() -> None:
        response: Any = VoiceResponse()  # type: ignore[no-untyped-call]
        gather = response.gather(num_digits=1, action=f"{URL}/x", finish_on_key="")
        for _ in range(6):
            gather.say(HELLO.text, voice="Google.vi-VN-Wavenet-A", language="vi-VN")
        response.redirect(f"{URL}/x")
        str(response)

    def seconds(work: object) -> float:
        begun = process_time()
        for number in range(500):
            officially() if work is officially else renderer.render(reply, number=number)
        return process_time() - begun

    assert min(seconds(renderer) for _ in range(3)) * 3 < min(seconds(officially) for _ in range(3))

"""Who calls and what was heard: whatever a carrier writes is read, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calls.heard import SILENCE, Heard, HeardKind, heard_keys, heard_words
from service.twilio.hearing import is_over, read_call_sid, read_caller, read_heard

ANYTHING = st.dictionaries(
    st.sampled_from(
        [
            "CallSid",
            "From",
            "Digits",
            "FinishedOnKey",
            "SpeechResult",
            "RecordingSid",
            "RecordingDuration",
            "DialCallStatus",
            "CallStatus",
        ]
    ),
    st.text(alphabet=st.characters(), max_size=80),
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+84912345678", "+84912345678"),
        ("0912345678", "+84912345678"),
        ("84912345678", "+84912345678"),
        (" 84912345678", "+84912345678"),
        ("0084912345678", "+84912345678"),
        ("01692345678", "+84392345678"),
        ("02053812345", "+842053812345"),
        ("+842053812345", "+842053812345"),
        ("sip:+84912345678@sbc.example.vn;user=phone", "+84912345678"),
        ("sips:0912345678@10.0.0.1:5061", "+84912345678"),
        ("+8613812345678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("+15005550006", "+15005550006"),
    ],
)
def test_a_number_is_read_however_the_carrier_writes_it(written: str, number: str) -> None:
    assert read_caller({"From": written}) == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "anonymous",
        "Anonymous",
        "Restricted",
        "unavailable",
        "+266696687",
        "+86282452253",
        "+7378742833",
        "+2562533",
        "8656696",
        "sip:anonymous@anonymous.invalid",
        "client:operator",
        "113",
        "+",
        "+8x",
        "９" * 4,
        "x" * 5000,
        "\x00",
    ],
)
def test_a_withheld_number_is_nobodys_number(written: str) -> None:
    """Otherwise all who withhold theirs would share one language, and one limit of texts."""
    assert read_caller({"From": written}) is None
    assert read_caller({}) is None


@pytest.mark.parametrize(
    ("form", "heard"),
    [
        ({"Digits": "1"}, heard_keys("1")),
        ({"Digits": "*"}, heard_keys("*")),
        ({"Digits": "06196", "FinishedOnKey": "#"}, heard_keys("06196")),
        ({"Digits": "", "FinishedOnKey": "#"}, heard_keys("#")),
        ({"Digits": "<script>"}, SILENCE),
        ({"SpeechResult": "vắc xin", "Confidence": "0.8"}, heard_words("vắc xin")),
        ({"Digits": "2", "SpeechResult": "hai"}, heard_keys("2")),
        ({}, SILENCE),
        (
            {"RecordingSid": "RE1", "RecordingDuration": "9", "Digits": "#"},
            Heard(HeardKind.VOICE, voice_sid="RE1", seconds=9),
        ),
        (
            {"RecordingSid": "RE1", "RecordingDuration": "-٣"},
            Heard(HeardKind.VOICE, voice_sid="RE1", seconds=0),
        ),
        ({"RecordingSid": "../../etc"}, SILENCE),
        ({"DialCallStatus": "completed"}, Heard(HeardKind.TRANSFERRED, was_answered=True)),
        ({"DialCallStatus": "no-answer"}, Heard(HeardKind.TRANSFERRED)),
    ],
)
def test_what_the_caller_did_is_understood(form: dict[str, str], heard: Heard) -> None:
    assert read_heard(form) == heard


@given(form=ANYTHING)
def test_no_form_is_too_strange_to_be_read(form: dict[str, str]) -> None:
    heard = read_heard(form)
    caller = read_caller(form)

    assert len(heard.words) <= 200
    assert len(heard.keys) <= 20
    assert 0 <= heard.seconds <= 3600
    assert len(read_call_sid(form)) <= 64
    assert caller is None or (caller.isascii() and 8 <= len(caller) <= 16)


def test_only_a_call_that_ended_is_over() -> None:
    assert is_over({"CallStatus": "completed"})
    assert is_over({"CallStatus": "no-answer"})
    assert not is_over({"CallStatus": "in-progress"})
    assert not is_over({})

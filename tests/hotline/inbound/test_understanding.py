"""Understanding: a word is known however it is written, and nothing else is taken for it."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.subscribers.languages import NAMES
from campaigns.subscribers.topics import Topic
from hotline.inbound.understanding import Understood, sounds_dangerous, understand
from hotline.inbound.words import FILE, InboundWords, in_languages, inbound_words
from hotline.inbound_texts import Meaning
from tests.hotline.inbound.files import written_words

STOPS = [word for _, word in in_languages(inbound_words().stop)]
SIGNS = " .,!?-_/()\"'…🛑\u200b\n\u00a0"


def meaning(text: str) -> tuple[Meaning, str]:
    understood = understand(text)
    return understood.meaning, understood.topic


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "Stop.", "s.t.o.p", "ＳＴＯＰ", "🛑 STOP 🛑", "STOP STOP", "unsubscribe", "End"),
        *("HUY", "Hủy", "Huỷ!", "hủy nhận tin", "TU CHOI", "từ chối", "tuchoi", "Từ-chối"),
        *("TC", "Từ chối ạ", "xin dừng", "Dừng ngay!"),
        *("Không nhận tin nữa!!!", "dừng", "Thôi.", "退订", "TD", "取消 订阅"),
        *("bấu au", "Maiv oix"),
    ],
)
def test_a_stop_is_understood_in_every_language_however_it_is_written(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert meaning(unicodedata.normalize(form, text)) == (Meaning.STOP, "")


@pytest.mark.parametrize(
    "text",
    [
        *("STOP 12345", "HUY LICH TIEM", "Hủy lịch tiêm giúp tôi", "huy tiem", "tu choi tiem"),
        *("đúng", "DUNG", "thoi", "Tôi là Huy", "không", "không hủy", "Có", "OK", "xin chào"),
        *("stop covid", "dont stop", "nonstop", "stopp", "T", "12345"),
    ],
)
def test_what_only_begins_like_a_stop_is_for_a_person(text: str) -> None:
    """Nobody loses warnings because they wanted to cancel an appointment."""
    assert meaning(text) == (Meaning.OTHER, "")


@given(st.sampled_from(STOPS), st.data())
def test_accents_case_blanks_and_signs_change_no_stop(word: str, data: st.DataObject) -> None:
    letters = "".join(
        char
        for char in unicodedata.normalize("NFD", word)
        if unicodedata.category(char) != "Mn" or data.draw(st.booleans())
    ).replace("đ", data.draw(st.sampled_from("đdĐD")))
    written = "".join(
        data.draw(st.sampled_from([char.lower(), char.upper()]))
        + data.draw(st.text(SIGNS, max_size=2))
        for char in letters
        if char != " "
    )
    assert understand(data.draw(st.text(SIGNS, max_size=3)) + written).meaning is Meaning.STOP


@given(st.sampled_from(STOPS), st.integers(0, 10**9))
def test_a_stop_with_a_number_behind_it_is_no_stop(word: str, number: int) -> None:
    assert understand(f"{word} {number}").meaning is Meaning.OTHER


@given(st.text(max_size=40))
def test_whatever_is_written_is_taken_for_something(text: str) -> None:
    understood = understand(text)
    assert understood.meaning in Meaning
    assert isinstance(sounds_dangerous(text), bool)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("STOP TIEM", Topic.VACCINATION),
        ("từ chối tin tiêm chủng", Topic.VACCINATION),
        ("Không nhận tin cấp độ dịch", Topic.LEVELS),
        ("退订疫苗", Topic.VACCINATION),
        ("stop travel!", Topic.TRAVEL),
        ("HUY TIN KHAI BAO", Topic.DECLARATIONS),
    ],
)
def test_a_stop_may_be_about_one_topic(text: str, topic: Topic) -> None:
    assert meaning(text) == (Meaning.STOP, topic.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tiêm", Understood(Meaning.ANSWER, "vaccination", 1, "TIEM", language="vi")),
        ("tiem 3", Understood(Meaning.ANSWER, "vaccination", 3, "TIEM", language="vi")),
        ("KHAI BAO", Understood(Meaning.ANSWER, "declarations", 1, "KHAI BAO", language="vi")),
        ("疫苗", Understood(Meaning.ANSWER, "vaccination", 1, "疫苗", language="zh")),
        ("CAP DO", Understood(Meaning.LEVEL, word="CAP DO", language="vi")),
        ("Cấp độ Cao Lộc?", Understood(Meaning.LEVEL, rest="cao loc", language="vi")),
        ("cap do dich cao loc", Understood(Meaning.LEVEL, rest="cao loc", language="vi")),
        ("Start", Understood(Meaning.START, word="START", language="en")),
        ("ĐK", Understood(Meaning.START, word="DK", language="vi")),
        ("trợ giúp", Understood(Meaning.HELP, word="TRO GIUP", language="vi")),
        ("帮助", Understood(Meaning.HELP, word="帮助", language="zh")),
        *((nothing, Understood(Meaning.HELP)) for nothing in ("", " \u200b\n", "???", "🙏")),
    ],
)
def test_keywords_lead_where_their_file_says(text: str, expected: Understood) -> None:
    assert understand(text) == expected


def test_danger_is_heard_wherever_it_stands() -> None:
    assert sounds_dangerous("Mẹ tôi KHÓ THỞ quá, làm sao ạ")
    assert sounds_dangerous("快来救命啊")
    assert not sounds_dangerous("Cho hỏi lịch tiêm của xã")


def test_every_meaning_has_words_in_every_language() -> None:
    words = inbound_words()
    lists = [words.stop, words.start, words.help, words.level, words.stop_about]
    assert all(found.keys() == NAMES.keys() for found in lists)
    assert all(topic.words.keys() == NAMES.keys() for topic in words.topics.values())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"start": {"vi": ["hủy"], "en": ["a"], "zh": ["b"], "tyz": ["c"], "ium": ["d"]}}, "both"),
        ({"help": {"vi": ["trợ giúp"]}}, "missing in a language"),
        ({"replies": {}}, "replies must be"),
    ],
)
def test_a_file_of_words_that_could_be_misunderstood_is_refused(
    change: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        InboundWords.model_validate(written_words() | change)


def test_the_file_is_written_in_composed_letters() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)

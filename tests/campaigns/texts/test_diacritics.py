"""Vietnamese without accents, and the words that then look alike."""

import unicodedata
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.texts.diacritics import confusions, read_vocabulary, unaccent, vocabulary
from campaigns.texts.segments import measure, normalise

VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
vietnamese = st.text(
    alphabet=[normalise(vowel + tone) for vowel in VOWELS for tone in TONES]
    + list("bcdđghklmnpqrstvxBCDĐGHKLMNPQRSTVX 0123456789.,:?()"),
    max_size=200,
)


@given(vietnamese)
def test_vietnamese_without_accents_is_plain_ascii_of_the_same_length(text: str) -> None:
    """Whatever a clerk writes in Vietnamese fits GSM-7 once its accents are gone."""
    plain = unaccent(text)
    assert plain.isascii()
    assert len(plain) == len(normalise(text))
    assert measure(plain).encoding == "GSM-7"


@given(st.text(max_size=80))
def test_taking_accents_away_twice_changes_nothing_more(text: str) -> None:
    """A text that was stored without accents stays as it is."""
    assert unaccent(unaccent(text)) == unaccent(text)


@given(vietnamese)
def test_decomposed_letters_lose_their_accents_too(text: str) -> None:
    """Text pasted from a machine that decomposes letters is read the same way."""
    assert unaccent(unicodedata.normalize("NFD", text)) == unaccent(text)


@given(
    st.text(
        alphabet=st.characters(
            categories=["L", "M", "N"], min_codepoint=0x370, max_codepoint=0x1CFF
        ),
        max_size=60,
    )
)
def test_other_scripts_are_left_alone(text: str) -> None:
    """Greek, Cyrillic, Thai, Lao and their neighbours keep every letter."""
    assert unaccent(text) == normalise(text)


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1))
def test_chinese_keeps_its_own_punctuation(text: str) -> None:
    """Chinese needs its quotation marks and dashes, and pays for UCS-2 anyway."""
    written = f"“{text}”——{text}……"
    assert unaccent(written) == written


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Đề nghị người dân ở xã Hữu Lũng", "De nghi nguoi dan o xa Huu Lung"),
        ("“Tin sai” – xem ‘nguồn’…", "\"Tin sai\" - xem 'nguon'..."),
        ("Giá 5.000₫, SpO2 ≤ 96%", "Gia 5.000d, SpO2 <= 96%"),
        ("Lạng\u00a0Sơn\u200b", "Lang Son"),
        ("naïve ñandú Åse", "naïve ñandu Åse"),
        ("😀 ế 👍🏽", "😀 e 👍🏽"),
        ("ậ\u0301 ở\u0323", "a o"),
    ],
)
def test_signs_become_those_of_a_keyboard(written: str, plain: str) -> None:
    """Typographic signs cost segments as accents do; letters Vietnamese lacks are not touched."""
    assert unaccent(written) == plain


def test_words_that_become_equal_are_found_in_the_text_and_in_the_vocabulary() -> None:
    """Mời ra tiệm tiêm: an author is told that both will read tiem."""
    found = {confusion.word: confusion for confusion in confusions("Mời bà con ra tiệm để tiêm")}
    assert "tiêm" in found["tiệm"].others
    assert "tiệm" in found["tiêm"].others
    assert found["tiêm"].plain == "tiem"
    assert not found["tiêm"].is_settled


def test_a_word_alone_is_compared_with_the_vocabulary() -> None:
    """A ban on gatherings must not read as a colour."""
    (found,) = confusions("CẤM")
    assert found.word == "cấm"
    assert "cam" in found.others


def test_a_fixed_phrase_settles_its_words() -> None:
    """Phong chong dich is read rightly by everybody; a lone dich is not."""
    (settled,) = [one for one in confusions("phòng chống dịch") if one.word == "dịch"]
    (open_one,) = [one for one in confusions("phòng chống dịch, hết dịch") if one.word == "dịch"]
    assert settled.is_settled
    assert not open_one.is_settled


def test_words_without_a_double_are_not_mentioned() -> None:
    """English and names pass in silence."""
    assert confusions("PC-COVID, Bluezone QR 19009095") == []


@given(vietnamese)
def test_every_confusion_is_one_of_different_words_that_look_alike(text: str) -> None:
    """Nobody is warned about a word that stays itself."""
    for confusion in confusions(text):
        for other in confusion.others:
            assert other != confusion.word
            assert unaccent(other) == unaccent(confusion.word) == confusion.plain


def test_the_shipped_vocabulary_is_sound() -> None:
    """Each group holds different words that look alike, in NFC, and there are enough of them."""
    known = vocabulary()
    words = [word for group in known.by_plain.values() for word in group]
    assert len(words) >= 150
    assert len(words) == len(set(words))
    assert all(len(group) > 1 for group in known.by_plain.values())
    for plain, group in known.by_plain.items():
        assert {unaccent(word) for word in group} == {plain}
    source = resources.files("campaigns") / "data" / "vocabulary-vi.txt"
    written = source.read_text(encoding="utf-8")
    assert written == normalise(written)


def test_a_vocabulary_may_be_extended() -> None:
    """Groups with a slash, phrases without, comments after a hash."""
    known = read_vocabulary(["sởi/sỏi # bệnh", "", "bệnh sởi"])
    assert known.by_plain == {"soi": ("sởi", "sỏi")}
    assert known.phrases.fullmatch("bệnh  sởi")

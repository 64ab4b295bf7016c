"""Wording: what a voice says for what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.speaking.durations import seconds_of
from hotline.speaking.numbers import LARGEST, cardinal_in
from hotline.speaking.wording import say_aloud

VIETNAMESE = {
    "Gọi +84912618095": "Gọi tám bốn, chín một hai, sáu một tám, không chín năm",
    "mũi 2/3": "mũi hai trên ba",
    "14h30-15h": "mười bốn giờ ba mươi phút đến mười lăm giờ",
    "5-7/11/2021": "năm đến ngày bảy tháng mười một năm hai nghìn không trăm hai mươi mốt",
    "24/24 giờ": "hai mươi tư trên hai mươi tư giờ",
    "2 lần/ngày": "hai lần mỗi ngày",
    "112 người": "một trăm mười hai người",
    "gọi 115 hội trường": "gọi một một năm hội trường",
    "đến 6/5": "đến ngày sáu tháng năm",
    "Gọi 115 ngay.": "Gọi một một năm ngay.",
    "Gọi 0963201515": "Gọi không, chín sáu ba, hai không một, năm một năm",
    "hoặc 1900 9095": "hoặc một chín không không, chín không chín năm",
    "ngày 14/10/2021": "ngày mười bốn tháng mười năm hai nghìn không trăm hai mươi mốt",
    "từ 30/4": "từ ngày ba mươi tháng tư",
    "tháng 11/2021": "tháng mười một năm hai nghìn không trăm hai mươi mốt",
    "Từ 0h": "Từ không giờ",
    "lúc 15h30": "lúc mười lăm giờ ba mươi phút",
    "06:00": "sáu giờ",
    "cách 8-12 tuần": "cách tám đến mười hai tuần",
    "SpO2 <=96%": "ét pê ô hai nhỏ hơn hoặc bằng chín mươi sáu phần trăm",
    "37,5 độ": "ba mươi bảy phẩy năm độ",
    "796.940 người": "bảy trăm chín mươi sáu nghìn chín trăm bốn mươi người",
    "5K, QR, F0": "năm ca, quy rờ, ép không",
    "mũi 1, mũi 21": "mũi một, mũi hai mươi mốt",
    "trước 48 giờ": "trước bốn mươi tám giờ",
    "Bấm phím 1: tiêm chủng": "Bấm phím một: tiêm chủng",
    "3588/QĐ-BYT": "số ba nghìn năm trăm tám mươi tám của bộ y tế",
    "số 128/NQ-CP": "số một trăm hai mươi tám của chính phủ",
    "hoạt động 24/7": "hoạt động suốt ngày đêm",
    "mã XYZ": "mã ích i dài dét",
    "115% và 1150": "một trăm mười lăm phần trăm và một nghìn một trăm năm mươi",
}
CHINESE = {
    "请拨115": "请拨幺幺五",
    "2021年10月14日": "二零二一年十月十四日",
    "8-12周": "八至十二周",
    "96%": "百分之九十六",
    "1001人": "一千零一人",
    "12345": "一万二千三百四十五",
    "10": "十",
}
ENGLISH = {
    "Call 115": "Call one one five",
    "on 14/10/2021": "on fourteen October two thousand twenty one",
    "8-12 weeks": "eight to twelve weeks",
    "96%": "ninety six percent",
    "level 3": "level three",
}


@pytest.mark.parametrize(("written", "said"), VIETNAMESE.items())
def test_vietnamese_is_said_as_the_radio_says_it(written: str, said: str) -> None:
    """Numbers to dial digit by digit, dates as dates, abbreviations in full."""
    assert say_aloud(written, "vi") == said


@pytest.mark.parametrize(("written", "said"), CHINESE.items())
def test_chinese_is_said_in_characters(written: str, said: str) -> None:
    """Years and numbers to dial digit by digit, everything else as a number."""
    assert say_aloud(written, "zh") == said


@pytest.mark.parametrize(("written", "said"), ENGLISH.items())
def test_english_is_said_in_words(written: str, said: str) -> None:
    """A voice reads 115 as a hundred and fifteen unless it is written out."""
    assert say_aloud(written, "en") == said


@given(st.text(max_size=200), st.sampled_from(["vi", "zh", "en"]))
def test_nothing_a_file_holds_leaves_a_digit_or_breaks_the_call(text: str, language: str) -> None:
    """Whatever is written, something is said, in words, and saying it twice changes nothing."""
    said = say_aloud(text, language)
    assert not any(letter in "0123456789" for letter in said)
    assert say_aloud(said, language) == said


@given(st.integers(0, LARGEST), st.sampled_from(["vi", "zh", "en"]))
def test_two_numbers_are_never_said_alike(number: int, language: str) -> None:
    """A number and its neighbour differ in words, and no word is a digit."""
    said = cardinal_in(number, language)
    assert said != cardinal_in(number + 1, language)
    assert not any(letter.isdigit() and letter.isascii() for letter in said)


def test_vietnamese_numbers_keep_their_irregular_words() -> None:
    """Mốt, tư and lăm after tens, linh after an empty ten, and zero hundreds in the middle."""
    said = {number: cardinal_in(number, "vi") for number in (15, 21, 24, 25, 105, 1005, 11)}
    assert said == {
        15: "mười lăm",
        21: "hai mươi mốt",
        24: "hai mươi tư",
        25: "hai mươi lăm",
        105: "một trăm linh năm",
        1005: "một nghìn không trăm linh năm",
        11: "mười một",
    }


def test_the_length_of_speech_counts_what_is_said_and_not_what_is_written() -> None:
    """Three digits take three syllables; a longer text takes longer."""
    assert seconds_of("115", "vi") == pytest.approx(3 / 3.5)
    assert seconds_of("请拨幺幺五", "zh") == pytest.approx(5 / 4)
    assert seconds_of("Gọi 115. Gọi ngay.", "vi") > seconds_of("Gọi 115", "vi")

"""How texts are cut into segments, and what they cost."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.texts.segments import (
    GSM_BASIC,
    GSM_EXTENSION,
    measure,
    normalise,
    split,
)

GOLDEN = json.loads((Path(__file__).parent / "segments-golden.json").read_text(encoding="utf-8"))

letters = st.one_of(
    st.sampled_from("aăâeêioôơuưyđ Ạếởự"),
    st.sampled_from(GSM_EXTENSION),
    st.sampled_from(GSM_BASIC),
    st.sampled_from("😀🇻🇳👨‍👩‍👧❤️您好"),
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("\u0301\u0323\u0302\u200d\u00a0“”’…–\r\n\f"),
)
texts = st.lists(letters, max_size=420).map("".join)
gsm_texts = st.text(alphabet=GSM_BASIC + GSM_EXTENSION, max_size=500)


def units_of(body: str, encoding: str) -> int:
    """Count the slow and obvious way."""
    if encoding == "UCS-2":
        return len(body.encode("utf-16-le")) // 2
    return sum(2 if letter in GSM_EXTENSION else 1 for letter in body)


def limit_of(encoding: str, parts: int) -> int:
    return {"GSM-7": (160, 153), "UCS-2": (70, 67)}[encoding][parts > 1]


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_the_count_is_what_the_published_calculator_says(case: dict[str, object]) -> None:
    """Price and budget agree with the calculator that the carrier publishes, letter for letter.

    Where it keeps an emoji of many code points whole, we count by code point; the golden file
    says what both answer.
    """
    text = str(case["text"])
    counted = measure(text)
    assert counted.encoding == case["encoding"]
    assert counted.segments == case.get("by_code_point", case["segments"])


@given(st.one_of(texts, gsm_texts))
def test_segments_join_back_to_the_text(text: str) -> None:
    """Not one letter is lost or doubled between two segments."""
    assert "".join(split(text)) == normalise(text)


@given(st.one_of(texts, gsm_texts))
def test_every_segment_keeps_within_its_limit_and_none_is_wasted(text: str) -> None:
    """A handset takes 140 octets, and no text is cut earlier than it must be."""
    counted, bodies = measure(text), split(text)
    limit = limit_of(counted.encoding, len(bodies))
    sizes = [units_of(body, counted.encoding) for body in bodies]
    assert len(bodies) == counted.segments
    assert all(size <= limit for size in sizes)
    assert counted.units == sum(sizes)
    assert counted.remaining == limit - sizes[-1]
    firsts = [units_of(body[0], counted.encoding) for body in bodies[1:]]
    assert all(size + first > limit for size, first in zip(sizes, firsts, strict=False))


@given(texts)
def test_no_segment_holds_half_of_a_surrogate_pair(text: str) -> None:
    """Every segment can be encoded on its own."""
    for body in split(text):
        assert body.encode("utf-16-le").decode("utf-16-le") == body


@given(texts)
def test_a_decomposed_text_costs_what_a_composed_one_does(text: str) -> None:
    """A text typed on a machine that decomposes accents costs the province nothing more."""
    decomposed = unicodedata.normalize("NFD", text)
    assert measure(decomposed) == measure(text) == measure(normalise(text))


@given(texts)
def test_the_letters_that_force_ucs2_are_listed_once_in_order(text: str) -> None:
    """An author sees which letters cost them, in the order they will find them."""
    gsm = set(GSM_BASIC + GSM_EXTENSION)
    expected = [letter for letter in dict.fromkeys(normalise(text)) if letter not in gsm]
    counted = measure(text)
    assert list(counted.forcing) == expected
    assert (counted.encoding == "UCS-2") == bool(expected)


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("ế" * 70, "UCS-2", 1),
        ("ế" * 71, "UCS-2", 2),
        ("ế" * 134, "UCS-2", 2),
        ("ế" * 135, "UCS-2", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
        ("ế" * 66 + "😀" + "ế" * 66, "UCS-2", 3),
        ("à è é ì ò ù", "GSM-7", 1),
        ("á", "UCS-2", 1),
        ("một\r\nhai", "UCS-2", 1),
        ("mot\r\nhai\f", "GSM-7", 1),
        ("mot\u00a0hai", "UCS-2", 1),
        ("“mot”", "UCS-2", 1),
    ],
)
def test_limits_lie_where_the_standard_puts_them(text: str, encoding: str, segments: int) -> None:
    """160 and 153 septets, 70 and 67 units; an escape or a pair torn apart costs a segment."""
    counted = measure(text)
    assert (counted.encoding, counted.segments) == (encoding, segments)


def test_a_text_one_letter_longer_than_it_seems_is_cut_before_the_escape() -> None:
    """The euro sign takes two places, so it moves to the second segment whole."""
    first, second, third = split("a" * 152 + "€" + "a" * 152)
    assert (first, second[0], third) == ("a" * 152, "€", "a")


def test_real_texts_of_2021_cost_what_was_paid_for_them() -> None:
    """The text to 879,000 subscribers of Hải Dương took six segments, and three without accents."""
    text = (
        "BCĐ phòng, chống Covid-19 tỉnh Hải Dương đề nghị toàn bộ người dân cài đặt ứng dụng "
        "Bluezone trên điện thoại thông minh và mời người thân cùng cài đặt để có thể truy vết "
        "nhanh chóng các trường hợp tiếp xúc gần với người nhiễm, nghi nhiễm Covid-19, góp phần "
        "khoanh vùng, dập dịch một cách nhanh chóng, hiệu quả. Cài đặt tại "
        "https://bluezone.gov.vn/taiapp"
    )
    assert measure(text).segments == 6

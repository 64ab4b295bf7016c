"""Local words: where, when and whom to ask, and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.definitions.checklist import SAMPLE_VALUES
from campaigns.definitions.local_words import LONGEST_VALUE, read_local
from campaigns.errors import LocalTextRefusedError
from campaigns.texts.slots import LOCAL_SLOTS


@pytest.mark.parametrize("slot", LOCAL_SLOTS)
def test_what_the_checklist_measures_with_may_be_filled_in(slot: str) -> None:
    """A sample that no commune could say would measure nothing."""
    assert read_local(slot, SAMPLE_VALUES[slot]) == SAMPLE_VALUES[slot]


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("local_place", "Trạm y tế xã"),
        ("local_place", "Trường THCS Ba Sơn, phòng 12"),
        ("local_hours", "7h30-11h, 13h30-17h ngày 12/11/2026"),
        ("local_hours", "7.30-11.00 13.30-17.00, 08/11-12/11"),
        ("local_contact", "Bà Lan, 0912 345 678"),
        ("local_contact", "Trạm y tế xã 0205.3812345"),
        ("local_contact", "18001119 hoặc 115"),
    ],
)
def test_what_communes_have_to_say_is_taken(slot: str, value: str) -> None:
    assert read_local(slot, f" {value} ") == value


@pytest.mark.parametrize(
    ("slot", "value", "why"),
    [
        ("local_place", " ", "says nothing"),
        ("local_place", "...", "says nothing"),
        ("local_place", "x" * (LONGEST_VALUE + 1), "61 letters"),
        ("local_place", "Trạm y tế\nTin này từ ngân hàng", "no single line"),
        ("local_place", "Trạm\u200b y tế", "no single line"),
        ("local_place", "\ud800", "says nothing"),
        ("local_place", "{hotline}", "brace"),
        ("local_place", "Xem bit.ly/abc", "links"),
        ("local_place", "Xem ｂｉｔ.ｌｙ/abc", "links"),
        ("local_place", "Xem https://langson.gov.vn", "links"),
        ("local_place", "Gọi 0912 345 678", "belongs into"),
        ("local_hours", "7h, gọi 02053812345", "belongs into"),
        ("local_hours", "7h, gọi ０９１２３４５６７８", "belongs into"),
        ("local_contact", "0912345678, 0912345679", "one telephone number"),
        ("local_contact", "1900 1234", "beginning with 0 or 1800"),
        ("local_contact", "+882 16 1234567", "beginning with 0 or 1800"),
        ("local_contact", "Gửi mã OTP cho bà Lan", "checklist"),
        ("local_place", "Nơi có ca tử vong", "checklist"),
        ("local_place", "Xã có 12 ca nhiễm mới", "checklist"),
        ("local_place", "NGUY HIỂM LẮM", "checklist"),
    ],
)
def test_what_is_not_theirs_to_say_is_refused(slot: str, value: str, why: str) -> None:
    """Approvers sign what people shall do; nothing of that comes in by a slot."""
    with pytest.raises(LocalTextRefusedError, match=why):
        read_local(slot, value)


@given(st.sampled_from(sorted(LOCAL_SLOTS)), st.text(max_size=80))
def test_whatever_is_taken_is_one_short_line(slot: str, value: str) -> None:
    try:
        said = read_local(slot, value)
    except LocalTextRefusedError:
        return
    assert said.isprintable()
    assert 0 < len(said) <= LONGEST_VALUE
    assert said == unicodedata.normalize("NFC", said).strip()
    assert read_local(slot, said) == said

"""Phones: every form a clerk types, held against the library that the world uses."""

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.errors import PhoneRefusedError
from campaigns.phones import REASONS, carrier_of, hide_numbers, read_phone

# Where our table and phonenumbers 9.0 disagree about nine national digits, and why; docs/decisions
# has the record. The library is right about everything else.
WE_TAKE = {
    "055": "Wintel has all of 055; the library knows 0559",
    "052": "Vietnamobile has all of 052; the library knows 0522, 0523 and 0528",
    "089": "MobiFone and its guests have all of 089; the library knows 0896 to 0899",
}
WE_REFUSE = {
    "0121": "machines",
    "0140": "machines",
    "0160": "machines",
}
# The same numbers, another word: carrier hints that are not the library's.
CARRIERS = {"087": "itel", "055": "wintel", "059": "gmobile", "086": "viettel", "088": "vinaphone"}

NINE_DIGITS = st.from_regex(r"[1-9][0-9]{8}", fullmatch=True)
MOBILES = st.from_regex(r"(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-8])[0-9]{7}", fullmatch=True)
SEPARATORS = st.sampled_from(
    ["", " ", "\u00a0", "\u2009", ".", "-", "–", "—", "‑", "−", "/", "\u200b", "\u202c", "\t", ","]
)
BEFORE = st.sampled_from(["", " ", "'", "\ufeff", "\u202a", "’", '="'])
START = st.sampled_from(
    ["+84", "84", "0084", "0", "+84 (0)", "(+84)", "(0)", "＋84", "00 84 0", ""]
)


def reason_of(raw: str) -> str:
    with pytest.raises(PhoneRefusedError) as refused:
        read_phone(raw)
    return refused.value.reason


def takes(national: str) -> bool:
    """Whether we read these nine digits as a mobile of these nine digits."""
    try:
        return read_phone(f"+84{national}") == f"+84{national}"
    except PhoneRefusedError:
        return False


def oracle_takes(national: str) -> bool:
    number = phonenumbers.PhoneNumber(country_code=84, national_number=int(national))
    mobile = phonenumbers.PhoneNumberType.MOBILE
    return bool(phonenumbers.number_type(number) == mobile)


@given(NINE_DIGITS)
@example("559123456")
@example("550123456")
@example("890123456")
@example("992345678")
@example("993345678")
@example("520123456")
@example("871234567")
def test_a_number_is_a_mobile_exactly_when_the_oracle_says_so(national: str) -> None:
    """Nobody is dropped or texted in vain but for the differences listed above."""
    ours, theirs = takes(national), oracle_takes(national)

    if ours and not theirs:
        assert f"0{national}"[:3] in WE_TAKE
    if theirs and not ours:
        assert f"0{national}"[:4] in WE_REFUSE


def test_every_block_of_the_numbering_plan_agrees_with_the_oracle() -> None:
    """Not by chance: all nine hundred blocks of a hundred thousand numbers are asked."""
    disagreements = {
        f"0{block}"
        for block in range(100, 1000)
        if takes(f"{block}012345") != oracle_takes(f"{block}012345")
    }

    ours = {block for block in disagreements if takes(f"{block[1:]}012345")}
    assert {block[:3] for block in ours} == set(WE_TAKE)
    assert {block[:4] for block in disagreements - ours} == set(WE_REFUSE)


@given(MOBILES, BEFORE, START, st.lists(SEPARATORS, min_size=9, max_size=9))
def test_every_form_a_clerk_types_is_the_same_number(
    national: str, before: str, start: str, separators: list[str]
) -> None:
    # A point before the last digits is a spreadsheet's decimal, never a clerk's.
    separators[6:] = [" " if between in {".", ","} else between for between in separators[6:]]
    typed = "".join(digit + between for digit, between in zip(national, separators, strict=True))

    assert read_phone(f"{before}{start}{typed}") == f"+84{national}"


@given(MOBILES)
def test_digits_of_any_script_are_digits(national: str) -> None:
    for zero in ("０", "٠", "०"):
        typed = "".join(chr(ord(zero) + int(digit)) for digit in f"0{national}")
        assert read_phone(typed) == f"+84{national}"


@given(MOBILES)
def test_what_a_spreadsheet_does_to_a_number_is_undone(national: str) -> None:
    """It eats the zero, adds a decimal, and shows powers of ten."""
    power = f"{national[0]}.{national[1:]}E+08"
    for typed in (national, f"{national}.0", f"{national},00", f"0{national}.0", power):
        assert read_phone(typed) == f"+84{national}"


@given(MOBILES)
def test_what_was_read_is_read_again_as_itself(national: str) -> None:
    assert read_phone(read_phone(f"0{national}")) == f"+84{national}"


@given(st.text(max_size=80) | st.text("0123456789+-. ()eE/", max_size=24))
def test_anything_is_a_mobile_or_refused_with_a_known_reason(raw: str) -> None:
    """No input of a clerk or of an attacker ends in a traceback, or in a number of another form."""
    number, refused = None, None
    try:
        number = read_phone(raw)
    except PhoneRefusedError as refusal:
        refused = refusal

    if refused is not None:
        digits = "".join(char for char in raw if char.isdigit())
        assert refused.reason in REASONS
        assert len(digits) < 5 or digits not in str(refused)
    else:
        assert re.fullmatch(r"\+84[0-9]{9}", str(number))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0120 234 5678", "+84702345678"),
        ("0121 234 5678", "+84792345678"),
        ("0122 234 5678", "+84772345678"),
        ("0126 234 5678", "+84762345678"),
        ("0128 234 5678", "+84782345678"),
        ("0123 234 5678", "+84832345678"),
        ("0124 234 5678", "+84842345678"),
        ("0125 234 5678", "+84852345678"),
        ("0127 234 5678", "+84812345678"),
        ("0129 234 5678", "+84822345678"),
        ("0162 234 5678", "+84322345678"),
        ("0163 234 5678", "+84332345678"),
        ("0164 234 5678", "+84342345678"),
        ("0165 234 5678", "+84352345678"),
        ("0166 234 5678", "+84362345678"),
        ("0167 234 5678", "+84372345678"),
        ("0168 234 5678", "+84382345678"),
        ("0169 234 5678", "+84392345678"),
        ("0186 234 5678", "+84562345678"),
        ("0188 234 5678", "+84582345678"),
        ("0199 234 5678", "+84592345678"),
        ("+84 168 234 5678", "+84382345678"),
        ("1682345678", "+84382345678"),
        ("84 168 234 56 78", "+84382345678"),
    ],
)
def test_numbers_from_before_2018_are_converted(old: str, new: str) -> None:
    """Eleven digits became ten between September 2018 and June 2019; old lists still have them."""
    assert read_phone(old) == new


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        ("  \u00a0\u200b", "empty"),
        ("không có", "letters"),
        ("O912345678", "letters"),
        ("0912345678 (chị Lan)", "letters"),
        ("0912345678 nhà", "letters"),
        ("+", "garbage"),
        ("0912345678²", "garbage"),
        ("0912345678#1", "garbage"),
        ("++84912345678", "garbage"),
        ("=1+1", "garbage"),
        ("9" * 65, "garbage"),
        ("9.12E+08", "rounded_by_spreadsheet"),
        ("9,12346E+08", "rounded_by_spreadsheet"),
        ("8.49123E+10", "rounded_by_spreadsheet"),
        ("0912345678/0987654321", "several_numbers"),
        ("0912345678 - 0987654321", "several_numbers"),
        ("0912345678; 0987654321", "several_numbers"),
        ("0912 345 678\n0987 654 321", "several_numbers"),
        ("113", "emergency"),
        ("115", "emergency"),
        ("1022", "short_code"),
        ("5656", "short_code"),
        ("18001119", "toll_free"),
        ("1800 599 920", "toll_free"),
        ("1900 1234", "premium"),
        ("02053812345", "landline"),
        ("(0205) 3 812 345", "landline"),
        ("+84 24 3825 1234", "landline"),
        ("2053812345", "landline"),
        ("+86 138 1234 5678", "foreign"),
        ("008613812345678", "foreign"),
        ("13812345678", "foreign"),
        ("+1 202 555 0123", "foreign"),
        ("091234567", "wrong_length"),
        ("091200", "wrong_length"),
        ("0912", "wrong_length"),
        ("091234567.0", "wrong_length"),
        ("9123456.00", "wrong_length"),
        ("09123456789", "wrong_length"),
        ("0992345678", "unknown_prefix"),
        ("0712345678", "unknown_prefix"),
        ("0123456789", "unknown_prefix"),
    ],
)
def test_what_receives_no_texts_is_refused_for_its_reason(raw: str, reason: str) -> None:
    assert reason_of(raw) == reason


def test_the_carrier_is_guessed_from_the_prefix() -> None:
    for prefix, carrier in CARRIERS.items():
        assert carrier_of(f"+84{prefix[1:]}1234567") == carrier
    assert carrier_of("+84951234567") == ""


@given(
    MOBILES,
    st.sampled_from(["+84", "84", "0084", "0", "+84 (0)", "(0)", ""]),
    st.sampled_from(["", " ", "-", "\u00a0"]),
    st.sampled_from(["gọi {}, 2 lần", "ĐT:{}", "sđt{}", "({})", "a={};", "{}"]),
)
def test_no_mobile_stays_in_a_sentence(
    national: str, start: str, between: str, sentence: str
) -> None:
    """Whoever is forgotten must not be left in what a clerk noted of them."""
    number = f"{start}{between.join((national[:3], national[3:6], national[6:]))}"
    hidden = hide_numbers(sentence.format(number))
    assert "xxx" in hidden
    assert national[3:6] not in hidden.replace("xxx", "")
    assert national[6:] not in hidden


@pytest.mark.parametrize(
    "number",
    ["(0912) 000 001", "0912.000.001", "091–200–0001", "0205 3812 345", "+86 138 1234 5678"],
)
def test_numbers_are_hidden_as_people_write_them(number: str) -> None:
    hidden = hide_numbers(f"gọi {number} và {number}.")
    assert hidden.replace("(", "") == "gọi xxx và xxx."


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-21T15:11:52+00:00",
        "2026-11-21 07:30:52,123",
        "giấy ngày 05/10/2021, công văn 1234/UBND-VX ngày 12.10.2021",
        "vượt 350.000.000 đồng",
        "plan 1: 10,000 people",
        "job 0123456789abcdef",
        "01234567-8901-4234-8567-890123456789",
        "SM01234567890123456789012345678901",
        "84.91.200.123",
        "1700000000",
    ],
)
def test_what_is_no_number_stays(said: str) -> None:
    assert hide_numbers(said) == said

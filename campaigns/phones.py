"""Phones: the raw forms that clerks type, read as E.164, and hidden where they do not belong."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from importlib import resources

from campaigns.errors import PhoneRefusedError

PREFIXES = resources.files("campaigns") / "data" / "prefixes.csv"

# Nobody's telephone number is longer, whatever stands between its digits.
_MAX_RAW_CHARS = 64
_NATIONAL_DIGITS = 9
_E164_CHARS = len("+84") + _NATIONAL_DIGITS
_LONGEST_SHORT_CODE = 6
_SEPARATORS = frozenset(" .,-/()[]_·•\n")
_DROPPED = str.maketrans("", "", " .-\u00a0")
_DECIMAL_POINTS = frozenset(".,")
_QUOTES = "'\"`’‘“”´ʼ＇"
_EMERGENCY = frozenset({"111", "112", "113", "114", "115"})

_AS_TYPED = re.compile(r"(?:0|\+84|84|0084)?([35789][0-9]{8})").fullmatch
_AS_FORMULA = re.compile(r'="?([^"=]*)"?').fullmatch
_AS_DECIMAL = re.compile(r"(\+?[0-9]{7,12})[.,]0{1,2}").fullmatch
_IN_POWERS = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+?0*([0-9]{1,2})").fullmatch
_SEVERAL = re.compile(r"[/;,&|\n]|\s-\s|\s+(?=[0+(])| hoặc | và ").split

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# What stands between the digits of a number that somebody writes into a sentence.
_BETWEEN = r"[\s.()_·\u2010-\u2015\u2212-]{0,2}"
# First what has as many digits and is no number: days, machines' addresses, digests and ids; then
# numbers with a country's code or a zero, Vietnamese mobiles without one, and China's mobiles.
_IN_WORDS = re.compile(
    rf"""
    (?P<kept>
        (?<!\d)(?:\d{{4}}-\d\d-\d\d | \d\d?[./-]\d\d?[./-]\d{{4}})(?!\d)
      | (?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\d.]*\d)
      | \b[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\b
      | \b[A-Z]{{0,2}}[0-9a-f]{{16,}}\b
    )
  | (?:
        (?<!\d)\+(?:{_BETWEEN}\d){{7,15}}
      | (?<!\d)(?:00)?(?:84|0)(?:{_BETWEEN}\d){{8,10}}
      | (?<![\d.,])(?:3[2-9]|5[25-9]|7[06-9]|8[1-9]|9\d)(?:[\s-]?\d){{7}}
      | (?<![\d.,])(?:86[\s-]?)?1[3-9]\d(?:[\s-]?\d){{8}}
    )(?!\d)""",
    re.VERBOSE,
)
_HIDDEN = "xxx"
_FEWEST_DIGITS = 7

_REASONS = {
    "empty": "The cell for the number is empty.",
    "letters": "There are letters among the digits. Write only the number; check O against 0.",
    "garbage": "This is not a telephone number.",
    "several_numbers": "There are several numbers in one cell. Give each number a row of its own.",
    "rounded_by_spreadsheet": (
        "The spreadsheet has shortened the number and its last digits are lost. Format the column "
        "as text and type the number again."
    ),
    "emergency": "This is an emergency number.",
    "short_code": "This is a short service number, which receives no texts.",
    "toll_free": "This is a free-call number (1800), which receives no texts.",
    "premium": "This is a paid information number (1900), which receives no texts.",
    "landline": "This is a landline, which receives no texts.",
    "foreign": "This is a number of another country; only Vietnamese mobiles are texted.",
    "wrong_length": "A mobile has 10 digits with the leading 0; this has more or fewer.",
    "unknown_prefix": "No Vietnamese mobile network has numbers that begin like this.",
}
REASONS = tuple(_REASONS)


def _read_table() -> tuple[dict[str, str], dict[str, str]]:
    """Return the carrier for each three national digits, and what old prefixes became."""
    carriers: dict[str, str] = {}
    became: dict[str, str] = {}
    with PREFIXES.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            national = row["prefix"].removeprefix("0")
            # A row names two national digits, or three where a network has but part of a block.
            for number in range(1000):
                if f"{number:03}".startswith(national):
                    carriers[f"{number:03}"] = row["carrier"]
            if row["formerly"]:
                became[row["formerly"].removeprefix("0")] = national
    return carriers, became


_CARRIERS, _BECAME = _read_table()


def read_phone(raw: str) -> str:
    """Return the E.164 form of a Vietnamese mobile number, however *raw* writes it.

    Understands ``+84``, ``84``, ``0084``, ``0``, ``(0)`` and no prefix at all (a spreadsheet ate
    the zero), anything people put between digits, digits of any script, and the eleven-digit
    numbers that were converted in 2018. Raises PhoneRefusedError for everything else; its
    ``reason`` is one of REASONS and its message never repeats the number.
    """
    # The three forms of nearly every row, at a microsecond each.
    match len(raw), raw[:1]:
        case 10, "0":
            national = raw[1:]
        case 12, "+":
            national = raw[3:] if raw.startswith("+84") else ""
        case _:
            national = raw
    if (
        len(national) == _NATIONAL_DIGITS
        and national[:3] in _CARRIERS
        and national.isascii()
        and national.isdigit()
    ):
        return "+84" + national
    if raw.rstrip("0")[-1:] not in _DECIMAL_POINTS:
        match = _AS_TYPED(raw.translate(_DROPPED))
        if match is not None and match[1][:3] in _CARRIERS:
            return "+84" + match[1]
    return _read_slowly(raw)


def carrier_of(number: str) -> str:
    """Return the carrier that the E.164 *number* was first given out by, or ``""``.

    Since numbers moved between networks in November 2018 this is a hint, never a fact.
    """
    return _CARRIERS.get(number[3:6], "")


def known_carriers() -> frozenset[str]:
    """Return every carrier that numbers were given out by."""
    return frozenset(carrier for carrier in _CARRIERS.values() if carrier)


def is_mobile(number: str) -> bool:
    """Whether the E.164 *number* is a Vietnamese mobile, which alone can be texted."""
    return bool(number.startswith("+84") and len(number) == _E164_CHARS and carrier_of(number))


def hide_numbers(text: str) -> str:
    """Return *text* with ``xxx`` for whatever looks like a telephone number, however written.

    For words that outlive whoever they are about: nobody can be forgotten whose number is kept in
    a sentence. Days and sums of money stay.
    """
    # Nearly nothing that is logged has so many digits, and counting them is ten times as quick.
    if sum(map(str.isdecimal, text)) < _FEWEST_DIGITS:
        return text
    return _IN_WORDS.sub(lambda found: found["kept"] or _HIDDEN, text)


def _read_slowly(raw: str) -> str:
    text = _tidy(raw)
    if not text:
        raise _refusal("empty")
    if len(text) > _MAX_RAW_CHARS:
        raise _refusal("garbage")
    text = _undo_spreadsheet(text)
    digits = _digits_of(text)
    abroad = text.startswith("+")
    if digits.startswith("00"):
        abroad, digits = True, digits[2:]
    # Short numbers are dialled as they are: after a 0 there stands a number that lost its end.
    is_cut = digits.startswith("0") and not abroad
    return "+84" + _check_national(_national(digits, abroad=abroad), is_cut=is_cut)


def _tidy(raw: str) -> str:
    """Take away what cannot be seen, and make every digit, dash and space a plain one."""
    return "".join(_plain(raw)).strip().lstrip(_QUOTES).rstrip(_QUOTES).strip()


def _plain(raw: str) -> Iterator[str]:
    for char in raw[: 4 * _MAX_RAW_CHARS]:
        match unicodedata.category(char):
            case "Nd":
                yield str(unicodedata.decimal(char))
            case "Pd" | "Sm" if char not in "+＋=":
                yield "-"
            case "Zs" | "Cc" | "Zl" | "Zp":
                yield "\n" if char in "\n\r\u2028" else " "
            case "Cf":
                continue
            case "No" | "Nl":
                yield "?"
            case _:
                yield unicodedata.normalize("NFKC", char)


def _undo_spreadsheet(text: str) -> str:
    """Undo ``="0912345678"`` and ``912345678.0``; refuse ``9.12E+08``, whose digits are lost."""
    if (formula := _AS_FORMULA(text)) is not None:
        text = formula[1]
    if (decimal := _AS_DECIMAL(text)) is not None:
        return decimal[1]
    if (power := _IN_POWERS(text)) is not None:
        digits = power[1] + (power[2] or "")
        if len(digits) != int(power[3]) + 1:
            raise _refusal("rounded_by_spreadsheet")
        return digits
    return text


def _digits_of(text: str) -> str:
    rest = text.removeprefix("(").removeprefix("+")
    digits = "".join(char for char in rest if char not in _SEPARATORS)
    if digits.isascii() and digits.isdigit():
        if len(digits) > 2 * _NATIONAL_DIGITS - 1 and _is_several(text):
            raise _refusal("several_numbers")
        return digits
    if _is_several(text):
        raise _refusal("several_numbers")
    raise _refusal("letters" if any(char.isalpha() for char in digits) else "garbage")


def _is_several(text: str) -> bool:
    parts = ["".join(filter(str.isdigit, part)) for part in _SEVERAL(text)]
    return len([part for part in parts if len(part) >= _NATIONAL_DIGITS]) > 1


def _national(digits: str, *, abroad: bool) -> str:
    """Return *digits* without country code and trunk zero; *abroad* if a country code must be."""
    if abroad:
        if not digits.startswith("84"):
            raise _refusal("garbage" if digits.startswith("0") or not digits else "foreign")
        return digits[2:].removeprefix("0")
    if digits.startswith("0"):
        return digits[1:]
    # Shorter ones are mobiles of 084 that lost their zero.
    if digits.startswith("84") and len(digits) > _NATIONAL_DIGITS + 1:
        return digits[2:].removeprefix("0")
    if _looks_chinese(digits):
        raise _refusal("foreign")
    return digits


def _looks_chinese(digits: str) -> bool:
    """Whether this is a mobile from across the border: 1 and ten digits, perhaps after 86."""
    chinese = digits.removeprefix("86")
    return len(chinese) == 11 and chinese[0] == "1" and chinese[1] in "3456789"  # noqa: PLR2004 - ITU: China's mobiles


def _check_national(national: str, *, is_cut: bool) -> str:
    if len(national) == _NATIONAL_DIGITS and national[:3] in _CARRIERS:
        return national
    if len(national) == _NATIONAL_DIGITS + 1 and national[:3] in _BECAME:
        return _BECAME[national[:3]] + national[3:]
    reason = _why_not(national)
    raise _refusal("wrong_length" if is_cut and reason == "short_code" else reason)


def _why_not(national: str) -> str:
    """Name what kind of number *national* is, given that it is no mobile."""
    for begins, reason in (("1800", "toll_free"), ("1900", "premium")):
        if national.startswith(begins) and len(national) <= _NATIONAL_DIGITS + 1:
            return reason
    if national in _EMERGENCY:
        return "emergency"
    if 2 < len(national) <= _LONGEST_SHORT_CODE:  # noqa: PLR2004 - the shortest is 111
        return "short_code"
    if national.startswith("2") and len(national) in {_NATIONAL_DIGITS, _NATIONAL_DIGITS + 1}:
        return "landline"
    return "unknown_prefix" if len(national) == _NATIONAL_DIGITS else "wrong_length"


def _refusal(reason: str) -> PhoneRefusedError:
    return PhoneRefusedError(reason, _REASONS[reason])

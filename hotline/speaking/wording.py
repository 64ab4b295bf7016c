"""Wording: a written text in the words a voice says, by rules and never by hand.

Numbers people dial are said digit by digit, dates and hours as dates and hours, everything else
as the number it is. What is words already stays as it is, so wording twice changes nothing.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from campaigns.texts.segments import normalise
from hotline.speaking.abbreviations import expand_abbreviations, spell_capitals
from hotline.speaking.numbers import cardinal_in, digits_in

_Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[_Match, str], str]]
_SHORT_NUMBERS = "111|112|113|114|115|1022|5656|1407"
_LONGEST_COUNT = 12
_UNITS = {"vi": "phần trăm", "en": "percent"}


@lru_cache(maxsize=4096)
def say_aloud(text: str, language: str) -> str:
    """Return *text* in the words of *language* (vi, zh or en), without a digit; never raises."""
    said = _TELEPHONE.sub(lambda found: _telephone(found, language), normalise(text))
    said = expand_abbreviations(said, language)
    for pattern, rule in _RULES:
        said = pattern.sub(lambda found, rule=rule: rule(found, language), said)  # type: ignore[misc]
    said = _ANY_DIGIT.sub(lambda found: digits_in(str(int(found.group())), language), said)
    if language == "vi":
        said = spell_capitals(said)
    return _BLANKS.sub(" ", said).strip()


def _telephone(found: _Match, language: str) -> str:
    digits = re.sub(r"\D", "", found.group())
    groups = re.findall(r"\d+", found.group())
    if len(groups) == 1:
        first = len(digits) % 3 or 3
        groups = [digits[:first], *re.findall("...", digits[first:])]
    comma = "，" if language == "zh" else ", "
    return comma.join(digits_in(group, language) for group in groups)


def _short_number(found: _Match, language: str) -> str:
    return digits_in(found.group(), language)


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _date(found: _Match, language: str) -> str:
    day, month, year = (int(part) if part else 0 for part in found.group("day", "month", "year"))
    before = found.group("said") or ""
    if day and not year and not before and language != "zh":
        # Two of three doses are no day of March.
        return found.group()
    if not (1 <= month <= len(_MONTHS) and day <= 31):  # noqa: PLR2004 - no month has more
        return _apart(found, language)
    if language == "zh":
        parts = [
            f"{''.join('零一二三四五六七八九'[int(one)] for one in str(year))}年" if year else "",
            f"{cardinal_in(month, language)}月",
            f"{cardinal_in(day, language)}日" if day else "",
        ]
        return before + "".join(parts)
    if language == "en":
        parts = [
            cardinal_in(day, language) if day else "",
            _MONTHS[month - 1],
            cardinal_in(year, language) if year else "",
        ]
        return before + " ".join(part for part in parts if part)
    name = {4: "tư"}.get(month, cardinal_in(month, language))
    parts = [
        f"{'' if before.casefold() in _DAYS else 'ngày '}{cardinal_in(day, language)}"
        if day
        else "",
        f"{'' if not day and found.group('said_month') else 'tháng '}{name}",
        f"năm {cardinal_in(year, language)}" if year else "",
    ]
    return (before or found.group("said_month") or "") + " ".join(part for part in parts if part)


def _apart(found: _Match, language: str) -> str:
    return re.sub(
        r"\d+", lambda one: cardinal_in(int(one.group()), language), found.group()
    ).replace("/", " ")


def _hour(found: _Match, language: str) -> str:
    hour, minute = int(found.group("hour")), int(found.group("minute") or 0)
    said, rest = cardinal_in(hour, language), cardinal_in(minute, language)
    if language == "zh":
        return f"{said}点{f'{rest}分' if minute else ''}"
    if language == "en":
        return f"{said} {rest if minute else 'o’clock'}"
    return f"{said} giờ{f' {rest} phút' if minute else ''}"


def _range(found: _Match, language: str) -> str:
    between = {"vi": " đến ", "en": " to "}.get(language, "至")
    return f"{found.group(1)}{between}{found.group(2)}"


def _until(found: _Match, language: str) -> str:
    return found.group(1) + {"vi": " đến ", "en": " to "}.get(language, "至")


def _until_day(found: _Match, language: str) -> str:
    return found.group(1) + {"vi": " đến ngày ", "en": " to "}.get(language, "至")


def _each(found: _Match, _language: str) -> str:
    return f"{found.group(1)} mỗi "


def _fraction(found: _Match, language: str) -> str:
    part, whole = (cardinal_in(int(one), language) for one in found.group(1, 2))
    if language == "zh":
        return f"{whole}分之{part}"
    return f"{part}{' trên ' if language == 'vi' else ' of '}{whole}"


def _thousands(found: _Match, language: str) -> str:
    return cardinal_in(int(re.sub(r"\D", "", found.group())), language)


def _decimal(found: _Match, language: str) -> str:
    point = {"vi": " phẩy ", "en": " point "}.get(language, "点")
    return cardinal_in(int(found.group(1)), language) + point + digits_in(found.group(2), language)


def _percent(found: _Match, language: str) -> str:
    if language == "zh":
        return f"百分之{found.group(1)}"
    return f"{found.group(1)} {_UNITS[language]}"


def _document(found: _Match, language: str) -> str:
    """Say the number of a document; the slash between it and its issuer is not said."""
    number = "" if found.string[: found.start()].rstrip().endswith("số") else "số "
    before = {"vi": number, "en": "number "}.get(language, "")
    return f"{before}{_count(found, language)}{'' if language == 'zh' else ' '}"


def _chinese_year(found: _Match, language: str) -> str:
    if language != "zh":
        return found.group()
    return "".join("零一二三四五六七八九"[int(digit)] for digit in found.group(1)) + "年"


def _count(found: _Match, language: str) -> str:
    digits = found.group(1)
    if len(digits) > _LONGEST_COUNT or (len(digits) > 1 and digits.startswith("0")):
        return digits_in(digits, language)
    return cardinal_in(int(digits), language)


def _number(found: _Match, language: str) -> str:
    """Say a number apart from letters it is written against."""
    said = _count(found, language)
    if language == "zh":
        return said
    text, start, end = found.string, found.start(), found.end()
    before = " " if start and text[start - 1].isalnum() else ""
    after = " " if end < len(text) and text[end].isalnum() else ""
    return f"{before}{said}{after}"


_TELEPHONE = re.compile(
    r"(?<![\d.,/])(?:\+84[ .]?\d{1,3}|0\d{2,3}|1[89]00)(?:[ .]?\d{2,4}){1,3}(?![\d/])"
)
# After one of these a day and a month are a date also without a year.
_BEFORE_A_DAY = (
    "[Nn]gày|[Mm]ùng|[Tt]ừ|[Đđ]ến|[Tt]rước|[Ss]au|[Oo]n|[Ff]rom|[Uu]ntil|[Bb]y|[Tt]o|[Ss]ince"
)
_DAYS = ("ngày ", "mùng ")
# A number of three digits is dialled, unless it counts something.
_COUNTED = (
    r"(?:người|ca|mũi|liều|xã|trường hợp|nghìn|triệu|giường|hộ|đồng|phút|giờ|ngày|"
    r"people|cases|doses|beds|minutes|hours|days)(?!\w)|人|例|剂|张|分钟|小时|天"
)
_RULES: tuple[_Rule, ...] = (
    (re.compile(r"(\d[hg]\d{0,2}) ?[-–] ?(?=\d{1,2}[hg])"), _until),
    (re.compile(r"(\d{1,2}:\d\d) ?[-–] ?(?=\d{1,2}:\d\d)"), _until),
    (re.compile(r"(?<![\d/])(\d{1,2}) ?[-–] ?(?=\d{1,2}/\d{1,2}(?:/\d{4})?(?!\d))"), _until_day),
    (re.compile(r"\b(lần|viên|liều|mũi)/(?=ngày|tuần|tháng|người)"), _each),
    (
        re.compile(
            rf"(?P<said>(?<!\S)(?:{_BEFORE_A_DAY}) )?(?P<said_month>(?!))?"
            r"(?<![\d/])(?P<day>[0-3]?\d)/(?P<month>[01]?\d)(?:/(?P<year>[12]\d{3}))?(?![\d/])"
            r"(?!/?[A-ZĐ])",
            re.ASCII,
        ),
        _date,
    ),
    (
        re.compile(
            r"(?P<said>(?!))?(?P<said_month>\b[Tt]háng )?"
            r"(?<![\d/])(?P<day>(?!))?(?P<month>[01]?\d)/(?P<year>[12]\d{3})(?![\d/])",
            re.ASCII,
        ),
        _date,
    ),
    (re.compile(r"(?<!\d)([12]\d{3})年", re.ASCII), _chinese_year),
    (
        re.compile(r"(?<![\d.])\b(?P<hour>[012]?\d)[hg](?P<minute>[0-5]\d)?(?!\w)"),
        _hour,
    ),
    (
        re.compile(r"(?<![\d:.])(?P<hour>[012]?\d):(?P<minute>[0-5]\d)(?![\d:])"),
        _hour,
    ),
    (
        re.compile(rf"(?<![\d.,/])(?:{_SHORT_NUMBERS})(?![\d.,%/]*\d|%| ?(?:{_COUNTED}))"),
        _short_number,
    ),
    (re.compile(r"(?<![\d.,])\d{1,3}(?:[.]\d{3})+(?![\d])"), _thousands),
    (re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d])"), _thousands),
    (re.compile(r"(\d+) ?[-–] ?(\d+)(?![-–\d])"), _range),
    (re.compile(r"(\d+(?:[.,]\d+)?) ?%"), _percent),
    (re.compile(r"(?<![\d.,])(\d{1,9})[.,](\d{1,6})(?![\d.,]*\d)"), _decimal),
    (re.compile(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])", re.ASCII), _fraction),
    (re.compile(r"(\d+)/(?=[^\W\d_])"), _document),
    (re.compile(r"(\d+)", re.ASCII), _number),
)
_ANY_DIGIT = re.compile(r"\d")
_BLANKS = re.compile(r"\s+")

"""Values: the single words and numbers of a campaign file, each refused with its remedy."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, NoReturn

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from campaigns.errors import TextError
from campaigns.levels import level_schemes
from campaigns.local_time import Hours
from campaigns.texts.segments import normalise
from campaigns.texts.slots import slots_in

MAX_SENDER_CHARS = 11
MAX_TEXT_CHARS = 1600
_SENDER = re.compile(r"[A-Za-z0-9._-](?:[A-Za-z0-9 ._-]*[A-Za-z0-9._-])?")
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_DURATION = re.compile(r"P(?=.)(\d{1,3}D)?(T(?=\d)(\d{1,4}H)?(\d{1,5}M)?)?", re.ASCII)
_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADVERTISING = frozenset({"promo", "promotion", "ads", "ad", "advertising", "quang_cao", "qc"})


class Finding(NamedTuple):
    """One broken rule: where below the value, what is wrong, what to write instead."""

    at: tuple[str | int, ...]
    problem: str
    remedy: str


def refuse(problem: str, remedy: str) -> NoReturn:
    """Refuse a value: *problem* says what is wrong, *remedy* what to write instead."""
    refuse_all([Finding((), problem, remedy)])


def refuse_all(findings: Sequence[Finding]) -> NoReturn:
    """Refuse a value for all of *findings* at once, so that nobody mends a file one by one."""
    message = "; ".join(f"{finding.problem}. {finding.remedy}" for finding in findings)
    raise PydanticCustomError(
        "campaign_rule", "{message}", {"message": message, "findings": list(findings)}
    )


def one_line(value: str) -> str:
    """Return *value* in NFC without blanks around it; refuse an empty one and more lines."""
    value = normalise(value).strip()
    if not value or _CONTROL.search(value) or "\n" in value:
        refuse("must be one line of letters", "Write it on one line, without control letters")
    return value


def _code(value: Any) -> Any:
    # JSON written by programs may hold 20 where "20" is meant; a leading zero is lost there, so
    # only text can name such a code, and YAML files always arrive as text.
    return str(value) if type(value) is int else value


def _sender(value: str) -> str:
    if len(value) > MAX_SENDER_CHARS:
        refuse(
            f"{value[:40]} has {len(value)} letters and a sender name at most {MAX_SENDER_CHARS}",
            "Shorten it as registered with the carriers, for example SYT LangSon",
        )
    if _SENDER.fullmatch(value) is None or not any(letter.isalpha() for letter in value):
        refuse(
            f"{value} is not a sender name that carriers take",
            "Use letters without accents, digits, blanks, dots and hyphens, not digits alone, "
            "for example SYT LangSon",
        )
    return value


def _class(value: Any) -> Any:
    if isinstance(value, str) and value.strip().casefold() in _ADVERTISING:
        refuse(
            f"{value} is advertising, and Loa sends none: Decree 91/2020/NĐ-CP asks for consent "
            "to each advertiser, the label [QC] and a way to decline",
            "Use emergency or public_info, or another service",
        )
    return value


def _text(value: str) -> str:
    value = normalise(value).strip()
    if not value:
        refuse("the text is empty", "Write what citizens shall read, or take the language out")
    if len(value) > MAX_TEXT_CHARS:
        refuse(
            f"the text has {len(value)} letters, and carriers take at most {MAX_TEXT_CHARS}",
            "Shorten it; three segments are enough for a clear instruction",
        )
    if stray := _CONTROL.search(value):
        refuse(
            f"the text holds the invisible letter U+{ord(stray.group()):04X}",
            "Type that place again; only blanks and line breaks may stand between letters",
        )
    try:
        slots_in(value)
    except TextError as broken:
        problem, _, remedy = str(broken).partition(". ")
        refuse(problem, remedy.rstrip("."))
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str) and _MOMENT.fullmatch(value) is None:
        refuse(
            f"{value[:40]} is not a moment with an hour and a time zone",
            "Write it as 2026-12-01T18:00+07:00",
        )
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _duration(value: Any) -> Any:
    if isinstance(value, str) and _DURATION.fullmatch(value) is None:
        refuse(
            f"{value[:40]} is not a duration",
            "Write P3D for three days or PT12H for twelve hours",
        )
    return value


def _some_time(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= timedelta(days=90):
        refuse("lasts no time or more than 90 days", "Write P3D for three days, PT12H for hours")
    return value


def _hours(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return Hours.read(value)
    except ValueError as wrong:
        refuse(f"{value[:40]} is not a stretch of the day: {wrong}", "Write 07:00-21:00")


def _whole(value: Any) -> Any:
    # Pydantic reads "120.000", a Vietnamese hundred and twenty thousand, as 120.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value) is None:
        refuse(f"{value[:40]} is not a whole number", "Write digits only, for example 120000")
    return value


def _scheme(value: str) -> str:
    if value not in level_schemes():
        refuse(f"there is no level scheme {value}", f"Known are {', '.join(level_schemes())}")
    return value


def _distinct(values: Any) -> Any:
    """Order what has no order of its own, so that the same audience has the same digest."""
    return None if values is None else tuple(sorted(set(values)))


Line = Annotated[str, AfterValidator(one_line)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
AreaCode = Annotated[str, BeforeValidator(_code), StringConstraints(pattern=r"^[A-Za-z0-9]{1,16}$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Sender = Annotated[str, AfterValidator(one_line), AfterValidator(_sender)]
Scheme = Annotated[str, AfterValidator(_scheme)]
Body = Annotated[str, AfterValidator(_text)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)]
Lasting = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_some_time)]
Whole = Annotated[int, BeforeValidator(_whole)]
OpenHours = Annotated[
    Hours,
    BeforeValidator(_hours),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["07:00-21:00"]}),
]
NotAdvertising = BeforeValidator(_class)
Unordered = AfterValidator(_distinct)

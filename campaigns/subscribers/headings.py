"""Headings: which column of a subscriber list says what, in the words that clerks use."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.errors import SubscriberFileError

PHONE, AREA, LANGUAGE, TAGS, CONSENT, CONSENT_AT = COLUMNS = (
    "phone",
    "area",
    "language",
    "tags",
    "consent",
    "consent_at",
)
REJECT_COLUMNS = ("row", "reason")

# Unaccented, lower case, one space between words: what `fold` makes of a heading.
_WORDS = {
    PHONE: (
        "phone|phone number|telephone|tel|mobile|msisdn|so dien thoai|sodienthoai|so dt|sdt|dt|"
        "dien thoai|dien thoai di dong|dien thoai lien he|so dien thoai di dong|di dong|so di dong|"
        "so dien thoai lien he|sdt lien he|dt lien he|dtdd|so dtdd|so thue bao|thue bao|so may"
    ),
    AREA: (
        "area|area code|ma xa|ma phuong|ma xa phuong|ma phuong xa|ma don vi|ma dia ban|ma khu vuc|"
        "ma don vi hanh chinh|ma dvhc|ma hanh chinh"
    ),
    LANGUAGE: "language|lang|ngon ngu|ngon ngu nhan tin|tieng|tieng noi",
    TAGS: "tags|tag|the|nhan|nhom|doi tuong|phan loai",
    CONSENT: (
        "consent|consent source|source|nguon|nguon so|nguon so dien thoai|nguon cung cap|dong y|"
        "nguon dong y|su dong y|hinh thuc dong y|can cu"
    ),
    CONSENT_AT: (
        "consent at|consent date|consented at|ngay dong y|thoi diem dong y|thoi gian dong y|"
        "ngay dang ky|ngay thu thap"
    ),
}
_COLUMN_OF = {word: column for column, words in _WORDS.items() for word in words.split("|")}
# Lists often have a commune's name beside its code; the name counts only where no code is.
_AREA_BY_NAME = frozenset(
    ["xa", "phuong", "xa phuong", "phuong xa", "xa phuong thi tran", "don vi", "dia ban", "commune"]
)
_ETHNICITY = ("dan toc", "ethnic")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^]]*\]")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each known column stands, counted from 0, and what to tell about the others."""

    at: Mapping[str, int]
    width: int
    warnings: tuple[str, ...] = ()


def fold(written: str) -> str:
    """Return *written* without accents, case and punctuation: ``Số ĐT (*)`` becomes ``so dt``."""
    letters = unicodedata.normalize("NFD", written.casefold()).replace("đ", "d")
    return _NOT_WORDS.sub(
        " ", "".join(char for char in letters if not unicodedata.combining(char))
    ).strip()


def is_heading(cells: Sequence[str]) -> bool:
    """Whether *cells* can be the heading of a subscriber list: one of them names the number."""
    return any(_column_of(cell) == PHONE for cell in cells)


def is_rejects_heading(cells: Sequence[str]) -> bool:
    """Whether *cells* are the heading of a rejects file that Loa wrote."""
    return set(REJECT_COLUMNS) <= {fold(cell) for cell in cells}


def read_headings(headings: Sequence[str], *, name: str) -> Columns:
    """Find the columns of a list named *name*; raise SubscriberFileError when they are unclear."""
    at: dict[str, int] = {}
    by_name: list[int] = []
    unknown: list[str] = []
    for position, heading in enumerate(headings):
        column = _column_of(heading)
        if column is not None and column in at:
            raise SubscriberFileError(
                f"{name} has two columns for {column}: "
                f"“{headings[at[column]].strip()}” and “{heading.strip()}”. Nothing was imported. "
                "Remove or rename one of them."
            )
        if column is not None:
            at[column] = position
        elif fold(heading) in _AREA_BY_NAME:
            by_name.append(position)
        elif heading.strip() and fold(heading) not in REJECT_COLUMNS:
            unknown.append(heading.strip())
    if AREA not in at and by_name:
        at[AREA] = by_name[0]
    if PHONE not in at:
        raise SubscriberFileError(
            f"{name} has no column for the number. Nothing was imported. "
            "Name it phone or “số điện thoại” in the heading."
        )
    return Columns(at, len(headings), tuple(_warn_of(unknown)))


def _column_of(heading: str) -> str | None:
    return _COLUMN_OF.get(fold(heading)) or _COLUMN_OF.get(fold(_IN_BRACKETS.sub(" ", heading)))


def _warn_of(unknown: Sequence[str]) -> list[str]:
    if not unknown:
        return []
    shown = ", ".join(heading[:40] for heading in unknown[:10])
    more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""  # noqa: PLR2004 - as cut above
    warning = f"These columns are not used: {shown}{more}."
    if any(word in fold(heading) for heading in unknown for word in _ETHNICITY):
        warning += " Ethnicity is never stored."
    return [warning]

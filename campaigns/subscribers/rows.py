"""Rows: one row of a list, read as somebody who may enter, or refused with a reason."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar

from campaigns.errors import PhoneRefusedError
from campaigns.local_time import ZONE
from campaigns.phones import hide_numbers, read_phone
from campaigns.subscribers.headings import (
    AREA,
    CONSENT,
    CONSENT_AT,
    LANGUAGE,
    PHONE,
    TAGS,
    Columns,
    fold,
)
from campaigns.subscribers.languages import NAMES, read_language

MAX_TAGS = 20
MAX_TAG_CHARS = 40
MAX_SOURCE_CHARS = 200
# A tablet's clock may run a little ahead of ours.
_CLOCK_SLACK = timedelta(days=1)
_MAX_KNOWN = 50_000
_MAX_PARTS = 4096
_REFUSALS = frozenset(["khong", "khong dong y", "chua dong y", "tu choi", "no", "n", "false", "0"])
_DAY_FIRST = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2})[:hg](\d{2})?(?::(\d{2}))?)?"
).fullmatch


@dataclass(frozen=True, slots=True)
class Profile:
    """What a row says besides the number; None where the list says nothing about it."""

    area_code: str | None
    language: str | None
    tags: str | None
    source: str | None
    consent_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class Rejection:
    """One refused row: its number in the list, its cells, and why; *reason* is a stable word."""

    row: int
    cells: Sequence[str]
    reason: str
    message: str


T = TypeVar("T")


class _RefusedError(Exception):
    """Why a row is refused; becomes a Rejection."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RowReader(Generic[T]):
    """Reads the rows of one list; ``read`` and ``rejected`` count while it goes."""

    def __init__(
        self,
        columns: Columns,
        *,
        areas: Mapping[str, str],
        prepare: Callable[[Profile], T],
        now: datetime,
        area_code: str | None = None,
        on_reject: Callable[[Rejection], None] = lambda _: None,
    ) -> None:
        """Read *columns*; *areas* has the valid codes and names, *area_code* stands in for none.

        Rows say the same few things over and over, so what they say is read and given to
        *prepare* once.
        """
        self.read = 0
        self.rejected: Counter[str] = Counter()
        self._at = columns.at
        self._width = columns.width
        self._area_names = areas
        self._areas_named: dict[str, list[str]] = {}
        for code, name in areas.items():
            self._areas_named.setdefault(fold(name), []).append(code)
        self._area_code = area_code
        self._now = now
        self._on_reject = on_reject
        self._prepare = prepare
        self._known: dict[Hashable, T] = {}
        # A miss in the whole is mostly a hit in every part: a known commune, a known day.
        self._find_area = lru_cache(_MAX_PARTS)(self._read_area)
        self._find_moment = lru_cache(_MAX_PARTS)(self._read_moment)
        others = [at for column, at in columns.at.items() if column != PHONE]
        self._pick: Callable[[Sequence[str]], Any] = itemgetter(*others) if others else lambda _: ()

    def read_rows(
        self, rows: Iterable[tuple[int, Sequence[str]]]
    ) -> Iterator[tuple[int, str, T | None]]:
        """Yield row, E.164 number and prepared profile of everybody who is listed.

        A refused row goes to on_reject and, if its number is readable, is yielded without a
        profile, so that nobody counts as missing because of a slip. Blank rows do not count.
        """
        phone_at, pick, known, width = self._at[PHONE], self._pick, self._known, self._width
        for row, cells in rows:
            if len(cells) <= width:
                try:
                    yield row, read_phone(cells[phone_at]), known[pick(cells)]
                except (IndexError, KeyError, PhoneRefusedError):
                    pass
                else:
                    self.read += 1
                    continue
            yield from self._look_closely(row, cells)

    def _look_closely(self, row: int, cells: Sequence[str]) -> Iterator[tuple[int, str, T | None]]:
        if not any(cell.strip() for cell in cells):
            return
        self.read += 1
        padded = [*cells, *[""] * (self._width - len(cells))]
        number = prepared = None
        try:
            number = read_phone(padded[self._at[PHONE]])
            _refuse_shifted(cells[self._width :])
            prepared = self._prepare(self._read_profile(padded))
        except (PhoneRefusedError, _RefusedError) as refused:
            self.rejected[refused.reason] += 1
            self._on_reject(Rejection(row, cells, refused.reason, str(refused)))
        else:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[self._pick(padded)] = prepared
        if number is not None:
            yield row, number, prepared

    def _read_profile(self, cells: Sequence[str]) -> Profile:
        at = self._at
        return Profile(
            self._find_area(cells[at[AREA]] if AREA in at else ""),
            _read_language(cells[at[LANGUAGE]]) if LANGUAGE in at else None,
            _read_tags(cells[at[TAGS]]) if TAGS in at else None,
            _read_source(cells[at[CONSENT]]) if CONSENT in at else None,
            self._find_moment(cells[at[CONSENT_AT]]) if CONSENT_AT in at else None,
        )

    def _read_area(self, cell: str) -> str:
        written = _tidy(cell)
        if not written and self._area_code is not None:
            return self._area_code
        if not written:
            raise _RefusedError("no_area", "The cell for the area is empty; write its code.")
        code = written.strip("'\"=`’ ").removesuffix(".0")
        for candidate in (code, code.zfill(5) if code.isdigit() else code):
            if candidate in self._area_names:
                return candidate
        codes = self._codes_named(fold(written))
        hint = f" {self._area_names[codes[0]]} has the code {codes[0]}." if len(codes) == 1 else ""
        raise _RefusedError(
            "unknown_area", f"No area has this code today; see `loa areas list`.{hint}"
        )

    def _codes_named(self, folded: str) -> list[str]:
        """Find the areas called *folded*, with or without words such as xã in front."""
        while folded and folded not in self._areas_named:
            folded = folded.partition(" ")[2]
        return self._areas_named.get(folded, [])

    def _read_moment(self, cell: str) -> datetime | None:
        written = _tidy(cell)
        if not written:
            return None
        moment = _parse_moment(written)
        if moment is None:
            raise _RefusedError(
                "consent_date", "The day of consent is unreadable; write it as 31/12/2025."
            )
        if moment > self._now + _CLOCK_SLACK:
            raise _RefusedError("consent_date", "The day of consent lies in the future.")
        return min(moment, self._now)


def _refuse_shifted(beyond: Sequence[str]) -> None:
    if any(cell.strip() for cell in beyond):
        raise _RefusedError(
            "extra_cells", "The row has more cells than the heading; look for a stray separator."
        )


def _tidy(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).strip()


@lru_cache(_MAX_PARTS)
def _read_language(cell: str) -> str | None:
    written = _tidy(cell)
    if not written:
        return None
    language = read_language(written)
    if language is None:
        raise _RefusedError(
            "unknown_language",
            f"Loa has no such language; write one of {', '.join(NAMES)}, or leave the cell empty.",
        )
    return language


@lru_cache(_MAX_PARTS)
def _read_tags(written: str) -> str:
    """Return tags as ``|a|b|``, unaccented and sorted."""
    tags = sorted({fold(tag).replace(" ", "_") for tag in re.split(r"[|;,]", written)} - {""})
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARS for tag in tags):
        raise _RefusedError(
            "bad_tags",
            f"At most {MAX_TAGS} tags of at most {MAX_TAG_CHARS} letters, separated by |.",
        )
    return f"|{'|'.join(tags)}|" if tags else ""


@lru_cache(_MAX_PARTS)
def _read_source(cell: str) -> str | None:
    written = _tidy(cell)
    if fold(written) in _REFUSALS:
        raise _RefusedError("no_consent", "The list says that this person did not agree.")
    if len(written) > MAX_SOURCE_CHARS:
        raise _RefusedError(
            "long_source", f"Say in at most {MAX_SOURCE_CHARS} letters where the number came from."
        )
    return hide_numbers(written) or None


def _parse_moment(written: str) -> datetime | None:
    """Read an ISO moment or ``31/12/2025 14:30``; without a zone it is the province's time."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        match = _DAY_FIRST(written)
        if match is None:
            return None
        day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
        except ValueError:
            return None
    if not 1990 <= moment.year <= 9000:  # noqa: PLR2004 - mobiles came to Viet Nam in 1993
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)

"""Statements: a partner's own file of what it counts, read as its accountants export it."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import BinaryIO

from campaigns.errors import SubscriberFileError
from campaigns.local_time import ZONE
from campaigns.partners.errors import StatementRefusedError
from campaigns.partners.models import FeedState
from campaigns.subscribers.delimited import DELIMITERS
from campaigns.subscribers.encodings import detect_encoding
from campaigns.subscribers.headings import fold

REFERENCE, SID, SENT_AT, STATE, SEGMENTS, CODE = (
    *("reference", "sid", "sent_at", "state", "segments", "code"),
)
# Unaccented, lower case: what `fold` makes of a heading or of a word for a state.
_HEADINGS = {
    REFERENCE: "reference|ref|message reference|ma tham chieu|tham chieu",
    SID: "sid|message sid|message id|id|ma tin|ma tin nhan|ma ban tin",
    SENT_AT: (
        "sent at|sent|sent time|sent date|date|time|thoi gian gui|thoi diem gui|ngay gui|gio gui|"
        "thoi gian|ngay"
    ),
    STATE: "state|status|trang thai|ket qua|tinh trang",
    SEGMENTS: "segments|parts|sms|so doan|so doan tin|doan tin|doan|so sms|so ban tin",
    CODE: "code|error|error code|ma loi|loi",
}
_COLUMN_OF = {word: column for column, words in _HEADINGS.items() for word in words.split("|")}
_STATES = {
    FeedState.SUBMITTED: "submitted|accepted|queued|da tiep nhan|tiep nhan",
    FeedState.NETWORK: "network|sent|da gui|gui thanh cong|tong dai da nhan",
    FeedState.HANDSET: "handset|delivered|success|da nhan|may da nhan|thanh cong|da den may",
    FeedState.FAILED: "failed|undelivered|rejected|that bai|hong|gui hong|khong thanh cong|loi",
    FeedState.UNKNOWN: "unknown|chua ro|khong ro",
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words.split("|")}
_DAYS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y")
_LINES_ABOVE = 20
_MOST_SEGMENTS = 255


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One text as the partner counts it; *fault* says why a row cannot be read, if it cannot."""

    row: int
    reference: str = ""
    sid: str = ""
    sent_at: datetime | None = None
    state: str = ""
    segments: int = 0
    code: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's file: what is wrong with its columns, or else its rows, to be read once."""

    fault: str
    rows: Iterator[StatementRow]


@contextmanager
def read_statement(file: BinaryIO, *, name: str) -> Iterator[Statement]:
    """Lend the CSV *file* as a statement: with comma, semicolon or tab, its heading near the top.

    Columns, also under Vietnamese headings: reference or sid, sent_at, state, segments, and
    perhaps code; others are not looked at. Raises StatementRefusedError for what is no text.
    """
    try:
        encoding, _ = detect_encoding(file, name=name)
    except SubscriberFileError:
        raise StatementRefusedError(
            f"{name} is no table in a text file. Nothing was changed. Save it as CSV (UTF-8)."
        ) from None
    lines = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield _find_table(lines)
    finally:
        # The file is its owner's to close.
        lines.detach()


def _find_table(lines: Iterable[str]) -> Statement:
    lines = iter(lines)
    first = list(itertools.islice(lines, _LINES_ABOVE))
    for delimiter in DELIMITERS:
        for skipped, cells in enumerate(_cells(first, delimiter), start=1):
            columns = _columns_in(cells)
            if {REFERENCE, SID} & columns.keys() and len(cells) > 1:
                rows = csv.reader(itertools.chain(first, lines), delimiter=delimiter)
                return Statement(_fault(cells, columns), _read(rows, columns, skipped=skipped))
    return Statement(
        "no heading names a column reference (mã tham chiếu) or sid (mã tin nhắn)", iter(())
    )


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _columns_in(cells: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for position, cell in enumerate(cells):
        column = _COLUMN_OF.get(fold(cell))
        if column is not None:
            found.setdefault(column, position)
    return found


def _fault(cells: Sequence[str], columns: Mapping[str, int]) -> str:
    """Return what is wrong with a heading of *cells*, if anything."""
    missing = [column for column in (SENT_AT, STATE, SEGMENTS) if column not in columns]
    if missing:
        return f"no column says {', '.join(missing)}"
    named = Counter(column for cell in cells if (column := _COLUMN_OF.get(fold(cell))))
    twice = [column for column, times in named.items() if times > 1]
    return f"more than one column says {', '.join(twice)}" if twice else ""


def _read(
    rows: Iterator[list[str]], columns: Mapping[str, int], *, skipped: int
) -> Iterator[StatementRow]:
    try:
        for number, cells in enumerate(rows, start=1):
            if number > skipped and any(cell.strip() for cell in cells):
                yield _row(number, cells, columns)
    except csv.Error:
        raise StatementRefusedError(
            "The file's quotation marks do not pair up. Nothing was changed. Mend them."
        ) from None


def _row(number: int, cells: Sequence[str], columns: Mapping[str, int]) -> StatementRow:
    def cell(column: str) -> str:
        position = columns.get(column, len(cells))
        return cells[position].strip()[:200] if position < len(cells) else ""

    row = StatementRow(number, reference=cell(REFERENCE), sid=cell(SID))
    sent_at, segments = _moment(cell(SENT_AT)), cell(SEGMENTS)
    state = _STATE_OF.get(fold(cell(STATE)))
    if not row.reference and not row.sid:
        return replace(row, fault="it names no text")
    if sent_at is None:
        return replace(row, fault="when it was sent is no day and time")
    if state is None:
        return replace(row, fault="its state is none that is known")
    if not (segments.isascii() and segments.isdigit() and 0 < int(segments) <= _MOST_SEGMENTS):
        return replace(row, fault="its segments are no number from 1 to 255")
    return replace(
        row, sent_at=sent_at, state=state.value, segments=int(segments), code=cell(CODE)[:32]
    )


def _moment(written: str) -> datetime | None:
    """Read a moment; without an offset it is the province's time, a day alone is its noon."""
    for form in _DAYS:
        try:
            moment = datetime.strptime(written, form)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
        return _in_zone(moment, is_day=form == _DAYS[-1])
    try:
        return _in_zone(datetime.fromisoformat(written), is_day=_is_day(written))
    except (ValueError, OverflowError):
        return None


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _in_zone(moment: datetime, *, is_day: bool) -> datetime:
    local = moment.astimezone(ZONE) if moment.tzinfo else moment.replace(tzinfo=ZONE)
    return local.replace(hour=12) if is_day else local

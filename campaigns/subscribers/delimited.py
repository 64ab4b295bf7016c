"""Delimited lists: CSV with comma, semicolon or tab, as every spreadsheet exports it."""

import csv
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from campaigns.subscribers.encodings import no_heading, refuse_file
from campaigns.subscribers.headings import is_heading

DELIMITERS = (",", ";", "\t")
# Titles such as "UBND xã ..., danh sách ..." may stand above the heading.
_LINES_ABOVE = 20
# Addresses are written in a few lines; more than these have been swallowed by a stray quote.
LONGEST_ROW_LINES = 8


def read_delimited(
    text: Iterable[str], *, name: str
) -> tuple[tuple[str, ...], Iterator[tuple[int, Sequence[str]]], str]:
    """Return heading, numbered rows and delimiter of the CSV whose lines are *text*.

    The heading is the first line, within the first twenty, that names the number's column; it
    settles the delimiter. Raises SubscriberFileError, also while rows are read.
    """
    lines = iter(text)
    first = list(itertools.islice(lines, _LINES_ABOVE))
    for delimiter in DELIMITERS:
        for skipped, headings in enumerate(_cells(first, delimiter)):
            if is_heading(headings):
                whole = itertools.chain(first, lines)
                below = _number(whole, delimiter=delimiter, skipped=skipped + 1, name=name)
                return tuple(headings), below, delimiter
    raise no_heading(name)


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _number(
    lines: Iterable[str], *, delimiter: str, skipped: int, name: str
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows below *skipped* others, numbered as a spreadsheet numbers them.

    A quotation mark that nobody closed makes one cell of all that follows it: such a file is
    refused, or people would be missing from the list and nobody told.
    """
    recent: deque[str] = deque(maxlen=LONGEST_ROW_LINES + 1)
    rows = csv.reader(_noting(lines, recent), delimiter=delimiter)
    before = 0
    try:
        for number, row in enumerate(rows, start=1):
            taken = rows.line_num - before
            if taken > 1 and _is_torn(list(recent)[-taken:], taken):
                raise refuse_file(
                    name,
                    f"line {before + 1} opens a quotation mark that is not closed where it should "
                    "be, and the lines below it would be lost",
                    remedy="Mend that line",
                )
            before = rows.line_num
            if number > skipped:
                yield number, row
    except csv.Error as broken:
        raise refuse_file(name, f"its quotation marks do not pair up ({broken})") from None


def _noting(lines: Iterable[str], recent: deque[str]) -> Iterator[str]:
    for line in lines:
        recent.append(line)
        yield line


def _is_torn(lines: Sequence[str], taken: int) -> bool:
    """Whether a row of *taken* lines, of which these are the last, cannot be meant to be one."""
    return taken > LONGEST_ROW_LINES or "".join(lines).count('"') % 2 == 1

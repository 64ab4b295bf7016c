"""Delimited lists: CSV with comma, semicolon or tab, as every spreadsheet exports it."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence

from campaigns.subscribers.encodings import refuse_file
from campaigns.subscribers.headings import is_heading

DELIMITERS = (",", ";", "\t")
# Titles such as "UBND xã ..., danh sách ..." may stand above the heading.
_LINES_ABOVE = 20


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
                rows = csv.reader(itertools.chain(first, lines), delimiter=delimiter)
                below = _number(rows, skipped=skipped + 1, name=name)
                return tuple(headings), below, delimiter
    raise refuse_file(name, "no heading names the column of the numbers (phone, số điện thoại)")


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _number(
    rows: Iterator[list[str]], *, skipped: int, name: str
) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        yield from enumerate(itertools.islice(rows, skipped, None), start=skipped + 1)
    except csv.Error as broken:
        raise refuse_file(name, f"its quotation marks do not pair up ({broken})") from None

"""Workbooks: XLSX lists, read row by row within limits that a real list never meets."""

import itertools
import unicodedata
import warnings as python_warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from campaigns.subscribers.encodings import no_heading, refuse_file
from campaigns.subscribers.headings import is_heading
from campaigns.subscribers.workbook_parts import DAMAGED_ZIP, MAX_ROWS, check_parts

MAX_COLUMNS = 200
MAX_CELL_CHARS = 32_767
_LINES_ABOVE = 20
_DAMAGED = (*DAMAGED_ZIP, ParseError, KeyError, TypeError, IndexError, AttributeError)

Opened = tuple[
    tuple[str, ...], Iterator[tuple[int, Sequence[str]]], Callable[[], float], tuple[str, ...]
]


@contextmanager
def open_workbook(file: BinaryIO, *, name: str) -> Iterator[Opened]:
    """Open the first sheet of an XLSX in *file* that has a heading naming the number's column.

    Yields heading, numbered rows, progress and warnings. Raises SubscriberFileError, also while
    rows are read, when the file is damaged or unpacks beyond the limits.
    """
    check_parts(file, name=name)
    # A tenth of a worker's start, and only a list that is a workbook needs it.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    with python_warnings.catch_warnings():
        # openpyxl warns of decorations it does not know; a clerk can do nothing about that.
        python_warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (*_DAMAGED, InvalidFileException) as damage:
            raise refuse_file(name, "the workbook is damaged") from damage
        try:
            yield _find_list(book, name=name)
        finally:
            book.close()


def _find_list(book: Any, *, name: str) -> Opened:
    lists = []
    try:
        for sheet in book.worksheets:
            # The size a sheet claims to have is not to be trusted.
            sheet.reset_dimensions()
            top = itertools.islice(
                sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), _LINES_ABOVE
            )
            for above, values in enumerate(top):
                headings = [_cell(value) for value in values]
                if is_heading(headings):
                    lists.append((sheet, above, headings))
                    break
    except _DAMAGED as damage:
        raise refuse_file(name, "the workbook is damaged") from damage
    if not lists:
        raise no_heading(name)
    sheet, above, headings = lists[0]
    while headings and not headings[-1]:
        headings.pop()
    position = [0]
    rows = _rows(sheet, above=above, width=len(headings), position=position, name=name)
    warnings = (f"Only the sheet “{sheet.title}” was read.",) if len(lists) > 1 else ()
    return tuple(headings), rows, lambda: position[0] / MAX_ROWS, warnings


def _rows(
    sheet: Any, *, above: int, width: int, position: list[int], name: str
) -> Iterator[tuple[int, Sequence[str]]]:
    first = above + 2
    try:
        rows = sheet.iter_rows(min_row=first, max_col=width, values_only=True)
        for number, values in enumerate(rows, start=first):
            if number > MAX_ROWS:
                raise refuse_file(name, "it has more rows than a worksheet can have")
            position[0] = number
            yield number, [_cell(value) for value in values]
    except _DAMAGED as damage:
        raise refuse_file(name, "the workbook is damaged") from damage


def _cell(value: object) -> str:
    """Return what the clerk sees in a cell, as far as numbers and dates allow."""
    match value:
        case None:
            return ""
        case str():
            if len(value) > MAX_CELL_CHARS:
                raise ValueError("a cell longer than a workbook can hold")
            return unicodedata.normalize("NFC", value)
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)

"""Workbooks: XLSX lists, read row by row within limits that a real list never meets."""

import itertools
import unicodedata
import warnings as python_warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from campaigns.subscribers.encodings import no_heading, refuse_file
from campaigns.subscribers.headings import is_heading

MAX_UNPACKED_BYTES = 600 << 20
# These parts are held in memory as a whole; the sheets are not.
MAX_HELD_BYTES = 100 << 20
MAX_PARTS = 2000
MAX_ROWS = 1_048_576
MAX_COLUMNS = 200
MAX_CELL_CHARS = 32_767
LONGEST_RUN_BYTES = 1 << 20
_LINES_ABOVE = 20
_DAMAGED = (
    zipfile.BadZipFile,
    ParseError,
    zlib.error,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    NotImplementedError,
    OSError,
)

Opened = tuple[
    tuple[str, ...], Iterator[tuple[int, Sequence[str]]], Callable[[], float], tuple[str, ...]
]


@contextmanager
def open_workbook(file: BinaryIO, *, name: str) -> Iterator[Opened]:
    """Open the first sheet of an XLSX in *file* that has a heading naming the number's column.

    Yields heading, numbered rows, progress and warnings. Raises SubscriberFileError, also while
    rows are read, when the file is damaged or unpacks beyond the limits.
    """
    # A tenth of a worker's start, and only a list that is a workbook needs it.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    _check_parts(file, name=name)
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


def _check_parts(file: BinaryIO, *, name: str) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as damage:
        raise refuse_file(name, "the workbook is damaged or cut short") from damage
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise refuse_file(name, "it is a ZIP archive, but no XLSX workbook")
    held = sum(part.file_size for part in parts if "/worksheets/" not in part.filename)
    whole = sum(part.file_size for part in parts)
    if whole > MAX_UNPACKED_BYTES or held > MAX_HELD_BYTES or len(parts) > MAX_PARTS:
        raise refuse_file(name, "it unpacks to far more than a list can be")
    _check_cells(file, name=name)
    file.seek(0)


def _check_cells(file: BinaryIO, *, name: str) -> None:
    """Refuse a sheet with a cell so long that reading it would fill the memory."""
    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            if "/worksheets/" not in part.filename:
                continue
            try:
                with archive.open(part) as sheet:
                    while chunk := sheet.read(LONGEST_RUN_BYTES):
                        if len(chunk) == LONGEST_RUN_BYTES and b"<" not in chunk:
                            raise refuse_file(name, "one of its cells is larger than a list")
            except _DAMAGED as damage:
                raise refuse_file(name, "the workbook is damaged or cut short") from damage


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

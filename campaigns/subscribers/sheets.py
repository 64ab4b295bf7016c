"""Sheets: a subscriber list of any kind that clerks send, opened as a heading and rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from unicodedata import normalize

from campaigns.subscribers.delimited import read_delimited
from campaigns.subscribers.encodings import detect_encoding, refuse_file
from campaigns.subscribers.headings import is_rejects_heading
from campaigns.subscribers.json_lines import read_json_lines
from campaigns.subscribers.rejects import unescape
from campaigns.subscribers.workbooks import open_workbook

Row = tuple[int, Sequence[str]]

_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook or one with a password; save it as .xlsx without",
    b"\x1f\x8b": "a compressed file; unpack it first",
    b"Rar!": "a compressed file; unpack it first",
    b"7z\xbc\xaf": "a compressed file; unpack it first",
    b"SQLite format 3": "a database",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open list: its *headings*, its *rows* as they are asked for, and how far reading is.

    Rows are numbered as a spreadsheet shows them; the heading is usually row 1. *delimiter* is
    what a file about this list should be written with, so that the same program opens it.
    """

    name: str
    headings: tuple[str, ...]
    rows: Iterator[Row]
    done: Callable[[], float] = lambda: 0.0
    delimiter: str = ","
    warnings: tuple[str, ...] = ()


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """Open the list at *path*, a CSV, XLSX or NDJSON whatever its name says.

    Raises SubscriberFileError, here or while rows are read, for anything else: pictures, damaged
    or oversized workbooks, bytes that are no text.
    """
    with path.open("rb") as file:
        begin = file.read(512)
        for signature, kind in _SIGNATURES.items():
            if begin.startswith(signature):
                raise refuse_file(path.name, f"it is {kind}")
        file.seek(0)
        if begin.startswith(b"PK"):
            with open_workbook(file, name=path.name) as (headings, rows, done, warnings):
                yield _mended(Sheet(path.name, headings, rows, done, warnings=warnings))
            return
        encoding, begins_with = detect_encoding(file, name=path.name)
        text = TextIOWrapper(file, encoding, newline="")
        try:
            sheet = _open_text(text, path.name, encoding=encoding, begins_with=begins_with)
            size = path.stat().st_size
            yield replace(_mended(sheet), done=lambda: file.tell() / size)
        finally:
            text.detach()


def _open_text(text: TextIOWrapper, name: str, *, encoding: str, begins_with: str) -> Sheet:
    if begins_with == "{":
        headings, rows = read_json_lines(text, name=name)
        return Sheet(name, headings, rows)
    if begins_with == "[":
        raise refuse_file(name, "it is one JSON list; write one object a line (NDJSON)")
    # CP1258 writes most accents as marks of their own.
    lines = (normalize("NFC", line) for line in text) if encoding == "cp1258" else text
    headings, rows, delimiter = read_delimited(lines, name=name)
    return Sheet(name, headings, rows, delimiter=delimiter)


def _mended(sheet: Sheet) -> Sheet:
    """Give the rows of a rejects file back the cells that were there before it was written."""
    if not is_rejects_heading(sheet.headings):
        return sheet
    rows = ((number, [unescape(cell) for cell in cells]) for number, cells in sheet.rows)
    return replace(sheet, rows=rows)

"""Parts of a workbook: counted before anything builds objects of them."""

import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO
from xml.parsers import expat

from campaigns.subscribers.encodings import refuse_file

MAX_UNPACKED_BYTES = 600 << 20
# These parts are held in memory as a whole; the sheets are not.
MAX_HELD_BYTES = 100 << 20
MAX_PARTS = 2000
MAX_ROWS = 1_048_576
# What the program in which clerks write their lists allows; there, too, most are empty.
MAX_CELLS_IN_ROW = 16_384
MAX_TAGS_IN_ROW = 3 * MAX_CELLS_IN_ROW
LONGEST_ROW_BYTES = 4 << 20
# A name, a number and one thing more for each person, each said once, as spreadsheets do.
MAX_STRING_TAGS = 8 * MAX_ROWS
# Decorations: old lists that were copied many times have tens of thousands of styles.
MAX_OTHER_TAGS = 250_000
LONGEST_RUN_BYTES = 1 << 20
# What Python's own reader of ZIP archives raises for a damaged one, besides RuntimeError.
DAMAGED_ZIP = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
    *(ValueError, NotImplementedError),
)
_SHEETS = "/worksheets/"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_ROW, _CELL, _STRING = f"{_MAIN}row", f"{_MAIN}c", f"{_MAIN}si"
_TOO_MUCH = "it unpacks to far more than a list can be"
_DAMAGED = "the workbook is damaged"
_LONG_ROW = "one of its rows has more cells than a worksheet can have"


class _UnreadableError(Exception):
    """No list is like this; the message says why."""


def check_parts(file: BinaryIO, *, name: str) -> None:
    """Raise SubscriberFileError unless the workbook in *file* can be read in little memory.

    Every part is looked through once, in pieces: what is read later keeps a row as a whole, and
    a trace of each row, and a few hundred kilobytes may unpack to millions of cells in one.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if not any(part.filename == "xl/workbook.xml" for part in parts):
                raise refuse_file(name, "it is a ZIP archive, but no XLSX workbook")
            held = sum(part.file_size for part in parts if _SHEETS not in part.filename)
            whole = sum(part.file_size for part in parts)
            if whole > MAX_UNPACKED_BYTES or held > MAX_HELD_BYTES or len(parts) > MAX_PARTS:
                raise refuse_file(name, _TOO_MUCH)
            for part in parts:
                _look_through(archive, part)
    except _UnreadableError as unreadable:
        raise refuse_file(name, str(unreadable)) from None
    except (*DAMAGED_ZIP, RuntimeError) as damage:
        raise refuse_file(name, "the workbook is damaged or cut short") from damage
    file.seek(0)


def _look_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    tags = _Tags(is_sheet=_SHEETS in part.filename)
    with archive.open(part) as content:
        while chunk := content.read(LONGEST_RUN_BYTES):
            before = tags.count
            try:
                tags.feed(chunk)
            except expat.ExpatError:
                # A picture, or damage: whoever reads it stops at the same place.
                return
            if len(chunk) == LONGEST_RUN_BYTES and tags.count == before:
                raise _UnreadableError("one of its cells is larger than a list")


class _Tags:
    """Counts the tags of one part, and raises _UnreadableError when no list has so many."""

    def __init__(self, *, is_sheet: bool) -> None:
        self.count = 0
        self._rows = self._others = 0
        self._in_row = self._cells = 0
        self._row_began_at = -1
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = _refuse_definitions
        if is_sheet:
            self._parser.StartElementHandler = self._begin_in_sheet
            self._parser.EndElementHandler = self._end_in_sheet
        else:
            self._parser.StartElementHandler = self._begin
        self.feed = self._parser.Parse

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Count a tag of a part that is held; only the texts of cells may be very many."""
        self.count += 1
        if tag == _STRING:
            self._rows += 1
        if self.count > MAX_STRING_TAGS or (not self._rows and self.count > MAX_OTHER_TAGS):
            raise _UnreadableError(_TOO_MUCH)
        # A sheet must not be given out as a part that is held.
        if _SHEETS in attributes.get("PartName", "") and not attributes.get(
            "ContentType", ""
        ).endswith("worksheet+xml"):
            raise _UnreadableError(_DAMAGED)

    def _begin_in_sheet(self, tag: str, _: Mapping[str, str]) -> None:
        self.count += 1
        if self._row_began_at >= 0:
            self._begin_in_row(tag)
        elif tag == _ROW:
            self._rows += 1
            self._row_began_at = self._parser.CurrentByteIndex
            self._in_row = self._cells = 0
            if self._rows > MAX_ROWS:
                raise _UnreadableError("it has more rows than a worksheet can have")
        else:
            self._others += 1
            if self._others > MAX_OTHER_TAGS:
                raise _UnreadableError(_TOO_MUCH)

    def _begin_in_row(self, tag: str) -> None:
        self._in_row += 1
        self._cells += tag == _CELL
        if self._cells > MAX_CELLS_IN_ROW or self._in_row > MAX_TAGS_IN_ROW:
            raise _UnreadableError(_LONG_ROW)
        if self._parser.CurrentByteIndex - self._row_began_at > LONGEST_ROW_BYTES:
            raise _UnreadableError("one of its rows is larger than a list's can be")
        if tag == _ROW:
            raise _UnreadableError(_DAMAGED)

    def _end_in_sheet(self, tag: str) -> None:
        if tag == _ROW:
            self._row_began_at = -1


def _refuse_definitions(*_: object) -> None:
    # No workbook has any, and a few of them multiply to gigabytes.
    raise _UnreadableError(_TOO_MUCH)

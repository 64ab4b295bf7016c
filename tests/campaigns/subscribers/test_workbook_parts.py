"""Workbooks that unpack to more than a list can be: refused before they fill the memory."""

import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from campaigns.errors import SubscriberFileError
from campaigns.subscribers.sheets import open_sheet
from tests.campaigns.subscribers.lists import a_workbook

HEADING = ("phone", "area")
SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
CELL = b'<c t="inlineStr"><is><t>c</t></is></c>'
TOP = b"<worksheet " + MAIN + b"><sheetData>"
PHONE = b'<row><c t="inlineStr"><is><t>phone</t></is></c></row>'
MANY = 1000


def a_workbook_with(path: Path, part: str, content: Iterator[bytes]) -> Path:
    """Write a workbook whose *part* is *content*, piece by piece."""
    whole = a_workbook(path.with_name("whole.xlsx"), HEADING)
    with ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, kept in parts.items():
            archive.writestr(name, kept)
        with archive.open(part, "w") as file:
            for piece in content:
                file.write(piece)
    return path


def pieces(begin: bytes, repeated: bytes, times: int, end: bytes = b"") -> Iterator[bytes]:
    yield begin
    yield from repeat(repeated * MANY, times // MANY)
    yield end


def read(path: Path) -> int:
    with open_sheet(path) as sheet:
        return sum(1 for _ in sheet.rows)


@pytest.mark.parametrize(
    ("part", "content", "why"),
    [
        (SHEET, (TOP + b"<row>", CELL, 300_000, b"</row></sheetData></worksheet>"), "more cells"),
        (SHEET, (TOP + b"<row>", b'<c r="XFD1"/>', 300_000), "more cells"),
        (SHEET, (TOP + b"<row><c><is>", b"<r/>", 300_000), "more cells"),
        (SHEET, (TOP + PHONE, b"<row/>", 1_050_000), "more rows than a worksheet"),
        (SHEET, (TOP + b"<row>", b"<c><v>" + b"9" * 1000 + b"</v></c>", 6000), "rows is larger"),
        (SHEET, (TOP + b"<!--", b"<c/>", 1_000_000), "larger than a list"),
        (SHEET, (b"<worksheet " + MAIN + b">", b"<mergeCell/>", 300_000), "far more than a list"),
        (SHEET, (TOP, b"<x/>", 300_000), "far more than a list"),
        (STYLES, (b"<styleSheet " + MAIN + b">", b"<xf/>", 300_000), "far more than a list"),
        (STRINGS, (b"<sst " + MAIN + b">", b"<t/>", 300_000), "far more than a list"),
        (STYLES, (b'<!DOCTYPE x [<!ENTITY a "', b"a", MANY, b'">]><x/>'), "far more than a list"),
    ],
)
def test_what_no_list_can_be_is_refused(
    tmp_path: Path, part: str, content: tuple[bytes, bytes, int], why: str
) -> None:
    """A few hundred kilobytes unpack to millions of cells; no worker may fall over them."""
    path = a_workbook_with(tmp_path / "list.xlsx", part, pieces(*content))
    assert path.stat().st_size < 1 << 20

    with pytest.raises(SubscriberFileError, match=why) as refused:
        read(path)
    assert "Nothing was imported" in str(refused.value)


def test_a_row_of_a_million_cells_is_refused_in_little_memory(tmp_path: Path) -> None:
    content = pieces(TOP + b"<row>", CELL, 1_000_000, b"</row></sheetData></worksheet>")
    path = a_workbook_with(tmp_path / "list.xlsx", SHEET, content)

    tracemalloc.start()
    with pytest.raises(SubscriberFileError, match="more cells"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 << 20


def test_a_sheet_that_is_given_out_as_something_else_is_refused(tmp_path: Path) -> None:
    """What is no sheet is held in memory as a whole."""
    kinds = (
        b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    path = a_workbook_with(tmp_path / "list.xlsx", "[Content_Types].xml", iter([kinds]))
    with pytest.raises(SubscriberFileError, match="the workbook is damaged"):
        read(path)


def test_rows_as_wide_as_a_worksheet_are_read(tmp_path: Path) -> None:
    """Whoever formats whole rows has cells in every column, and nothing in most."""
    wide = b"<row>" + PHONE[5:-6] + b'<c s="0"/>' * 16_383 + b"</row>"
    row = b'<row><c t="inlineStr"><is><t>0912345678</t></is></c><c r="XFD3"/></row>'
    content = iter([TOP, wide, row, row, b"</sheetData></worksheet>"])
    assert read(a_workbook_with(tmp_path / "list.xlsx", SHEET, content)) == 2

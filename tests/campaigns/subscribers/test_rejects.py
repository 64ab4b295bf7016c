"""Rejects: what comes back to the clerk can be opened safely, mended, and sent again."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.errors import SubscriberFileError
from campaigns.subscribers.rejects import (
    RejectsFile,
    check_overwritable,
    escape,
    free_path,
    unescape,
)
from campaigns.subscribers.rows import Rejection
from campaigns.subscribers.sheets import open_sheet

HEADINGS = ("SĐT", "Mã xã", "Ghi chú")


def written(path: Path, *rejections: Rejection, delimiter: str = ",") -> Path:
    with RejectsFile(path, HEADINGS, delimiter=delimiter) as rejects:
        for rejection in rejections:
            rejects.add(rejection)
        rejects.finish()
        rejects.keep()
    return path


def a_rejection(*cells: str, row: int = 2) -> Rejection:
    return Rejection(row, cells, "landline", "This is a landline.")


def test_a_rejects_file_keeps_the_columns_and_adds_row_and_reason(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", a_rejection("02053812345", "06196", "ông Tư", row=7))

    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            [*HEADINGS, "row", "reason"],
            ["02053812345", "06196", "ông Tư", "7", "landline: This is a landline."],
        ]


def test_excel_sees_the_accents_and_nobody_else_sees_the_numbers(tmp_path: Path) -> None:
    """A byte order mark in front; readable by the clerk's account only."""
    path = written(tmp_path / "r.csv", a_rejection("02053812345"))

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "cell",
    ["=HYPERLINK(1)", "+84912345678x", "-1+1|cmd", "@SUM(1)", "\t=1", "\r=1", "'=1", "''", "＝1"],
)
def test_no_cell_becomes_a_formula_and_none_is_lost(tmp_path: Path, cell: str) -> None:
    """A spreadsheet shows the cell; an import gets it back as it was."""
    path = written(tmp_path / "r.csv", a_rejection(cell, "06196", cell))

    with path.open(encoding="utf-8-sig", newline="") as file:
        shown = list(csv.reader(file))[1]
    assert shown[0][0] == "'"
    with open_sheet(path) as sheet:
        (_, cells) = next(sheet.rows)
    assert list(cells[:3]) == [cell, "06196", cell]


@given(st.text())
def test_escaping_is_undone_exactly(cell: str) -> None:
    assert unescape(escape(cell)) == cell
    assert not escape(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_rejects_of_a_rejects_file_have_row_and_reason_once(tmp_path: Path) -> None:
    headings = (*HEADINGS, "row", "reason")
    with RejectsFile(tmp_path / "r.csv", headings) as rejects:
        rejects.add(Rejection(9, ["1022", "06196", "x", "2", "old"], "short_code", "Short."))
        rejects.finish()
        rejects.keep()

    text = (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines() == [
        "SĐT,Mã xã,Ghi chú,row,reason",
        "1022,06196,x,9,short_code: Short.",
    ]


def test_nothing_is_left_of_rejects_that_were_not_kept(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "r.csv", HEADINGS) as rejects:
        rejects.add(a_rejection("1022"))

    assert list(tmp_path.iterdir()) == []


def test_only_an_earlier_rejects_file_is_overwritten(tmp_path: Path) -> None:
    """A slip on the command line must not cost a list."""
    source = tmp_path / "list.csv"
    source.write_text("phone,area\n")
    other = tmp_path / "letter.txt"
    other.write_text("Kính gửi\n")
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\xff")

    for taken in (source, other, binary):
        with pytest.raises(SubscriberFileError, match="another name"):
            check_overwritable(taken, source=source)
    check_overwritable(tmp_path / "free.csv", source=source)
    check_overwritable(written(tmp_path / "r.csv", delimiter=";"), source=source)


def test_rejects_without_a_name_never_overwrite(tmp_path: Path) -> None:
    source = tmp_path / "list.xlsx"

    assert free_path(source) == tmp_path / "list.rejects.csv"
    (tmp_path / "list.rejects.csv").touch()
    assert free_path(source) == tmp_path / "list.rejects-2.csv"

"""Sheets: every kind of file that arrives, and what must not be taken for one."""

import io
import json
import tracemalloc
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from campaigns.errors import SubscriberFileError
from campaigns.subscribers.sheets import open_sheet
from campaigns.subscribers.workbook_parts import MAX_HELD_BYTES
from tests.campaigns.subscribers.lists import a_workbook

HEADING = ("Số điện thoại", "Mã xã", "Ghi chú")
ROWS = (("0912345678", "06196", "Lương Văn Tri, Đông Kinh"), ("0968123456", "06004", "Bản Thẩu"))


def read(path: Path) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    with open_sheet(path) as sheet:
        return sheet.headings, [(number, list(cells)) for number, cells in sheet.rows]


def text_of(delimiter: str) -> str:
    lines = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in (HEADING, *ROWS)]
    return "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"


def numbered() -> list[tuple[int, list[str]]]:
    return [(number, list(cells)) for number, cells in enumerate(ROWS, start=2)]


def as_cp1258(text: str) -> bytes:
    """Write *text* as Windows in Vietnam does: some accents are marks after their letter."""
    encoded = bytearray()
    for char in text:
        for part in _cp1258_parts(char):
            encoded += part.encode("cp1258")
    return bytes(encoded)


def _cp1258_parts(char: str) -> str:
    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        base, *marks = list(unicodedata.normalize("NFD", char))
        tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
        others = [mark for mark in marks if mark not in tones]
        return unicodedata.normalize("NFC", base + "".join(others)) + "".join(tones)
    return char


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "be-bom", "cp1258"]
)
def test_a_csv_is_read_in_every_encoding_and_with_every_delimiter(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    """Nobody has to know what their spreadsheet means by "CSV"."""
    text = text_of(delimiter)
    if encoding == "cp1258":
        raw = as_cp1258(text)
    elif encoding == "be-bom":
        raw = b"\xfe\xff" + text.encode("utf-16-be")
    else:
        raw = text.encode(encoding)
    path = tmp_path / "list.csv"
    path.write_bytes(raw)

    headings, rows = read(path)

    assert headings == HEADING
    assert rows == numbered()


def test_an_accent_far_down_a_plain_file_settles_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    plain = "phone,area,note\n" + "0912345678,06196,x\n" * 5000
    path.write_bytes(plain.encode() + as_cp1258("0912345678,06196,Lương Văn Tri\n"))

    assert read(path)[1][-1][1][2] == "Lương Văn Tri"


def test_titles_above_the_heading_are_passed_over(tmp_path: Path) -> None:
    """Rows keep the numbers that the spreadsheet shows."""
    path = tmp_path / "list.csv"
    path.write_text(f"ỦY BAN NHÂN DÂN XÃ BA SƠN\n\nDanh sách\n{text_of(',')}", encoding="utf-8")

    headings, rows = read(path)

    assert headings == HEADING
    assert rows[0] == (5, list(ROWS[0]))


def test_a_workbook_is_read_as_the_clerk_sees_it(tmp_path: Path) -> None:
    path = a_workbook(
        tmp_path / "list.xlsx",
        HEADING,
        ("0912345678", "06196", None),
        (912345678.0, 6196, datetime(2021, 10, 5)),  # noqa: DTZ001 - as a workbook gives it
        (912345678, 6196.0, True),
        above=2,
    )

    headings, rows = read(path)

    assert headings == HEADING
    assert rows == [
        (4, ["0912345678", "06196", ""]),
        (5, ["912345678", "6196", "2021-10-05 00:00:00"]),
        (6, ["912345678", "6196", "True"]),
    ]


def test_json_lines_are_read_under_the_same_headings(tmp_path: Path) -> None:
    path = tmp_path / "list.ndjson"
    objects = [
        {"SĐT": "0912345678", "area": "06196", "tags": ["chợ", "cửa khẩu"]},
        {"SĐT": 912345678.0, "area": None, "language": "tyz"},
    ]
    lines = [json.dumps(found, ensure_ascii=False) for found in objects]
    path.write_text("\n".join([*lines, "{broken", "[1]", ""]), encoding="utf-8")

    headings, rows = read(path)

    assert headings[:3] == ("SĐT", "area", "tags")
    assert rows[0][1][:3] == ["0912345678", "06196", "chợ|cửa khẩu"]
    assert rows[1][1][:2] == ["912345678", ""]
    assert rows[1][1][headings.index("language")] == "tyz"
    assert [(number, cells[0]) for number, cells in rows[2:]] == [(3, "{broken"), (4, "[1]")]


def a_zip(**parts: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "a PNG picture"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(64), "an old .xls workbook"),
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"phone,area\n0912\x00345678,06196\n", "bytes that no text has"),
        (b"phone,area\n\x01\x02,06196\n", "bytes that no text has"),
        ("phone,area\n0912\x00345678,06196\n".encode("utf-16"), "bytes that no text has"),
        (b"phone,area\n" + b"\x8a\x8d\xff" * 9, "no encoding that Loa knows"),
        (b"name,area\nAn,06196\n", "no heading names the column"),
        (b'[{"phone": "0912345678"}]', "one JSON list"),
        (b'{"name": "An"}\n', "no JSON object with a phone"),
        (b"phone,area\n" + b"9" * (3 << 20), "a line of more than a million characters"),
        (a_zip(word__document="x"), "no XLSX workbook"),
        (a_zip(**{"xl__workbook.xml": "<x/>"}), "the workbook is damaged"),
        (a_zip(**{"xl__workbook.xml": "not xml"}), "the workbook is damaged"),
    ],
)
def test_what_is_no_list_is_refused_by_its_content(
    tmp_path: Path, content: bytes, why: str
) -> None:
    """A picture called .csv is a picture; one sentence says what to do."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    with pytest.raises(SubscriberFileError, match=why) as refused:
        read(path)
    assert "Nothing was imported" in str(refused.value)


def test_a_workbook_cut_short_is_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(SubscriberFileError, match="damaged or cut short"):
        read(path)


def test_a_workbook_with_damaged_cells_is_refused_while_it_is_read(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    _change_sheet(path, lambda sheet: sheet.replace("</row>", "", 1))

    with pytest.raises(SubscriberFileError, match="the workbook is damaged"):
        read(path)


def test_a_workbook_that_unpacks_to_far_too_much_is_refused_unread(tmp_path: Path) -> None:
    """A few kilobytes may claim the whole memory of the machine."""
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    zeros = " " * (MAX_HELD_BYTES + 1)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings2.xml", zeros)
    assert path.stat().st_size < 1 << 20

    tracemalloc.start()
    with pytest.raises(SubscriberFileError, match="far more than a list can be"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


def test_a_workbook_that_claims_to_be_huge_is_read_as_it_is(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    _change_sheet(path, lambda sheet: sheet.replace('ref="A1:C3"', 'ref="A1:XFD1048576"'))

    assert read(path) == (HEADING, numbered())


def test_a_row_number_beyond_any_worksheet_is_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    _change_sheet(path, lambda sheet: sheet.replace('r="3"', 'r="99999999999"'))

    with pytest.raises(SubscriberFileError, match="more rows than a worksheet can have"):
        read(path)


def test_a_quotation_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('phone,area\n"0912345678,06196\n' + "0912345678,06196\n" * 9000)

    with pytest.raises(SubscriberFileError, match="quotation marks"):
        read(path)


@pytest.mark.parametrize(
    "below",
    ["0912345678,06196\n" * 2, "0912345678,06196\n" * 1000, '0912345678,"06196"\n' * 30],
    ids=["to the end", "to the end of many", "to the next quotation mark"],
)
def test_a_stray_quotation_mark_swallows_nobody(tmp_path: Path, below: str) -> None:
    """All that follows it would be one cell: a shorter list, and nobody told."""
    path = tmp_path / "list.csv"
    path.write_text('phone,area\n0912345670,06196\n"0912345671,06196\n' + below)

    with pytest.raises(SubscriberFileError, match=r"line 3 opens a quotation mark|pair up"):
        read(path)


def test_a_cell_may_have_a_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('phone,note\n0912345678,"Thôn 2\nxã ""Ba Sơn""\n"\n0912345679,\n')

    assert [row[0] for _, row in read(path)[1]] == ["0912345678", "0912345679"]


def test_a_list_without_a_heading_is_told_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("0912345678,06196\n")

    with pytest.raises(SubscriberFileError, match="first line such as phone,area"):
        read(path)


def test_a_workbook_with_an_endless_cell_is_refused_unread(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "list.xlsx", HEADING, *ROWS)
    _change_sheet(
        path, lambda sheet: sheet.replace("</sheetData>", "x" * (3 << 20) + "</sheetData>")
    )

    tracemalloc.start()
    with pytest.raises(SubscriberFileError, match="larger than a list"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


def test_a_long_list_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("w") as file:
        file.write("phone,area\n")
        for number in range(200_000):
            file.write(f"09{number:08},06196\n")

    tracemalloc.start()
    with open_sheet(path) as sheet:
        count = sum(1 for _ in sheet.rows)
        done = sheet.done()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 200_000
    assert done == 1.0
    assert peak < 4 << 20


def _change_sheet(path: Path, change: object) -> None:
    assert callable(change)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    changed = change(parts[name].decode())
    assert changed != parts[name].decode()
    parts[name] = changed.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)

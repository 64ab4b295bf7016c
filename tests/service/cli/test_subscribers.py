"""``loa subscribers``: a clerk imports lists and answers people who ring."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.app import main
from service.database import open_engine, open_sessions
from tests.builders import an_area
from tests.campaigns.subscribers.lists import a_list, a_workbook
from tests.service.cli.clerk import SECRETS


@pytest.fixture
def url(fresh_database: str) -> str:
    engine = open_engine(fresh_database)
    with open_sessions(engine).begin() as session:
        an_area(session, "06196", name="Ba Sơn")
        an_area(session, "06004", name="Quốc Khánh")
    engine.dispose()
    return fresh_database


def loa(url: str, *words: str | Path) -> Result:
    command = ["subscribers", *(str(word) for word in words)]
    return CliRunner().invoke(main, command, env={"LOA_DATABASE_URL": url, **SECRETS})


def answer(url: str, *words: str | Path, code: int = 0) -> Any:
    result = loa(url, *words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_list_is_imported_and_its_refused_rows_are_mended_and_imported(
    url: str, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678,6196", "0205 3812 345,06196", "+84 96812345,06004")

    first = answer(url, "import", path)

    assert (first["rows_read"], first["entered"], first["rows_rejected"]) == (3, 1, 2)
    assert first["rejected"] == {"landline": 1, "wrong_length": 1}
    rejects = tmp_path / "list.rejects.csv"
    assert first["rejects"] == str(rejects)
    mended = rejects.read_text(encoding="utf-8-sig").replace("+84 96812345", "+84 968123456")
    rejects.write_text(mended, encoding="utf-8-sig")

    second = answer(url, "import", rejects)

    assert (second["entered"], second["rejected"]) == (1, {"landline": 1})
    assert second["warnings"] == []
    counts = answer(url, "count")
    assert counts["reachable"] == 2
    assert counts["by_area"] == {"06004": 1, "06196": 1}


def test_a_workbook_is_imported_for_one_commune(url: str, tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "danh sách.xlsx", ("Họ tên", "SĐT"), ("An", 912345678), above=2)

    result = loa(url, "import", path, "--area", "06196")

    assert result.exit_code == 0
    assert "1 rows: 1 people enter" in result.output
    assert "These columns are not used: Họ tên." in result.output
    assert answer(url, "count")["by_area"] == {"06196": 1}


def test_a_dry_run_leaves_no_trace(url: str, tmp_path: Path) -> None:
    path = a_list(tmp_path, "0912345678,06196", "1022,06196")

    would = answer(url, "import", path, "--dry-run")

    assert (would["dry_run"], would["entered"], would["rejected"]) == (True, 1, {"short_code": 1})
    assert answer(url, "count")["reachable"] == 0
    assert [found.name for found in tmp_path.glob("list*")] == ["list.csv"]


def test_a_named_rejects_file_is_written_even_without_rejects(url: str, tmp_path: Path) -> None:
    """A script that looks for the file finds today's, not last week's."""
    rejects = tmp_path / "r.csv"
    answer(url, "import", a_list(tmp_path, "1022,06196", "0912345678,06196"), "--rejects", rejects)
    assert len(rejects.read_text().splitlines()) == 2

    answer(url, "import", a_list(tmp_path, "0912345678,06196"), "--rejects", rejects)

    assert len(rejects.read_text().splitlines()) == 1


def test_the_list_itself_is_never_overwritten_by_its_rejects(url: str, tmp_path: Path) -> None:
    path = a_list(tmp_path, "0912345678,06196")
    before = path.read_bytes()

    result = loa(url, "import", path, "--rejects", path)

    assert result.exit_code == 1
    assert "Nothing was imported" in result.stderr
    assert path.read_bytes() == before


def test_complete_lists_let_people_leave(url: str, tmp_path: Path) -> None:
    answer(url, "import", a_list(tmp_path, "0912345678,06196", "0968123456,06196"))

    done = answer(url, "import", a_list(tmp_path, "0912345678,06196"), "--complete")

    assert (done["left"], done["by_area"]) == (1, {"06196": {"unchanged": 1, "left": 1}})
    assert answer(url, "count")["left"] == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"PK\x03\x04 cut short", "damaged or cut short"),
        (b"name,area\n", "no heading names the column"),
        (b"phone,SDT,area\n", "two columns for phone"),
        (b"phone\n0912345678\n", "--area"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_sentence(
    url: str, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    result = loa(url, "import", path)

    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.glob("*rejects*")) == []


def test_a_list_without_a_usable_row_is_refused_and_says_why(url: str, tmp_path: Path) -> None:
    document = answer(url, "import", a_list(tmp_path, "1022,06196"), code=1)

    assert document["rejected"] == {"short_code": 1}


def test_wrong_usage_exits_with_two(url: str) -> None:
    assert loa(url, "import", "nowhere.csv").exit_code == 2
    assert loa(url, "opt-out", "0912345678").exit_code == 2


def test_a_person_opts_out_and_in_and_is_erased(url: str, tmp_path: Path) -> None:
    answer(url, "import", a_list(tmp_path, "0912345678,06196,,,tờ khai,05/10/2021"))

    assert answer(url, "opt-out", "0912 345 678", "--source", "hotline")["done"] == "opted_out"
    assert answer(url, "count")["opted_out"] == 1
    answer(url, "opt-in", "+84912345678", "--source", "visit")
    assert answer(url, "count")["reachable"] == 1
    answer(url, "erase", "912345678")

    history = answer(url, "history", "0912345678")
    assert history["number"] == "+84 91x xxx 678"
    said = [(event["kind"], event["source"]) for event in history["events"]]
    assert said == [
        ("granted", "tờ khai"),
        ("opted_out", "hotline"),
        ("opted_in", "visit"),
        ("erased", "erasure asked for"),
    ]
    assert "opted_out" in loa(url, "history", "0912345678").output


@pytest.mark.parametrize("command", [("history",), ("erase",), ("opt-in", "--source", "visit")])
def test_a_number_that_nobody_has_is_refused_without_repeating_it(
    url: str, command: tuple[str, ...]
) -> None:
    for number in ("0912345678", "0205 3812 345"):
        result = loa(url, command[0], number, *command[1:])
        assert result.exit_code == 1
        assert "345" not in result.output

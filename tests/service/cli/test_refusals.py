"""Refusals: one sentence says what is wrong with what came in, and the data is as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import OTHER_KEY, Clerk, a_campaign_file, everything

LEVELS = "area,level,from,document\n"
AREAS = "code,name,kind,parent,valid_from\n"
FROM = "2021-11-20T06:00+07:00"


@contextmanager
def nothing_changes(clerk: Clerk) -> Iterator[None]:
    before = everything(clerk.url)
    assert before["areas"] != []
    yield
    assert everything(clerk.url) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column code, name, kind, parent, valid_from"),
        (b"\xff\xfe\x00c", "not a table in CSV and UTF-8"),
        (b"PK\x03\x04\x00\x00 a workbook", "not a table in CSV and UTF-8"),
        (b"code,name\n1,2\n", "has no column kind, parent, valid_from"),
        (f"{AREAS}1,A,xã,,2025-07-01\n2,B\n".encode(), "Line 3: it has more or fewer cells"),
        (f"{AREAS}1,A,xã,,2025-07-01,,,,\n".encode(), "Line 2: it has more or fewer cells"),
        (f"{AREAS}1,A,xã,,01/07/2025\n".encode(), "Line 2: dates are written YYYY-MM-DD"),
        (f"{AREAS}1,A,xã,99,2025-07-01\n".encode(), "Area 1 lies in 99, which no row describes"),
        (f"{AREAS}{'1' * 17},A,xã,,2025-07-01\n".encode(), "a code of at most 16"),
        (f"{AREAS}1,A\0B,xã,,2025-07-01\n".encode(), "not a table in CSV and UTF-8"),
        (f'{AREAS}1,"A,xã,,2025-07-01\n'.encode(), "not a table in CSV and UTF-8"),
    ],
)
def test_an_area_file_that_is_none(clerk: Clerk, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "areas.csv"
    file.write_bytes(content)

    with nothing_changes(clerk):
        message = clerk.refusal("areas", "load", file)

    assert said in message
    assert "Nothing was loaded" in message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"06196,5,{FROM},1/QĐ", "Scheme nq128 has no level 5; it has 1, 2, 3, 4."),
        (f"06196,{'9' * 30},{FROM},1/QĐ", "has no level 999"),
        (f"06196,cam,{FROM},1/QĐ", "the level must be a whole number"),
        (f"99999,3,{FROM},1/QĐ", "No area has the code 99999"),
        ("06196,3,2021-11-20,1/QĐ", "a day with an hour"),
        ("06196,3,0001-01-01T00:00+07:00,1/QĐ", "a day with an hour"),
        (f"06196,3,{FROM},", "the document is missing"),
        (f"06196,3,{FROM},1/QĐ,nq128,more", "more cells than the heading"),
        ("06196", "the level must be a whole number"),
    ],
)
def test_a_level_file_with_one_wrong_line_is_refused_whole(
    clerk: Clerk, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "levels.csv"
    file.write_text(f"{LEVELS}06184,1,{FROM},1/QĐ\n{line}\n", encoding="utf-8")

    with nothing_changes(clerk):
        message = clerk.refusal("areas", "levels", "load", file)

    assert message.startswith("Line 3: ")
    assert said in message
    assert "Nothing was loaded" in message


def test_an_area_or_level_that_does_not_exist(clerk: Clerk) -> None:
    decision = ("--from", FROM, "--document", "1/QĐ")

    with nothing_changes(clerk):
        said = [
            clerk.refusal("areas", "levels", "set", "99999", "--level", "3", *decision),
            clerk.refusal("areas", "levels", "set", "06196", "--level", "5", *decision),
            clerk.refusal(
                *("areas", "levels", "set", "06196", "--level", "1", "--scheme", "who", *decision)
            ),
            clerk.refusal("areas", "levels", "history", "99999"),
        ]

    assert "No area has the code 99999" in said[0]
    assert "has no level 5" in said[1]
    assert "no level scheme who" in said[2]
    assert "No area has the code 99999" in said[3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"PK\x03\x04 cut short", "damaged or cut short"),
        (b"name,area\nAn,06196\n", "no heading names the column"),
        (b"phone\n0912345678\n", "--area"),
    ],
)
def test_a_subscriber_file_that_is_none(
    clerk: Clerk, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)

    with nothing_changes(clerk):
        assert said in clerk.refusal("subscribers", "import", file)

    assert [path.name for path in tmp_path.glob("list*")] == ["list.csv"]


def test_a_list_for_an_area_that_does_not_exist(clerk: Clerk, tmp_path: Path) -> None:
    file = a_list(tmp_path, "0912345678", heading="phone")

    with nothing_changes(clerk):
        said = clerk.refusal("subscribers", "import", file, "--area", "99999")

    assert "No area has the code 99999" in said


@pytest.mark.parametrize("command", ["plan", "submit"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"texts": None}, "texts: is missing"),
        ({"texts": {}}, "texts: must not be empty"),
        ({"texts": {"fr": "Bonjour"}}, "texts"),
        ({"texts": {"en": "Lang Son: stay home."}}, "vi"),
        ({"texts": {"vi": "Lạng Sơn: {nobody} ở nhà."}}, "nobody"),
        ({"audience": {"areas": ["99999"]}}, "No area has the code 99999"),
        ({"audience": {"areas": ["20"], "levels": [5]}}, "level"),
        ({"audience": {"areas": ["20"], "levels": [4]}}, "reaches nobody"),
        ({"audience": {"areas": ["20"], "tags": ["nobody"]}}, "reaches nobody"),
        ({"sender": "Sở Y tế Lạng Sơn"}, "sender"),
        ({"colour": "red"}, "colour: is no field of a campaign file"),
    ],
)
def test_a_campaign_that_cannot_be_right(
    busy_clerk: Clerk, tmp_path: Path, command: str, changes: dict[str, Any], said: str
) -> None:
    file = a_campaign_file(tmp_path, **changes)

    with nothing_changes(busy_clerk):
        assert said in busy_clerk.refusal("campaigns", command, file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "campaign"),
        (b"a: [\n", "is not YAML"),
        (b"\xff\xfe", "is not in UTF-8"),
        (b"- a\n- b\n", "group of fields"),
        (b"a: &a [*a]\n", "line 1"),
        (b"campaign: 5k\n" * 30_000, "larger than 256 KiB"),
    ],
)
def test_a_campaign_file_that_is_none(
    clerk: Clerk, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_bytes(content)

    with nothing_changes(clerk):
        assert said in clerk.refusal("campaigns", "plan", file)
    assert clerk.run("campaigns", "check", file).exit_code == 1


def test_people_whose_language_has_no_text_are_told_in_vietnamese(
    busy_clerk: Clerk, tmp_path: Path
) -> None:
    """A campaign need not be written in every language that somebody on a list speaks."""
    busy_clerk.answer("subscribers", "import", a_list(tmp_path, "0912345671,06196,zh"))

    planned = busy_clerk.answer("campaigns", "plan", a_campaign_file(tmp_path))

    assert planned["by_language"] == {"vi": 4}


def test_a_slug_that_stands_for_another_campaign(busy_clerk: Clerk, tmp_path: Path) -> None:
    busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))
    other = a_campaign_file(tmp_path, title="Một chiến dịch khác")

    with nothing_changes(busy_clerk):
        said = busy_clerk.refusal("campaigns", "submit", other)

    assert "exists with other content (revision 1, by tacgia)" in said
    assert "--revise" in said


@pytest.mark.parametrize(
    "words",
    [
        ("areas", "load"),
        ("areas", "levels", "load"),
        ("areas", "recode"),
        ("subscribers", "import"),
        ("campaigns", "check"),
        ("campaigns", "plan"),
        ("campaigns", "submit"),
    ],
)
def test_a_directory_or_nothing_in_the_place_of_a_file(
    clerk: Clerk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    with nothing_changes(clerk):
        assert "is a directory" in clerk.refusal(*words, tmp_path, code=2)
        assert "does not exist" in clerk.refusal(*words, tmp_path / "nowhere", code=2)


@pytest.mark.parametrize(
    "command",
    [
        ("import",),
        ("opt-out", "0912345678", "--source", "hotline"),
        ("opt-in", "0912345678", "--source", "hotline"),
        ("erase", "0912345678"),
        ("history", "0912345678"),
    ],
)
def test_a_seal_key_that_is_not_this_databases(
    busy_clerk: Clerk, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """With it everybody would be entered a second time and texted twice."""
    words = (*command, str(a_list(tmp_path, "0912345678,06196"))) if command[1:] == () else command

    with nothing_changes(busy_clerk):
        said = busy_clerk.refusal("subscribers", *words, LOA_SEAL_KEY=OTHER_KEY)

    assert "does not open with LOA_SEAL_KEY" in said
    assert "345678" not in said

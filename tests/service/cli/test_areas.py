"""``loa areas`` and ``loa users``: the tree, its levels, and the people who work with it."""

from pathlib import Path

import pytest

from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import Clerk

HEADING = "code,name,kind,parent,valid_from,valid_to,tags\n"
LEVELS = "area,level,from,document\n"


def test_the_tree_that_comes_with_loa_is_loaded_once(clerk: Clerk) -> None:
    first = clerk.answer("areas", "load", "--lang-son")
    second = clerk.answer("areas", "load", "--lang-son")

    assert first["added"] + first["changed"] + first["unchanged"] == 66
    assert second == {"added": 0, "changed": 0, "unchanged": 66}
    assert len(clerk.answer("areas", "list")) == 66


def test_a_tree_is_loaded_from_a_file(clerk: Clerk, tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(
        HEADING + "77,Vũng Tàu,tỉnh,,2025-07-01,,\n771,Côn Đảo,đặc khu,77,2025-07-01,,\n"
    )

    assert clerk.answer("areas", "load", file)["added"] == 2

    listed = {area["code"]: area for area in clerk.answer("areas", "list")}
    assert (listed["771"]["name"], listed["771"]["parent"]) == ("Côn Đảo", "77")
    before = clerk.answer("areas", "list", "--at", "2025-06-30T12:00+07:00")
    assert "771" not in {area["code"] for area in before}


def test_a_level_is_set_listed_and_kept_in_the_history(clerk: Clerk) -> None:
    for level, day in ((3, "2021-11-20"), (4, "2099-01-01")):
        clerk.answer(
            *("areas", "levels", "set", "06196", "--level", str(level)),
            *("--from", f"{day}T06:00+07:00", "--document", f"{level}/QĐ-UBND"),
        )

    listed = clerk.answer("areas", "levels", "list")
    assert [one["level"] for one in listed["in_force"]] == [3]
    assert [one["level"] for one in listed["announced"]] == [4]
    history = clerk.answer("areas", "levels", "history", "06196")
    assert [(one["level"], one["document"]) for one in history] == [
        (4, "4/QĐ-UBND"),
        (3, "3/QĐ-UBND"),
    ]
    (area,) = [one for one in clerk.answer("areas", "list") if one["code"] == "06196"]
    assert (area["level"]["level"], area["level"]["colour"]) == (3, "cam")
    assert "3 cam" in clerk.run("areas", "levels", "list").stdout


def test_levels_are_loaded_from_a_file(clerk: Clerk, tmp_path: Path) -> None:
    file = tmp_path / "levels.csv"
    file.write_text(
        LEVELS + "06196,3,2021-11-20T06:00+07:00,1/QĐ\n06184,1,2021-11-20T06:00+07:00,1/QĐ\n"
    )

    assert clerk.answer("areas", "levels", "load", file) == {"decisions": 2}
    assert clerk.answer("areas", "levels", "load", file) == {"decisions": 2}
    assert len(clerk.answer("areas", "levels", "history", "06184")) == 1


def test_people_move_to_the_new_code_of_their_commune(clerk: Clerk, tmp_path: Path) -> None:
    clerk.answer("subscribers", "import", a_list(tmp_path, "0912345678,06184", "0968123456,06196"))
    file = tmp_path / "codes.csv"
    file.write_text("old,new,on\n06184,06196,2025-07-01\n")

    done = clerk.answer("areas", "recode", file)
    again = clerk.run("areas", "recode", file)

    assert done == {
        "moved": 1,
        "recodings": [
            {
                "old": "06184",
                "new": "06196",
                "on": "2025-07-01",
                "moved": 1,
                "known": False,
                "old_still_valid": True,
            }
        ],
    }
    assert clerk.answer("subscribers", "count")["by_area"] == {"06196": 2}
    assert "0 people moved by 0 recodings; 1 known before." in again.stdout
    assert "06184 goes on after that day" in again.stdout


def test_a_recoding_with_one_wrong_line_moves_nobody(clerk: Clerk, tmp_path: Path) -> None:
    clerk.answer("subscribers", "import", a_list(tmp_path, "0912345678,06184"))
    file = tmp_path / "codes.csv"
    file.write_text("old,new,on\n06184,06196,2025-07-01\n06196,99999,2025-07-01\n")

    said = clerk.refusal("areas", "recode", file)

    assert said.startswith("Line 3: no area has the new code 99999 on 01/07/2025")
    assert clerk.answer("subscribers", "count")["by_area"] == {"06184": 1}


def test_people_who_work_here_are_added_and_listed(clerk: Clerk) -> None:
    added = clerk.answer(
        *("users", "add", "minh", "--name", "Nông Văn Minh", "--agency", "Sở Y tế"),
        *("--role", "sender", "--role", "author"),
    )

    assert added["roles"] == ["author", "sender"]
    nothing_yet = {"has_password": False, "has_totp": False}
    assert clerk.answer("users", "list") == [added | nothing_yet]
    assert "Nông Văn Minh" in clerk.run("users", "list").stdout
    said = clerk.refusal("users", "add", "minh", "--agency", "Khác", "--role", "sender")
    assert "already a person with the login minh" in said
    nothing_yet = {"has_password": False, "has_totp": False}
    assert clerk.answer("users", "list") == [added | nothing_yet]


@pytest.mark.parametrize(
    "words",
    [
        ("areas", "load"),
        ("areas", "load", "--lang-son", __file__),
        ("areas", "list", "--at", "tomorrow"),
        ("areas", "list", "--at", "0001-01-01T00:00+07:00"),
        ("areas", "levels", "set", "06196", "--level", "3", "--document", "1/QĐ"),
        ("users", "add", "minh", "--agency", " ", "--role", "sender"),
        ("users", "add", "minh", "--agency", "Sở Y tế", "--role", "king"),
        ("users", "fire", "minh"),
        ("broadcasts", "status", "one"),
    ],
)
def test_wrong_usage_is_answered_to_programs_too(clerk: Clerk, words: tuple[str, ...]) -> None:
    clerk.refusal(*words, code=2)

    assert clerk.answer("users", "list") == []

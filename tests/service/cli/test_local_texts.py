"""``loa campaigns fill``: what a campaign leaves to communes, from their editors to its texts."""

from pathlib import Path

import pytest

from tests.service.cli.clerk import Clerk, a_campaign_file, everything

TEXTS = {"vi": "Lạng Sơn: Mời đi tiêm tại {local_place}, {local_hours}. Hỏi đáp: {hotline}."}
SLUG = "cap-do-3-cam"
PLACE, HOURS = "local_place=Trạm y tế xã", "local_hours=7h-11h ngày 3/3"


@pytest.fixture
def file(busy_clerk: Clerk, tmp_path: Path) -> Path:
    """A campaign that leaves two slots to communes, and an editor of one of those."""
    editor = ("--agency", "UBND xã Ba Sơn", "--role", "commune_editor", "--area", "06196")
    added = busy_clerk.answer("users", "add", "xa", *editor)
    assert added["areas"] == ["06196"]
    return a_campaign_file(tmp_path, texts=TEXTS)


def test_communes_fill_in_before_anything_is_submitted(busy_clerk: Clerk, file: Path) -> None:
    assert "have not filled in" in busy_clerk.refusal("campaigns", "submit", file)
    kept = busy_clerk.answer("campaigns", "keep", file)
    assert (kept["revision"], kept["author"]) == (1, "tacgia")
    assert kept["local_slots"] == ["local_place", "local_hours"]
    words = ("campaigns", "fill", SLUG, "06196", "--slot", PLACE, "--slot", HOURS)
    filled = busy_clerk.answer(*words, "--user", "xa")
    assert filled["values"]["local_place"] == "Trạm y tế xã"
    assert "xã Mẫu Sơn (06184)" in busy_clerk.refusal("campaigns", "plan", file)
    local = busy_clerk.answer("campaigns", "local", SLUG)
    assert [(one["area"], one["missing"]) for one in local["communes"]] == [
        ("06184", ["local_place", "local_hours"]),
        ("06196", []),
    ]
    own = busy_clerk.answer("campaigns", "local", SLUG, "--user", "xa")
    assert [one["area"] for one in own["communes"]] == ["06196"]
    shown = busy_clerk.run("campaigns", "local", SLUG).stdout
    assert "where to go in the commune" in shown
    assert "7h-11h ngày 3/3" in shown
    changed = busy_clerk.answer("users", "change", "xa", "--area", "20")
    assert changed["areas"] == ["20"]
    busy_clerk.answer("campaigns", "fill", SLUG, "20", *words[4:], "--user", "xa")
    assert "Trạm y tế xã (from 20)" in busy_clerk.run("campaigns", "local", SLUG).stdout
    submitted = busy_clerk.answer("campaigns", "submit", file)
    assert submitted["recipients"] == 3
    assert "tại Trạm y tế xã" in submitted["samples"][0]["body"] or (
        "tai Tram y te xa" in submitted["samples"][0]["body"]
    )


def test_a_filling_that_is_refused_changes_nothing(busy_clerk: Clerk, file: Path) -> None:
    busy_clerk.answer("campaigns", "keep", file)
    before = everything(busy_clerk.url)
    fill = ("campaigns", "fill", SLUG)
    for words, said in (
        (("06184", "--slot", PLACE, "--user", "xa"), "does not write for area 06184"),
        (("06196", "--slot", PLACE, "--user", "tacgia"), "the role commune_editor"),
        (("06196", "--slot", "local_contact=Bà Lan", "--user", "xa"), "leaves {local_place}"),
        (("06196", "--slot", "local_place=bit.ly/a", "--user", "xa"), "links"),
    ):
        assert said in busy_clerk.refusal(*fill, *words)
    busy_clerk.refusal(*fill, "06196", "--slot", "local_place", "--user", "xa", code=2)
    for refused in (
        ("users", "add", "b", "--agency", "A", "--role", "author", "--area", "06196"),
        ("users", "change", "xa", "--area", "99999"),
        ("campaigns", "local", "x"),
    ):
        busy_clerk.refusal(*refused)
    assert everything(busy_clerk.url) == before

"""Levels: decisions with an hour and a document, never inherited and never computed."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from campaigns.errors import LevelFileError, UnknownAreaError, UnknownLevelError
from campaigns.levels import (
    announced_levels,
    decide_level,
    get_level,
    level_at,
    level_history,
    levels_at,
    load_level_path,
    read_moment,
)
from tests.builders import NOON, a_level, an_area


@pytest.fixture(autouse=True)
def commune(session: Session) -> None:
    an_area(session, "20", name="Lạng Sơn")
    an_area(session, "06196", parent="20")


def at(session: Session, code: str, **later: float) -> int | None:
    decision = level_at(session, code, at=NOON + timedelta(**later))
    return decision.level if decision else None


def test_a_decision_holds_from_its_hour_on(session: Session) -> None:
    a_level(session, "06196", 2, at=NOON)
    a_level(session, "06196", 3, at=NOON + timedelta(hours=6))

    assert [at(session, "06196", hours=hours) for hours in (-1, 0, 5.99, 6)] == [None, 2, 2, 3]


def test_the_provinces_level_is_not_the_communes(session: Session) -> None:
    """Inside a green province there were red communes."""
    a_level(session, "20", 1, at=NOON)

    assert at(session, "06196") is None
    assert set(levels_at(session, at=NOON)) == {"20"}


def test_a_correction_for_the_same_moment_takes_over_and_both_stay_on_record(
    session: Session,
) -> None:
    for level, document in ((3, "1/QĐ"), (2, "2/QĐ"), (3, "3/QĐ")):
        decide_level(session, "06196", level=level, effective_at=NOON, document=document, now=NOON)

    assert at(session, "06196") == 3
    assert len(level_history(session, "06196")) == 3


def test_the_same_decision_recorded_twice_is_one(session: Session) -> None:
    a_level(session, "06196", 2)
    a_level(session, "06196", 2)

    assert len(level_history(session, "06196")) == 1


def test_what_is_announced_is_the_next_decision_to_come(session: Session) -> None:
    a_level(session, "06196", 2, at=NOON)
    a_level(session, "06196", 4, at=NOON + timedelta(days=4))
    a_level(session, "06196", 3, at=NOON + timedelta(days=2))

    assert announced_levels(session, now=NOON)["06196"].level == 3


def test_what_the_scheme_does_not_know_is_refused(session: Session) -> None:
    with pytest.raises(UnknownLevelError, match="no level 5"):
        a_level(session, "06196", 5)
    with pytest.raises(UnknownLevelError, match="no level scheme"):
        get_level("ct16", 1)
    with pytest.raises(UnknownAreaError):
        a_level(session, "99999", 1)


def test_colours_are_said_in_the_readers_language() -> None:
    orange = get_level("nq128", 3)

    assert [orange.colour(language) for language in ("vi", "en", "zh", "dao")] == [
        "cam",
        "orange",
        "橙色",
        "cam",
    ]


@pytest.mark.parametrize("written", ["", "30/10/2021", "2021-10-30", "soon"])
def test_a_moment_needs_an_hour(written: str) -> None:
    with pytest.raises(ValueError, match="hour"):
        read_moment(written)


def test_a_moment_without_a_zone_is_the_provinces() -> None:
    assert read_moment("2021-10-30 00:00") == read_moment("2021-10-29T17:00+00:00")


def test_a_file_is_taken_over_whole_or_not_at_all(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    good = "06196,3,2021-11-21T06:00+07:00,1825/QĐ-UBND\n"
    heading = "area,level,from,document\n"

    path.write_text(heading + good + "06196,9,2021-11-22T06:00+07:00,1826/QĐ-UBND\n")
    savepoint = session.begin_nested()
    with pytest.raises(LevelFileError, match="Line 3"):
        load_level_path(session, path, now=NOON)
    savepoint.rollback()
    assert level_history(session, "06196") == []

    path.write_text("\ufeff" + heading + good)
    assert load_level_path(session, path, now=NOON) == 1


@pytest.mark.parametrize(
    "content",
    ["", "area,level\n06196,3\n", "area,level,from,document\n06196,3,2021-10-30T00:00,\n"],
    ids=["empty", "columns missing", "no document"],
)
def test_a_file_that_is_none_is_refused(session: Session, tmp_path: Path, content: str) -> None:
    path = tmp_path / "levels.csv"
    path.write_text(content)

    with pytest.raises(LevelFileError):
        load_level_path(session, path, now=NOON)


def test_a_file_that_is_a_picture_is_refused(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")

    with pytest.raises(LevelFileError):
        load_level_path(session, path, now=NOON)

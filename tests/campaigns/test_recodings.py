"""Recodings: people follow their commune to its new code."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.areas import Area
from campaigns.errors import AreaFileError
from campaigns.recodings import AreaRecoding, recode_areas
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import a_subscriber, numbered

REFORM = date(2025, 7, 1)
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)


def a_row(old: str, new: str, on: str = "2025-07-01") -> dict[str, str]:
    return {"old": old, "new": new, "on": on}


def a_unit(session: Session, code: str, begins: date, ends: date | None = None) -> None:
    session.add(Area(code=code, name=f"Xã {code}", kind="xã", valid_from=begins, valid_to=ends))


@pytest.fixture
def people(session: Session, sealer: Sealer) -> list[Subscriber]:
    """Two people in 111, one in 112 and one in 113; all three codes ended with the reform."""
    for code in ("111", "112", "113"):
        a_unit(session, code, date(2004, 1, 1), REFORM - timedelta(days=1))
    for code in ("201", "202"):
        a_unit(session, code, REFORM)
    return [a_subscriber(session, sealer, area=code) for code in ("111", "111", "112", "113")]


def where(session: Session, people: list[Subscriber]) -> list[str]:
    session.expire_all()
    return [person.area_code for person in people]


def test_people_of_merged_communes_are_registered_under_the_new_code(
    session: Session, people: list[Subscriber]
) -> None:
    done = recode_areas(session, numbered([a_row("111", "201"), a_row("112", "201")]), now=NOW)

    assert [(one.recoding.old_code, one.moved, one.is_known) for one in done] == [
        ("111", 2, False),
        ("112", 1, False),
    ]
    assert where(session, people) == ["201", "201", "201", "113"]
    assert people[0].updated_at == NOW


def test_a_recoding_is_kept_with_its_day(session: Session, people: list[Subscriber]) -> None:
    recode_areas(session, numbered([a_row("111", "201")]), now=NOW)

    (kept,) = session.scalars(select(AreaRecoding))
    assert (kept.old_code, kept.new_code) == ("111", "201")
    assert (kept.recoded_on, kept.recorded_at) == (REFORM, NOW)
    assert len(people) == 4


def test_a_file_loaded_again_moves_nobody(session: Session, people: list[Subscriber]) -> None:
    rows = [a_row("111", "201"), a_row("112", "201"), a_row("111", "201")]
    recode_areas(session, numbered(rows), now=NOW)
    before = where(session, people)

    again = recode_areas(session, numbered(rows), now=NOW + timedelta(days=1))

    assert [(one.moved, one.is_known) for one in again] == [(0, True), (0, True)]
    assert where(session, people) == before
    assert len(session.scalars(select(AreaRecoding)).all()) == 2


def test_a_code_handed_on_the_same_day_does_not_drag_newcomers_along(
    session: Session, sealer: Sealer
) -> None:
    """Commune 1 takes over code 2 on the day on which commune 2 gets code 3."""
    a_unit(session, "1", date(2004, 1, 1), REFORM - timedelta(days=1))
    a_unit(session, "2", date(2004, 1, 1))
    a_unit(session, "3", REFORM)
    people = [a_subscriber(session, sealer, area=code) for code in ("1", "2")]
    rows = [a_row("1", "2"), a_row("2", "3")]

    recode_areas(session, numbered(rows), now=NOW)
    recode_areas(session, numbered(rows), now=NOW)

    assert where(session, people) == ["2", "3"]


def test_recodings_of_two_years_follow_each_other(
    session: Session, people: list[Subscriber]
) -> None:
    a_unit(session, "301", date(2026, 1, 1))

    recode_areas(
        session, numbered([a_row("201", "301", "2026-01-01"), a_row("111", "201")]), now=NOW
    )

    assert where(session, people) == ["301", "301", "112", "113"]


def test_a_code_that_goes_on_is_pointed_out(session: Session, people: list[Subscriber]) -> None:
    done = recode_areas(session, numbered([a_row("111", "201"), a_row("201", "202")]), now=NOW)

    assert [one.still_valid for one in done] == [False, True]
    assert where(session, people)[:2] == ["201", "201"]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([a_row("111", "201"), a_row("999", "201")], "Line 3: .*old code 999"),
        ([a_row("111", "999")], "Line 2: .*new code 999"),
        ([a_row("111", "112")], "Line 2: .*new code 112 on 01/07/2025"),
        ([a_row("111", "201", "2025-08-01")], "Line 2: .*old code 111 on 01/08/2025"),
        ([a_row("111", "201"), a_row("111", "202")], "Line 3: 111 becomes 201 already"),
        ([a_row("201", "202"), a_row("202", "201")], "Line 3: 202 would lead back"),
        ([a_row("201", "201")], "Line 2: 201 would lead back"),
        ([a_row("111", "201", "1/7/2025")], "Line 2: the day is written"),
        ([a_row("111", "201", "2099-01-01")], "Line 2: .*still to come"),
        ([a_row("", "201")], "Line 2: it needs an old and a new code"),
        ([{"old": "111", "new": "201"} | {"on": None}], "Line 2: it has more or fewer cells"),
    ],
)
def test_a_file_that_cannot_be_right_moves_nobody(
    session: Session, rows: list[dict[str, str]], said: str
) -> None:
    with pytest.raises(AreaFileError, match=said):
        recode_areas(session, numbered(rows), now=NOW)

    codes = session.scalars(select(Subscriber.area_code).order_by(Subscriber.id)).all()
    assert list(codes) == ["111", "111", "112", "113"]
    assert session.scalars(select(AreaRecoding)).all() == []


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("row", "said"),
    [
        (a_row("111", "202"), "111 becomes 201 already"),
        (a_row("111", "201", "2025-06-29"), "not on another day"),
        (a_row("201", "202", "2025-07-02"), "lead back"),
    ],
    ids=["split", "another day", "circle"],
)
def test_what_is_on_record_is_not_contradicted(
    session: Session, row: dict[str, str], said: str
) -> None:
    a_unit(session, "201", date(2004, 1, 1), REFORM - timedelta(days=2))
    recode_areas(session, numbered([a_row("111", "201"), a_row("202", "201")]), now=NOW)

    with pytest.raises(AreaFileError, match=said):
        recode_areas(session, numbered([row]), now=NOW)

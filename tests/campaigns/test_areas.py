"""Areas: the tree, its validity, and files that cannot be taken over."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from campaigns.areas import codes_below, get_area, list_areas, load_areas, load_lang_son
from campaigns.errors import AreaFileError, UnknownAreaError
from tests.builders import numbered

TODAY = date(2026, 3, 2)


def a_row(code: str, **changes: str) -> dict[str, str]:
    row = {"code": code, "name": f"Xã {code}", "kind": "xã", "parent": "", "tags": ""}
    return row | {"valid_from": "2025-07-01", "valid_to": ""} | changes


def test_lang_son_has_sixty_five_communes_under_one_province(session: Session) -> None:
    """61 xã and 4 phường since 1 July 2025 (NQ 1672/NQ-UBTVQH15), and no district."""
    load_lang_son(session)

    areas = list_areas(session, on=TODAY)

    assert len(codes_below(areas, ["20"])) == 66
    kinds = [area.kind for area in areas]
    assert (kinds.count("tỉnh"), kinds.count("xã"), kinds.count("phường")) == (1, 61, 4)
    assert get_area(session, "05977", on=TODAY).full_name == "phường Đông Kinh"


def test_loading_twice_changes_nothing(session: Session) -> None:
    first = load_lang_son(session)
    second = load_lang_son(session)

    assert (first.added, second.added, second.changed, second.unchanged) == (66, 0, 0, 66)


def test_nothing_is_valid_before_its_time(session: Session) -> None:
    load_lang_son(session)

    with pytest.raises(UnknownAreaError):
        get_area(session, "20", on=date(2025, 6, 30))


def test_a_tree_may_have_any_depth_and_change_over_time(session: Session) -> None:
    """A district that ended keeps its communes for the years it existed."""
    load_areas(
        session,
        numbered(
            [
                a_row("20", kind="tỉnh", valid_from="1945-09-02"),
                a_row("183", parent="20", valid_from="1945-09-02", valid_to="2025-06-30"),
                a_row("06211", parent="183", valid_from="1945-09-02", valid_to="2025-06-30"),
                a_row("06211", parent="20", name="Cao Lộc"),
            ]
        ),
    )

    then = list_areas(session, on=date(2021, 10, 1))
    assert codes_below(then, ["183"]) == {"183", "06211"}
    assert get_area(session, "06211", on=TODAY).name == "Cao Lộc"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([a_row("1", parent="2")], "no row describes"),
        ([a_row("1", parent="2"), a_row("2", parent="1")], "circle"),
        ([a_row("1"), a_row("1", valid_from="2026-01-01")], "valid twice"),
        ([a_row("1", valid_to="2020-01-01")], "ends before"),
        ([a_row("1", valid_from="1/7/2025")], "YYYY-MM-DD"),
        ([a_row("1; DROP TABLE areas")], "letters or digits"),
        ([a_row("1" * 17)], "at most 16"),
        ([a_row("1", name="")], "a name"),
    ],
    ids=["orphan", "circle", "overlap", "backwards", "date", "code", "long", "name"],
)
def test_a_tree_that_is_none_is_refused(
    session: Session, rows: list[dict[str, str]], said: str
) -> None:
    with pytest.raises(AreaFileError, match=said):
        load_areas(session, numbered(rows))


def test_an_unknown_root_is_refused(session: Session) -> None:
    load_lang_son(session)

    with pytest.raises(UnknownAreaError, match="99"):
        codes_below(list_areas(session, on=TODAY), ["99"])

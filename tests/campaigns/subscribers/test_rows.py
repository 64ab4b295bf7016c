"""Rows: what a clerk writes beside a number, understood or refused with a reason."""

from datetime import UTC, datetime

import pytest

from campaigns.subscribers.headings import read_headings
from campaigns.subscribers.rows import Profile, Rejection, RowReader
from tests.builders import NOON

HEADINGS = ("phone", "area", "language", "tags", "consent", "consent_at")
AREAS = {"06196": "Ba Sơn", "06004": "Quốc Khánh", "20": "Lạng Sơn"}


def read(
    *cells: str, area_code: str | None = None, headings: tuple[str, ...] = HEADINGS
) -> tuple[Profile | None, Rejection | None]:
    """Read one row; return its profile or its rejection."""
    refused: list[Rejection] = []
    reader: RowReader[Profile] = RowReader(
        read_headings(headings, name="list.csv"),
        areas=AREAS,
        prepare=lambda profile: profile,
        now=NOON,
        area_code=area_code,
        on_reject=refused.append,
    )
    listed = list(reader.read_rows([(2, cells)]))
    assert reader.read == 1
    return (listed[0][2] if listed else None), (refused[0] if refused else None)


def profile_of(*cells: str, **given: str) -> Profile:
    profile, refused = read(*cells, **given)  # type: ignore[arg-type]
    assert refused is None
    assert profile is not None
    return profile


def reason_of(*cells: str) -> str:
    profile, refused = read(*cells)
    assert profile is None
    assert refused is not None
    return refused.reason


@pytest.mark.parametrize("area", ["06196", " 06196 ", "6196", "6196.0", "'06196", '="06196"'])
def test_an_area_code_is_found_after_what_a_spreadsheet_did_to_it(area: str) -> None:
    assert profile_of("0912345678", area).area_code == "06196"


def test_an_empty_area_is_the_one_the_command_gave() -> None:
    assert profile_of("0912345678", "", area_code="06004").area_code == "06004"
    assert profile_of("0912345678", headings=("SĐT",), area_code="06004").area_code == "06004"  # type: ignore[arg-type]
    assert reason_of("0912345678", "") == "no_area"


@pytest.mark.parametrize("written", ["Ba Sơn", "xã Ba Sơn", "BA SON"])
def test_a_commune_by_name_is_refused_with_its_code(written: str) -> None:
    """Names repeat across years and levels, so only a person may turn one into a code."""
    _, refused = read("0912345678", written)

    assert refused is not None
    assert refused.reason == "unknown_area"
    assert refused.message.endswith("Ba Sơn has the code 06196.")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", None),
        ("vi", "vi"),
        ("Tiếng Việt", "vi"),
        ("Kinh", "vi"),
        ("Tày", "tyz"),
        ("tiếng Nùng", "tyz"),
        ("Tày - Nùng", "tyz"),
        ("Dao", "ium"),
        ("tiếng Trung Quốc", "zh"),
        ("中文", "zh"),
        ("EN", "en"),
        ("Tiếng Anh", "en"),
    ],
)
def test_languages_are_understood_as_clerks_write_them(written: str, code: str | None) -> None:
    assert profile_of("0912345678", "06196", written).language == code


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("", ""),
        ("border_gate", "|border_gate|"),
        ("Chợ|Cửa khẩu", "|cho|cua_khau|"),
        (" cửa  khẩu ; chợ, CHỢ |", "|cho|cua_khau|"),
    ],
)
def test_tags_are_written_the_way_campaigns_ask_for_them(written: str, tags: str) -> None:
    assert profile_of("0912345678", "06196", "", written).tags == tags


def test_a_list_without_tags_says_nothing_about_tags() -> None:
    assert profile_of("0912345678", "06196", headings=("phone", "area")).tags is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("", None),
        ("05/10/2021", datetime(2021, 10, 4, 17, tzinfo=UTC)),
        ("5-10-2021", datetime(2021, 10, 4, 17, tzinfo=UTC)),
        ("5.10.2021 14:30", datetime(2021, 10, 5, 7, 30, tzinfo=UTC)),
        ("5/10/2021, 14h30", datetime(2021, 10, 5, 7, 30, tzinfo=UTC)),
        ("2021-10-05", datetime(2021, 10, 4, 17, tzinfo=UTC)),
        ("2021-10-05 00:00:00", datetime(2021, 10, 4, 17, tzinfo=UTC)),
        ("2021-10-05T07:30:00Z", datetime(2021, 10, 5, 7, 30, tzinfo=UTC)),
        ("2021-10-05T14:30:00+07:00", datetime(2021, 10, 5, 7, 30, tzinfo=UTC)),
    ],
)
def test_the_day_of_consent_is_read_as_written(written: str, moment: datetime | None) -> None:
    """Without a zone it is the province's time; the day comes before the month."""
    assert profile_of("0912345678", "06196", "", "", "tờ khai", written).consent_at == moment


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("02053812345", "06196"), "landline"),
        (("", "06196"), "empty"),
        (("0912345678", "99999"), "unknown_area"),
        (("0912345678", "06196", "klingon"), "unknown_language"),
        (("0912345678", "06196", "", "|".join("abcdefghijklmnopqrstuvwxyz")), "bad_tags"),
        (("0912345678", "06196", "", "x" * 41), "bad_tags"),
        (("0912345678", "06196", "", "", "không đồng ý"), "no_consent"),
        (("0912345678", "06196", "", "", "x" * 201), "long_source"),
        (("0912345678", "06196", "", "", "", "31/02/2021"), "consent_date"),
        (("0912345678", "06196", "", "", "", "hôm qua"), "consent_date"),
        (("0912345678", "06196", "", "", "", "01/01/2999"), "consent_date"),
        (("0912345678", "06196", "", "", "", "01/01/0021"), "consent_date"),
        (("0912345678", "06196", "", "", "", "", "chợ"), "extra_cells"),
    ],
)
def test_a_row_with_a_slip_is_refused_for_its_reason(cells: tuple[str, ...], reason: str) -> None:
    assert reason_of(*cells) == reason


def test_short_rows_and_empty_cells_beyond_the_heading_do_no_harm() -> None:
    assert profile_of("0912345678", "06196").language is None
    assert profile_of("0912345678", "06196", "", "", "", "", "", " ").language is None


def test_blank_rows_do_not_count() -> None:
    reader: RowReader[Profile] = RowReader(
        read_headings(HEADINGS, name="list.csv"), areas=AREAS, prepare=lambda p: p, now=NOON
    )

    assert list(reader.read_rows([(2, []), (3, ["", " "]), (4, ["\u00a0"])])) == []
    assert reader.read == 0


def test_a_refused_row_with_a_readable_number_still_shows_that_this_person_is_listed() -> None:
    reader: RowReader[Profile] = RowReader(
        read_headings(HEADINGS, name="list.csv"), areas=AREAS, prepare=lambda p: p, now=NOON
    )

    assert list(reader.read_rows([(2, ["0912345678", "?"])])) == [(2, "+84912345678", None)]

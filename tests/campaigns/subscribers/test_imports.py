"""Imports: who enters, changes, returns and leaves, on SQLite and on PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.errors import SubscriberFileError, UnknownAreaError
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import erase, get_subscriber, opt_in, opt_out
from campaigns.subscribers.imports import preview_import, stage_list
from campaigns.subscribers.models import ConsentEvent, ConsentKind, Subscriber
from campaigns.subscribers.rows import Rejection
from campaigns.subscribers.sheets import open_sheet
from tests.builders import NOON, an_area
from tests.campaigns.subscribers.lists import a_list, import_now, people, reasons

LATER = NOON + timedelta(days=30)
ONE = "+84912345678"
TWO = "+84968123456"


@pytest.fixture(autouse=True)
def _areas(session: Session) -> None:
    for code, name in (("06196", "Ba Sơn"), ("06004", "Quốc Khánh")):
        an_area(session, code, name=name)


def kinds(session: Session, sealer: Sealer, number: str) -> list[str]:
    subscriber = get_subscriber(session, number, sealer=sealer)
    events = session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.subscriber_id == subscriber.id)
        .order_by(ConsentEvent.id)
    )
    return [event.kind.value for event in events]


def test_no_number_stays_in_where_consent_came_from(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    """Neither in what the list says of a row, nor in a file that bears somebody's number."""
    path = a_list(
        tmp_path,
        "0912 345 678,06196,,,gọi 0912 345 678,",
        "+84968123456,06196,,,,",
        name="0968123456.csv",
    )
    import_now(session, path, sealer=sealer)
    kept = session.scalars(select(ConsentEvent.source).order_by(ConsentEvent.source))
    assert list(kept) == ["gọi xxx", "list xxx.csv"]


def test_everybody_on_the_list_enters_with_their_consent(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(
        tmp_path,
        "0912 345 678,6196,Tày,cửa khẩu|chợ,tờ khai,05/10/2021",
        "+84968123456,06004,,,,",
    )

    outcome = import_now(session, path, sealer=sealer)

    assert (outcome.rows_read, outcome.merged.entered, outcome.rows_rejected) == (2, 2, {})
    entered = people(session, sealer)
    one, two = entered[ONE], entered[TWO]
    assert (one.area_code, one.language, one.tags) == ("06196", "tyz", "|cho|cua_khau|")
    assert (one.carrier_guess, one.created_at) == ("vinaphone", NOON)
    assert (two.area_code, two.language, two.tags) == ("06004", "vi", "")
    consent = {event.subscriber_id: event for event in session.scalars(select(ConsentEvent))}
    assert consent[one.id].kind is ConsentKind.GRANTED
    assert consent[one.id].source == "tờ khai"
    assert consent[one.id].at == datetime(2021, 10, 4, 17, tzinfo=UTC)
    assert consent[one.id].recorded_at == NOON
    assert consent[two.id].source == "list list.csv"
    assert consent[two.id].at == NOON


def test_importing_a_list_again_changes_nothing(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    """After a crash nobody has to wonder: the same command again is always right."""
    path = a_list(tmp_path, "0912345678,06196,tyz,cho,tờ khai,", "0968123456,06004,,,,")
    import_now(session, path, sealer=sealer)

    again = import_now(session, path, sealer=sealer, now=LATER)

    assert (again.merged.entered, again.merged.changed, again.merged.unchanged) == (0, 0, 2)
    assert people(session, sealer)[ONE].updated_at == NOON
    assert kinds(session, sealer, ONE) == ["granted"]


def test_a_number_written_twice_is_one_person_as_the_last_row_says(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(
        tmp_path,
        "0912345678,06196,en,,,",
        "0968123456,06004,,,,",
        "84 912.345.678,06004,zh,,,",
        "912345678,6196,vi,,,",
    )

    outcome = import_now(session, path, sealer=sealer)

    assert (outcome.rows_read, outcome.merged.entered, outcome.duplicates) == (4, 2, 2)
    one = people(session, sealer)[ONE]
    assert (one.area_code, one.language) == ("06196", "vi")


def test_what_a_list_does_not_say_stays_as_it_was(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    """A list of numbers and communes must not make everybody Vietnamese and untagged."""
    import_now(session, a_list(tmp_path, "0912345678,06196,tyz,cho,,"), sealer=sealer)

    outcome = import_now(
        session,
        a_list(tmp_path, "0912345678,06004", heading="SĐT,Mã xã"),
        sealer=sealer,
        now=LATER,
    )

    one = people(session, sealer)[ONE]
    assert outcome.merged.changed == 1
    assert (one.area_code, one.language, one.tags) == ("06004", "tyz", "|cho|")
    assert (one.created_at, one.updated_at) == (NOON, LATER)
    assert outcome.merged.by_area == {"06004": {"changed": 1}}


def test_an_empty_cell_of_tags_takes_the_tags_away(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    import_now(session, a_list(tmp_path, "0912345678,06196,tyz,cho,,"), sealer=sealer)
    import_now(session, a_list(tmp_path, "0912345678,06196,,,,"), sealer=sealer)

    one = people(session, sealer)[ONE]
    assert (one.language, one.tags) == ("tyz", "")


def test_who_opted_out_stays_out_whatever_lists_say(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678,06196,,,,")
    import_now(session, path, sealer=sealer)
    opt_out(session, ONE, source="hotline", sealer=sealer, now=NOON)

    outcome = import_now(
        session, a_list(tmp_path, "0912345678,06004,,,,"), sealer=sealer, now=LATER
    )

    one = people(session, sealer)[ONE]
    assert (outcome.merged.changed, outcome.merged.opted_out) == (1, 1)
    assert (one.opted_out_at, one.area_code) == (NOON, "06004")
    assert kinds(session, sealer, ONE) == ["granted", "opted_out"]


def test_who_said_no_before_any_list_named_them_stays_out_too(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    opt_out(session, ONE, source="hotline", sealer=sealer, now=NOON)

    outcome = import_now(session, a_list(tmp_path, "0912345678,06196,,,,"), sealer=sealer)

    one = people(session, sealer)[ONE]
    assert (outcome.merged.entered, outcome.merged.opted_out) == (0, 1)
    assert (one.area_code, one.opted_out_at) == ("06196", NOON)


def test_who_was_erased_is_not_filled_in_again(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678,06196,tyz,cho,,")
    import_now(session, path, sealer=sealer)
    erase(session, ONE, source="letter", sealer=sealer, now=NOON)

    outcome = import_now(session, path, sealer=sealer, now=LATER)

    (row,) = session.scalars(select(Subscriber)).all()
    assert (outcome.merged.erased, outcome.rows_rejected) == (1, {})
    assert (row.sealed, row.area_code, row.tags, row.language) == (None, "", "", "vi")
    opt_in(session, ONE, source="visit", sealer=sealer, now=LATER)
    assert import_now(session, path, sealer=sealer, now=LATER).merged.changed == 1
    assert people(session, sealer)[ONE].area_code == "06196"


def test_who_had_left_returns_when_a_list_names_them(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678,06196,,,sổ mới,")
    import_now(session, path, sealer=sealer)
    others = a_list(tmp_path, "0968123456,06196,,,,", name="others.csv")
    import_now(session, others, sealer=sealer, complete=True)

    outcome = import_now(session, path, sealer=sealer, now=LATER)

    assert outcome.merged.returned == 1
    assert people(session, sealer)[ONE].left_at is None
    assert kinds(session, sealer, ONE) == ["granted", "left", "granted"]


def test_without_complete_nobody_leaves(session: Session, sealer: Sealer, tmp_path: Path) -> None:
    import_now(session, a_list(tmp_path, "0912345678,06196,,,,"), sealer=sealer)

    outcome = import_now(session, a_list(tmp_path, "0968123456,06196,,,,"), sealer=sealer)

    assert outcome.merged.left == 0
    assert people(session, sealer)[ONE].left_at is None


def test_a_complete_list_lets_those_leave_who_are_not_on_it(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    """Only from the communes it names; who moved to another commune has not left."""
    three, four = "0972000003", "0972000004"
    import_now(
        session,
        a_list(
            tmp_path,
            "0912345678,06196,,,,",
            "0968123456,06196,,,,",
            f"{three},06004,,,,",
            f"{four},06196,,,,",
        ),
        sealer=sealer,
    )
    elsewhere = a_list(tmp_path, f"{four},06004,,,,", name="other.csv")
    import_now(session, elsewhere, sealer=sealer)

    outcome = import_now(
        session,
        a_list(tmp_path, "0912345678,06196,,,,"),
        sealer=sealer,
        now=LATER,
        complete=True,
    )

    assert outcome.merged.left == 1
    assert outcome.merged.by_area["06196"] == {"unchanged": 1, "left": 1}
    left = {number for number, person in people(session, sealer).items() if person.left_at}
    assert left == {TWO}
    assert kinds(session, sealer, TWO) == ["granted", "left"]


def test_a_slip_in_a_complete_list_makes_nobody_leave(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678,06196,,,,", "0968123456,06196,,,,")
    import_now(session, path, sealer=sealer)

    outcome = import_now(
        session,
        a_list(tmp_path, "0912345678,06196,,,,", "0968123456,06196,klingon,,,"),
        sealer=sealer,
        complete=True,
    )

    assert (outcome.merged.left, outcome.rows_rejected) == (0, {"unknown_language": 1})


def test_a_dry_run_says_who_would_enter_change_and_leave_and_changes_nothing(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    import_now(
        session, a_list(tmp_path, "0912345678,06196,,,,", "0968123456,06196,,,,"), sealer=sealer
    )
    before = session.execute(text("SELECT * FROM subscribers ORDER BY id")).all()

    with open_sheet(a_list(tmp_path, "0912345678,06196,en,,,", "0972000003,06196,,,,")) as sheet:
        staged = stage_list(session, sheet, sealer=sealer, now=LATER)
    outcome = preview_import(session, staged, complete=True)

    assert outcome.merged.by_area == {"06196": {"entered": 1, "changed": 1, "left": 1}}
    assert session.execute(text("SELECT * FROM subscribers ORDER BY id")).all() == before
    assert len(session.scalars(select(ConsentEvent)).all()) == 2


def test_refused_rows_are_told_by_row_and_reason_and_the_rest_enters(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    rejections: list[Rejection] = []
    path = a_list(
        tmp_path, "0912345678,06196,,,,", "0205 3812 345,06196,,,,", "", "0968123456,x,,,,"
    )

    outcome = import_now(session, path, sealer=sealer, rejections=rejections)

    assert outcome.merged.entered == 1
    assert reasons(rejections) == outcome.rows_rejected == {"landline": 1, "unknown_area": 1}
    assert [rejection.row for rejection in rejections] == [3, 5]


def test_an_area_counts_only_on_the_days_on_which_it_exists(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    ended = an_area(session, "05971", name="Chi Lăng")
    ended.valid_to = date(2025, 12, 31)
    session.flush()
    path = a_list(tmp_path, "0912345678,05971,,,,")

    assert import_now(session, path, sealer=sealer).rows_rejected == {"unknown_area": 1}
    with pytest.raises(UnknownAreaError):
        import_now(session, path, sealer=sealer, area_code="05971")
    earlier = datetime(2025, 12, 31, 16, 59, tzinfo=UTC)
    assert import_now(session, path, sealer=sealer, now=earlier).merged.entered == 1


def test_a_list_without_areas_needs_the_one_it_is_about(
    session: Session, sealer: Sealer, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "0912345678", heading="Số điện thoại")

    with pytest.raises(SubscriberFileError, match="--area"):
        import_now(session, path, sealer=sealer)
    import_now(session, path, sealer=sealer, area_code="06004")
    assert people(session, sealer)[ONE].area_code == "06004"


@pytest.mark.parametrize("source", ["tab\there", "back\\slash \\N", "a\\tb", "quote's; DROP"])
def test_any_text_survives_the_way_into_the_database(
    session: Session, sealer: Sealer, tmp_path: Path, source: str
) -> None:
    path = a_list(tmp_path, f'0912345678,06196,,,"{source}",')

    import_now(session, path, sealer=sealer)

    assert session.scalars(select(ConsentEvent.source)).all() == [source]

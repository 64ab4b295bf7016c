"""The province's clock, and the hours in which people may be texted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.local_time import ALL_DAY, ZONE, Hours

MOMENTS = st.integers(1_700_000_000, 1_800_000_000).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize("written", ["", "7-21", "21:00-07:00", "07:00-07:00", "07:00-24:01", "a"])
def test_hours_that_make_no_sense_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        Hours.read(written)


def test_the_first_minute_is_open_and_the_last_is_not() -> None:
    hours = Hours.read("07:00-21:00")

    assert [hours.are_open(local(7)), hours.are_open(local(20, 59))] == [True, True]
    assert [hours.are_open(local(6, 59)), hours.are_open(local(21))] == [False, False]


def test_after_closing_the_next_opening_is_tomorrow() -> None:
    assert Hours.read("07:00-21:00").next_open(local(22)) == local(7) + timedelta(days=1)


def test_hours_are_written_as_they_are_read() -> None:
    assert str(Hours.read("07:05-24:00")) == "07:05-24:00"


@given(moment=MOMENTS, opens=st.integers(0, 1438), length=st.integers(1, 1440))
def test_the_next_opening_is_open_and_never_earlier(
    moment: datetime, opens: int, length: int
) -> None:
    hours = Hours(opens, min(opens + length, 1440))

    opening = hours.next_open(moment)

    assert hours.are_open(opening)
    assert timedelta() <= opening - moment < timedelta(days=1)
    assert hours.closing(opening) > opening


@given(moment=MOMENTS)
def test_all_day_is_always_open(moment: datetime) -> None:
    assert ALL_DAY.next_open(moment) == moment

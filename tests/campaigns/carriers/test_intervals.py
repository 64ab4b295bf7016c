"""Intervals: how sure a share is, for few texts as for many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.carriers.intervals import ALARMED, share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_bounds_are_those_of_the_literature(part: int, whole: int, low: float, high: float) -> None:
    found = share(part, whole)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_of_no_texts_nothing_is_known() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


@given(whole=st.integers(1, 10**6), data=st.data())
def test_a_share_lies_between_its_bounds_and_more_certainty_is_wider(
    whole: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, whole))
    narrow, wide = share(part, whole), share(part, whole, z=ALARMED)
    assert 0.0 <= wide.low <= narrow.low <= part / whole <= narrow.high <= wide.high <= 1.0

"""The bank: at no moment is anything spoken that is not approved and true at that moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from tests.hotline.builders import LONG_AGO, a_bank, an_answer

_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
HOURS = st.integers(-24 * 400, 24 * 800).map(lambda hours: _YEAR + timedelta(hours=hours))


@st.composite
def versions(draw: st.DrawFn) -> list[tuple[datetime, datetime | None, datetime]]:
    """Draw validities and approvals of up to four versions of one answer."""
    drawn = []
    for _ in range(draw(st.integers(1, 4))):
        since = draw(HOURS)
        until = draw(st.one_of(st.none(), st.integers(1, 24 * 500)))
        end = None if until is None else since + timedelta(hours=until)
        drawn.append((since, end, draw(HOURS)))
    return drawn


@given(versions(), HOURS)
def test_an_answer_outside_its_validity_is_never_found_at_any_hour(
    drawn: list[tuple[datetime, datetime | None, datetime]], moment: datetime
) -> None:
    """Whatever was approved when, what is found covers the moment and was approved by then."""
    bank = a_bank(
        an_answer("A", since=since, until=until, approved_at=approved, version=number)
        for number, (since, until, approved) in enumerate(drawn, start=1)
    )
    found = bank.find("A", at=moment)
    if found is None:
        return
    assert found.approved_at <= moment
    assert found.document.valid.from_ <= moment
    assert found.document.valid.until is None or moment < found.document.valid.until


@given(versions(), HOURS)
def test_an_older_version_never_speaks_once_a_newer_one_has_begun(
    drawn: list[tuple[datetime, datetime | None, datetime]], moment: datetime
) -> None:
    """A correction silences what it corrects, also after the correction itself has ended."""
    bank = a_bank(
        an_answer("A", since=since, until=until, approved_at=approved, version=number)
        for number, (since, until, approved) in enumerate(drawn, start=1)
    )
    found = bank.find("A", at=moment)
    begun = [
        number
        for number, (since, _, approved) in enumerate(drawn, start=1)
        if since <= moment and approved <= moment
    ]
    assert found is None or found.version == max(begun)


def test_an_answer_ends_at_its_very_moment_and_its_successor_begins() -> None:
    """The first moment at which it is untrue is the first at which it is not spoken."""
    bank = a_bank(
        [an_answer("A", until=NOON, successor="B"), an_answer("B", since=NOON)],
    )
    before = bank.find("A", at=NOON - timedelta(microseconds=1))
    at_noon = bank.find("A", at=NOON)
    assert before is not None
    assert before.code == "A"
    assert at_noon is not None
    assert at_noon.code == "B"


def test_successors_in_a_circle_lead_to_nobody() -> None:
    """Two answers that name each other cannot keep a call for ever."""
    bank = a_bank(
        [an_answer("A", until=NOON, successor="B"), an_answer("B", until=NOON, successor="A")]
    )
    assert bank.find("A", at=NOON) is None


def test_a_version_that_begins_tomorrow_does_not_silence_todays() -> None:
    """Approving ahead of time is safe."""
    bank = a_bank(
        [
            an_answer("A", version=1),
            an_answer("A", version=2, since=NOON + timedelta(days=1), approved_at=LONG_AGO),
        ]
    )
    today, tomorrow = (bank.find("A", at=moment) for moment in (NOON, NOON + timedelta(days=1)))
    assert today is not None
    assert tomorrow is not None
    assert (today.version, tomorrow.version) == (1, 2)

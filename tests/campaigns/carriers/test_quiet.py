"""Quiet carriers: an alarm against the carrier's own past, which ends by itself."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.carriers.quiet import (
    CarrierStretch,
    Verdict,
    look_at_carriers,
    quiet_carriers,
)
from campaigns.carriers.truth import count_hours
from campaigns.gateway import Accepted, Answer, Outcome, Refused, Uncertain
from campaigns.sealing import Sealer
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import a_day_of_texts

PEOPLE = 20
LOOK = NOON + timedelta(minutes=20)


@pytest.fixture(autouse=True)
def people(session: Session, sealer: Sealer) -> None:
    a_province(session, sealer, people=PEOPLE)


def remember(session: Session, *, heard: int, texts: int, days: int = 5) -> None:
    """Keep a look at one stretch of each of the last *days* days."""
    session.execute(
        insert(CarrierStretch),
        [
            {
                "carrier": "viettel",
                "begins_at": NOON - timedelta(days=n),
                "texts": texts,
                "heard": heard,
                "verdict": Verdict.USUAL,
            }
            for n in range(1, days + 1)
        ],
    )


def hand_over(
    session: Session, sealer: Sealer, *, heard: int, at: datetime = NOON, texts: int = 40
) -> None:
    name = f"{at:%H%M}"
    answers: list[Answer] = [Accepted(f"{name}-{n}") for n in range(1, texts + 1)]
    answers += [Refused("21614")] * (2 * PEOPLE - texts)
    broadcast = a_day_of_texts(session, sealer, now=at, answers=answers)
    reports = [
        CarrierReport(broadcast.id, n, f"{name}-{n}", Outcome.NETWORK, "", at)
        for n in range(1, heard + 1)
    ]
    take_in(session, reports, now=at)


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [(40, None), (30, None), (20, Verdict.QUIET), (1, Verdict.QUIET), (0, Verdict.STOPPED)],
)
def test_a_carrier_is_quiet_by_its_own_past(
    session: Session, sealer: Sealer, heard: int, verdict: Verdict | None
) -> None:
    remember(session, heard=980, texts=1000)
    hand_over(session, sealer, heard=heard)
    assert look_at_carriers(session, now=LOOK) == 1
    assert [one.verdict for one in quiet_carriers(session, now=LOOK)] == (
        [verdict] if verdict else []
    )


def test_a_carrier_that_never_says_much_is_not_quiet(session: Session, sealer: Sealer) -> None:
    """Where no receipts are the custom, their absence says nothing."""
    remember(session, heard=10, texts=1000)
    hand_over(session, sealer, heard=0)
    look_at_carriers(session, now=LOOK)
    assert quiet_carriers(session, now=LOOK) == []


def test_silence_from_the_first_text_on_is_an_alarm(session: Session, sealer: Sealer) -> None:
    """There is no past to compare with when the address for receipts was wrong all along."""
    hand_over(session, sealer, heard=0)
    look_at_carriers(session, now=LOOK)
    (quiet,) = quiet_carriers(session, now=LOOK)
    assert quiet.verdict is Verdict.STOPPED
    assert "nothing to compare that with" in quiet.sentence


def test_of_few_texts_nothing_is_said(session: Session, sealer: Sealer) -> None:
    remember(session, heard=980, texts=1000)
    hand_over(session, sealer, heard=0, texts=19)
    assert look_at_carriers(session, now=LOOK) == 1
    assert quiet_carriers(session, now=LOOK) == []


def test_the_alarm_says_what_is_usual_and_ends_by_itself(session: Session, sealer: Sealer) -> None:
    remember(session, heard=980, texts=1000)
    hand_over(session, sealer, heard=4)
    look_at_carriers(session, now=LOOK)
    (quiet,) = quiet_carriers(session, now=LOOK)
    assert (quiet.carrier, quiet.since) == ("viettel", NOON)
    assert quiet.sentence == (
        "viettel: 4 of its last 40 texts were heard of in time; usually it is 98 in 100"
    )
    hand_over(session, sealer, heard=39, at=NOON + timedelta(minutes=10))
    later = LOOK + timedelta(minutes=10)
    look_at_carriers(session, now=later)
    assert quiet_carriers(session, now=later) == []


def test_an_alarm_ends_with_an_hour_without_texts(session: Session, sealer: Sealer) -> None:
    remember(session, heard=980, texts=1000)
    hand_over(session, sealer, heard=0)
    look_at_carriers(session, now=LOOK)
    assert quiet_carriers(session, now=NOON + timedelta(minutes=59)) != []
    assert quiet_carriers(session, now=NOON + timedelta(minutes=60)) == []


def test_texts_are_counted_by_network_and_hour_of_handing_over(
    session: Session, sealer: Sealer
) -> None:
    answers: list[Answer] = [Accepted("a"), Accepted("b"), Accepted("c"), Uncertain("timeout")]
    answers += [Accepted(f"d{n}") for n in range(36)]
    at = NOON + timedelta(minutes=59)
    broadcast = a_day_of_texts(session, sealer, now=at, answers=answers)
    reports = [
        CarrierReport(broadcast.id, 1, "a", Outcome.NETWORK, "", at),
        CarrierReport(broadcast.id, 2, "b", Outcome.HANDSET, "", at + timedelta(hours=3)),
        CarrierReport(broadcast.id, 3, "c", Outcome.FAILED, "30003", at),
    ]
    take_in(session, reports, now=at)
    begins = NOON - timedelta(hours=12)
    (hour,) = count_hours(session, begins=begins, ends=begins + timedelta(days=1))
    assert (hour.carrier, hour.hour) == ("viettel", NOON)
    assert (hour.network, hour.handset, hour.failed, hour.silent) == (1, 1, 1, 36)
    assert (hour.accepted, hour.unknown) == (39, 1)
    shares = hour.shares()
    assert shares["silent"].low < 36 / 39 < shares["silent"].high

"""Twilio's codes: who is refused, for how long, and in whose words."""

from datetime import timedelta

import pytest

from campaigns.gateway import Answer, Blocked, Outcome, Postponed, Refused, Uncertain
from service.twilio.codes import (
    answer_to_refusal,
    is_stopped_by_recipient,
    known_codes,
)
from service.twilio.statuses import outcome_of

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (400, "21211", Refused("21211")),
        (400, "21614", Refused("21614")),
        (400, "21610", Refused("21610", is_stop=True)),
        (400, "29999", Refused("29999")),
        (400, "", Refused("http-400")),
        (429, "20429", Postponed("20429", SECOND)),
        (429, "", Postponed("http-429", SECOND)),
        (400, "21611", Postponed("21611", 60 * SECOND)),
        (408, "", Uncertain("http 408")),
        (500, "20500", Uncertain("http 500")),
        (502, "", Uncertain("http 502")),
        (503, "20429", Uncertain("http 503")),
    ],
)
def test_each_refusal_has_its_answer(status: int, code: str, answer: Answer) -> None:
    """Only what surely concerns this one number is final; what may have been taken is in doubt."""
    assert answer_to_refusal(status, code) == answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "20003"),
        (403, "20005"),
        (400, "21212"),
        (400, "21606"),
        (400, "21659"),
        (400, "21408"),
        (429, "63038"),
        (404, "20404"),
        (401, ""),
        (403, ""),
        (404, ""),
        (302, ""),
    ],
)
def test_what_concerns_us_stops_everybody(status: int, code: str) -> None:
    """A wrong password, sender or address must not be written down as each citizen's fault."""
    answer = answer_to_refusal(status, code)
    assert isinstance(answer, Blocked)
    assert answer.why


def test_the_carriers_own_waiting_time_wins() -> None:
    """Where the carrier says how long to wait, that long it is."""
    assert answer_to_refusal(429, "20429", wait=7 * SECOND) == Postponed("20429", 7 * SECOND)


def test_every_code_of_the_table_is_explained() -> None:
    """An operator never sees a bare number for a code we know; waits are set where needed."""
    for number, code in known_codes().items():
        assert number.isdigit()
        assert len(code.words) > 10
        assert (code.wait > timedelta(0)) == (code.meaning == "postponed")


def test_a_stop_at_the_carrier_is_recognised() -> None:
    """21610 is an opt-out; nothing else is."""
    assert [code for code in known_codes() if is_stopped_by_recipient(code)] == ["21610"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("queued", Outcome.SILENT),
        ("accepted", Outcome.SILENT),
        ("sending", Outcome.SILENT),
        ("sent", Outcome.NETWORK),
        ("delivered", Outcome.HANDSET),
        ("undelivered", Outcome.FAILED),
        ("failed", Outcome.FAILED),
        ("something new", None),
    ],
)
def test_each_status_has_its_outcome(status: str, outcome: Outcome | None) -> None:
    """Twilio's words are translated once, here."""
    assert outcome_of(status) is outcome


def test_delivered_may_mean_only_the_message_centre() -> None:
    """In Viet Nam Twilio's "delivered" does not prove that a phone has the text."""
    assert outcome_of("delivered", delivered_means_handset=False) is Outcome.NETWORK

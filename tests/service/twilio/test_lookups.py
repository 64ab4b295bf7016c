"""Looking texts up at the carrier: absence is only believed from a complete answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.gateway import Accepted, Inquiry, Outcome, OutgoingText
from service.twilio.gateway import TwilioGateway
from tests.builders import a_phone
from tests.fakes.carriers import (
    LoopbackCarrier,
    a_gateway,
    a_loopback_carrier,
    a_server_that_says,
    found_by,
)


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCarrier]:
    with a_loopback_carrier(tmp_path_factory.mktemp("carrier"), "--fail", "0.5") as carrier:
        yield carrier


@pytest.fixture
def gateway(carrier: LoopbackCarrier) -> Iterator[TwilioGateway]:
    gateway = a_gateway(carrier.url)
    yield gateway
    gateway.close()


def send(gateway: TwilioGateway, to: str, *bodies: str) -> list[str]:
    """Send *bodies* to one number and return the carrier's names for them."""
    until = datetime.now(UTC) + timedelta(seconds=30)
    texts = [OutgoingText(1, place, to, body, "Loa", 1, None) for place, body in enumerate(bodies)]
    answers = gateway.send_all(texts, until=until)
    return [answer.sid for answer in answers if isinstance(answer, Accepted)]


def test_all_texts_to_a_number_are_found_over_many_pages(gateway: TwilioGateway) -> None:
    """A number that got 120 texts: three pages, none missing, none of anybody else's."""
    to = a_phone()
    since = datetime.now(UTC)
    sids = send(gateway, to, *(f"text {place}" for place in range(120)))
    send(gateway, a_phone(), "for somebody else")
    assert {text.sid for text in found_by(gateway, to, since)} == set(sids)


def test_a_text_sent_within_the_same_second_is_found(gateway: TwilioGateway) -> None:
    """The carrier's clock shows whole seconds, ours does not; that must not hide a text."""
    to = a_phone()
    since = datetime.now(UTC)
    (sid,) = send(gateway, to, "now")
    assert [text.sid for text in found_by(gateway, to, since)] == [sid]


def test_what_was_sent_before_is_not_shown(gateway: TwilioGateway) -> None:
    """A text of an earlier broadcast is not mistaken for this one's."""
    to = a_phone()
    send(gateway, to, "yesterday's")
    assert found_by(gateway, to, datetime.now(UTC) + timedelta(seconds=2)) == []


def test_a_text_still_in_the_carriers_queue_is_found(tmp_path: Path) -> None:
    """It has no date of sending yet, but the carrier has it: sending again would double it."""
    with a_loopback_carrier(tmp_path, "--late-ms", "3600000") as carrier:
        gateway = a_gateway(carrier.url)
        to, since = a_phone(), datetime.now(UTC)
        (sid,) = send(gateway, to, "queued")
        (found,) = found_by(gateway, to, since)
        gateway.close()
        carrier.process.kill()
    assert found.sid == sid
    assert found.outcome is Outcome.SILENT


def test_a_failed_text_shows_its_error(gateway: TwilioGateway) -> None:
    """What the carrier could not deliver carries its code."""
    since = datetime.now(UTC)
    numbers = [a_phone() for _ in range(12)]
    for to in numbers:
        send(gateway, to, "hello")
    found = [text for to in numbers for text in found_by(gateway, to, since)]
    assert len(found) == 12
    for text in found:
        assert bool(text.error_code) == (text.outcome is Outcome.FAILED)


def a_page(*messages: dict[str, Any], more: str | None = None) -> bytes:
    return json.dumps({"messages": messages, "next_page_uri": more}).encode()


def a_message(**changes: Any) -> dict[str, Any]:
    return {
        "sid": "SM1",
        "body": "hello",
        "status": "delivered",
        "direction": "outbound-api",
        "date_created": "Mon, 02 Mar 2026 05:00:00 +0000",
        "date_sent": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (401, b'{"code": 20003}'),
        (429, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"messages": [1]}'),
        (200, a_page(a_message(date_created=None))),
        (200, a_page(a_message(date_created="yesterday"))),
        (200, a_page(a_message(sid=None))),
        (200, a_page(more="/2010-04-01/again.json")),
    ],
)
def test_an_unclear_answer_is_never_taken_for_absence(status: int, body: bytes) -> None:
    """Errors, rubbish, and lists without an end: we are unsure, which is not an empty list."""
    with a_server_that_says((status, {}, body)) as server:
        gateway = a_gateway(server.url)
        found = gateway.find_sent([Inquiry("+84961234567", datetime(2026, 3, 1, tzinfo=UTC))])
        gateway.close()
    assert found == [None]


@pytest.mark.parametrize(("status", "body"), [(404, b""), (500, b""), (200, b"[]"), (200, b"{}")])
def test_an_unclear_record_says_nothing(status: int, body: bytes) -> None:
    """A text that cannot be described now is asked about again, and changes nothing."""
    with a_server_that_says((status, {}, body)) as server:
        gateway = a_gateway(server.url)
        assert gateway.fetch(["SM1"]) == [None]
        gateway.close()


def test_what_citizens_sent_us_is_not_counted() -> None:
    """An inbound text with the same body proves nothing."""
    page = a_page(a_message(direction="inbound"), a_message(sid="SM2"))
    with a_server_that_says((200, {}, page)) as server:
        gateway = a_gateway(server.url, delivered_means_handset=False)
        found = found_by(gateway, "+84961234567", datetime(2026, 3, 1, tzinfo=UTC))
        gateway.close()
    assert [(text.sid, text.outcome) for text in found] == [("SM2", Outcome.NETWORK)]

"""The gateway against the real loopback carrier: texts in, answers out, nothing invented."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from campaigns.gateway import (
    Accepted,
    Blocked,
    Outcome,
    OutgoingText,
    Postponed,
    Refused,
    Uncertain,
)
from service.twilio.gateway import TwilioGateway
from tests.builders import a_phone
from tests.fakes.carriers import (
    ACCOUNT_SID,
    TOKENS,
    LoopbackCarrier,
    a_gateway,
    a_loopback_carrier,
    a_server_that_says,
    found_by,
)
from tests.fakes.processes import eventually

BODY = "Lạng Sơn: tiêm vắc xin lúc 7:00 & mang theo CCCD (50% + 1) €"


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCarrier]:
    with a_loopback_carrier(tmp_path_factory.mktemp("carrier")) as carrier:
        yield carrier


@pytest.fixture
def gateway(carrier: LoopbackCarrier) -> Iterator[TwilioGateway]:
    gateway = a_gateway(carrier.url)
    yield gateway
    gateway.close()


def soon(seconds: float = 30) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def a_text(to: str = "", *, position: int = 1, sender: str = "SYT LangSon") -> OutgoingText:
    return OutgoingText(7, position, to or a_phone(), BODY, sender, 1, soon(3600))


def test_every_text_is_accepted_in_order_and_unchanged(
    gateway: TwilioGateway, carrier: LoopbackCarrier
) -> None:
    """Two hundred texts, many at a time: each gets its own name, and arrives as it was signed."""
    texts = [a_text(position=position) for position in range(200)]
    answers = gateway.send_all(texts, until=soon())
    kept = {record["sid"]: record for record in carrier.accepted()}
    for text, answer in zip(texts, answers, strict=True):
        assert isinstance(answer, Accepted)
        record = kept[answer.sid]
        assert (record["to"], record["body"]) == (text.to, BODY)
        assert record["from"] == "SYT LangSon"
        token = record["callback"].rpartition("/")[2]
        assert TOKENS.read(token) == (7, text.position)


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        ("+84243", Refused("21211")),
        ("0912345678", Refused("21211")),
        ("", Refused("21211")),
        ("+842053812345", Refused("21614")),
    ],
)
def test_a_number_that_cannot_receive_is_refused(
    gateway: TwilioGateway, to: str, answer: Refused
) -> None:
    """Landlines and broken numbers are final, and their neighbours are not touched."""
    wrong = OutgoingText(7, 1, to or "x", BODY, "Loa", 1, None)
    first, second = gateway.send_all([wrong, a_text()], until=soon())
    assert first == answer
    assert isinstance(second, Accepted)


@pytest.mark.parametrize(
    ("body", "code"), [("", "21602"), ("x" * 1601, "21617"), ("\ud800", "unwritable")]
)
def test_a_body_that_cannot_be_sent_is_refused(
    gateway: TwilioGateway, body: str, code: str
) -> None:
    """An empty, endless or unwritable body never leaves, and is not tried for ever."""
    assert gateway.send_all(
        [OutgoingText(7, 1, a_phone(), body, "Loa", 1, None)], until=soon()
    ) == [Refused(code)]


def test_a_sender_that_is_not_allowed_stops_its_texts_only(gateway: TwilioGateway) -> None:
    """The operator must see to the sender; texts of another campaign go on."""
    texts = [a_text(sender="far too long a name") for _ in range(3)] + [a_text()]
    *wrong, right = gateway.send_all(texts, until=soon())
    assert {type(answer) for answer in wrong} == {Blocked}
    assert isinstance(right, Accepted)


def test_wrong_credentials_block_without_naming_them(carrier: LoopbackCarrier) -> None:
    """A changed password stops the lane, instead of refusing everybody one by one."""
    gateway = a_gateway(carrier.url, auth_token="wrong")  # noqa: S106 - it opens nothing
    (answer,) = gateway.send_all([a_text()], until=soon())
    gateway.close()
    assert isinstance(answer, Blocked)
    assert answer.code == "20003"
    assert "wrong" not in answer.why


def test_nothing_is_said_after_the_deadline(
    gateway: TwilioGateway, carrier: LoopbackCarrier
) -> None:
    """After *until* another worker owns the texts, so not one of them may leave."""
    before = carrier.summary()["count"]
    answers = gateway.send_all([a_text() for _ in range(5)], until=soon(-1))
    assert answers == [Postponed("not-spoken", timedelta(0))] * 5
    assert carrier.summary()["count"] == before


def test_a_slow_carrier_gets_what_time_allows(tmp_path: Path) -> None:
    """With little time and a slow carrier, some are accepted and the rest wait, untouched."""
    with a_loopback_carrier(tmp_path, "--latency-ms", "100") as carrier:
        gateway = a_gateway(carrier.url, concurrency=2)
        answers = gateway.send_all([a_text() for _ in range(40)], until=soon(1.5))
        gateway.close()
        taken = [answer for answer in answers if isinstance(answer, Accepted)]
        later = [answer for answer in answers if isinstance(answer, Postponed)]
        assert taken
        assert later
        assert len(taken) + len(later) == 40
        assert carrier.summary()["count"] == len(taken)


def test_a_text_whose_answer_is_lost_is_in_doubt_and_can_be_found(tmp_path: Path) -> None:
    """The connection dies after the carrier took the text: we do not know, so we ask, once."""
    with a_loopback_carrier(tmp_path, "--drop", "1") as carrier:
        gateway = a_gateway(carrier.url)
        text = a_text()
        began_at = datetime.now(UTC)
        (answer,) = gateway.send_all([text], until=soon())
        found = found_by(gateway, text.to, began_at)
        gateway.close()
    assert isinstance(answer, Uncertain)
    assert text.to not in answer.why
    assert [sent.body for sent in found] == [BODY]


def test_a_carrier_that_is_away_costs_nothing_but_time() -> None:
    """Nobody listens: no byte left, so every text is simply tried later."""
    with a_server_that_says((200, {}, b"")) as server:
        url = server.url
    gateway = a_gateway(url)
    answers = gateway.send_all([a_text() for _ in range(100)], until=soon())
    gateway.close()
    assert answers == [Postponed("unreachable", timedelta(seconds=5))] * 100


def test_a_carrier_that_is_overrun_is_given_time(tmp_path: Path) -> None:
    """429 postpones, and between the 429s the gateway falls silent instead of hammering."""
    with a_loopback_carrier(tmp_path, "--rate", "20") as carrier:
        gateway = a_gateway(carrier.url, concurrency=8)
        answers = gateway.send_all([a_text() for _ in range(60)], until=soon())
        gateway.close()
        accepted = sum(isinstance(answer, Accepted) for answer in answers)
        assert carrier.summary()["count"] == accepted
    postponed = {answer for answer in answers if isinstance(answer, Postponed)}
    assert postponed == {Postponed("20429", timedelta(seconds=1))}
    assert accepted >= 30


@pytest.mark.parametrize(
    ("status", "headers", "body", "answer"),
    [
        (500, {}, b"", Uncertain("http 500")),
        (502, {}, b"<html>", Uncertain("http 502")),
        (201, {}, b"not json", Uncertain("JSONDecodeError")),
        (201, {}, b"{}", Uncertain("no sid")),
        (201, {}, b"[]", Uncertain("AttributeError")),
        (200, {}, b'{"sid": "SM1"}', Accepted("SM1")),
        (400, {}, b"<html>", Refused("http-400")),
        (400, {}, b'{"code": 21610}', Refused("21610", is_stop=True)),
        (429, {"Retry-After": "1800"}, b"", Postponed("http-429", timedelta(minutes=30))),
        (429, {"Retry-After": "9" * 30}, b"", Postponed("http-429", timedelta(hours=1))),
        (429, {"Retry-After": "soon"}, b"{}", Postponed("http-429", timedelta(seconds=1))),
        (400, {}, b'{"code": 21611}', Postponed("21611", timedelta(minutes=1))),
    ],
)
def test_each_answer_of_a_carrier_is_understood(
    status: int,
    headers: dict[str, str],
    body: bytes,
    answer: Accepted | Refused | Postponed | Uncertain,
) -> None:
    """Sane or not, whatever the carrier says has exactly one meaning for us."""
    with a_server_that_says((status, headers, body)) as server:
        gateway = a_gateway(server.url)
        assert gateway.send_all([a_text()], until=soon()) == [answer]
        gateway.close()


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404])
def test_a_wrong_address_blocks(status: int) -> None:
    """A redirect or a stranger's page is our own mistake, and never followed."""
    with a_server_that_says((status, {"Location": "/elsewhere"}, b"")) as server:
        gateway = a_gateway(server.url)
        (answer,) = gateway.send_all([a_text()], until=soon())
        gateway.close()
        assert isinstance(answer, Blocked)
        assert len(server.paths) == 1


def test_what_the_carrier_is_asked_is_exactly_this() -> None:
    """Sender kinds, validity and callback as Twilio documents them."""
    service = "MG" + "1" * 32
    texts = [
        OutgoingText(1, 2, "+84961234567", "a", "SYT LangSon", 1, soon(3 * 86_400)),
        OutgoingText(1, 3, "+84961234567", "a", service, 1, soon(0)),
        OutgoingText(1, 4, "+84961234567", "a", "", 1, None),
    ]
    with a_server_that_says((201, {}, b'{"sid": "SM1"}')) as server:
        gateway = a_gateway(server.url, concurrency=1, public_url="https://loa.example/")
        gateway.send_all(texts, until=soon())
        gateway.close()
    assert set(server.paths) == {f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"}
    named, pooled, usual = (parse_qs(body.decode()) for body in server.bodies)
    assert named["From"] == ["SYT LangSon"]
    assert named["ValidityPeriod"] == ["36000"]
    callback = f"https://loa.example/twilio/messages/status/{TOKENS.make(1, 2)}"
    assert named["StatusCallback"] == [callback]
    assert pooled["MessagingServiceSid"] == [service]
    assert pooled["ValidityPeriod"] == ["1"]
    assert "From" not in pooled
    assert usual["From"] == ["Loa"]
    assert "ValidityPeriod" not in usual


def test_no_number_reaches_the_log(
    gateway: TwilioGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative log level there is still no telephone number."""
    caplog.set_level(logging.DEBUG)
    text = a_text()
    gateway.send_all([text, a_text("+842053812345")], until=soon())
    found_by(gateway, text.to, soon(-60))
    assert text.to[1:] not in caplog.text
    assert "2053812345" not in caplog.text


def test_a_worker_that_forks_does_not_disturb_its_parent(gateway: TwilioGateway) -> None:
    """A forked job speaks over connections of its own; the parent's go on working."""
    gateway.send_all([a_text() for _ in range(10)], until=soon())
    child = os.fork()
    if child == 0:
        answers = gateway.send_all([a_text() for _ in range(10)], until=soon())
        os._exit(0 if all(isinstance(answer, Accepted) for answer in answers) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert all(
        isinstance(answer, Accepted)
        for answer in gateway.send_all([a_text() for _ in range(10)], until=soon())
    )


def test_a_carrier_that_restarted_between_batches_leaves_no_doubt(tmp_path: Path) -> None:
    """Connections that died while nobody looked are noticed before a text is put on them."""
    with a_loopback_carrier(tmp_path / "first") as carrier:
        gateway = a_gateway(carrier.url)
        gateway.send_all([a_text() for _ in range(20)], until=soon())
        port = carrier.url.rpartition(":")[2]
    with a_loopback_carrier(tmp_path / "second", "--port", port):
        answers = gateway.send_all([a_text() for _ in range(20)], until=soon())
        gateway.close()
    assert {type(answer) for answer in answers} == {Accepted}


def test_an_interrupted_batch_leaves_nothing_running(carrier: LoopbackCarrier) -> None:
    """Ctrl-C in the middle: the requests under way are dropped, and the gateway can go on."""
    calls = iter(range(100))

    class Interrupted(TwilioGateway):
        def _phrase(self, text: OutgoingText) -> dict[str, object]:
            if next(calls) == 3:
                raise KeyboardInterrupt
            return super()._phrase(text)

    gateway = a_gateway(carrier.url, kind=Interrupted, concurrency=2)
    with pytest.raises(KeyboardInterrupt):
        gateway.send_all([a_text() for _ in range(20)], until=soon())
    before = carrier.summary()["count"]
    assert isinstance(gateway.send_all([a_text()], until=soon())[0], Accepted)
    gateway.close()
    assert carrier.summary()["count"] == before + 1


def test_a_text_is_fetched_by_its_name(gateway: TwilioGateway) -> None:
    """The carrier's own record says what became of a text; a name it never gave is unknown."""
    (answer,) = gateway.send_all([a_text()], until=soon())
    assert isinstance(answer, Accepted)

    def is_on_the_handset() -> bool:
        (sent,) = gateway.fetch([answer.sid])
        return sent is not None and sent.outcome is Outcome.HANDSET

    assert eventually(is_on_the_handset)
    assert gateway.fetch(["SM" + "0" * 32, "../Accounts"]) == [None, None]

"""The receipts door of the real web process, with a real queue and hostile visitors."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport
from campaigns.deliveries import Receipt
from campaigns.gateway import Outcome
from service.database import open_engine
from service.ports import free_port
from service.queue_server import open_redis
from service.tokens import CallbackTokens
from service.twilio.signatures import sign
from tests.fakes.carriers import ACCOUNT_SID, AUTH_TOKEN
from workers.receipts import read_entry

SECRET = "a secret that signs only the tokens of tests"  # noqa: S105 - it opens nothing
TOKENS = CallbackTokens(SECRET.encode())
PUBLIC_URL = "https://loa.example/inside"
DELIVERED = {
    "MessageSid": "SM" + "a" * 32,
    "MessageStatus": "delivered",
    "To": "+84961234567",
    "From": "Loa",
}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Web:
    address: str
    redis: Redis
    log: Path
    process: subprocess.Popen[bytes]

    def ask(
        self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": FORM, **named})
        answer = connection.getresponse()
        said = answer.status, answer.read()
        connection.close()
        return said

    def post(self, token: str, form: dict[str, str], *, key: str = AUTH_TOKEN) -> int:
        path = f"/twilio/messages/status/{token}"
        signature = sign(PUBLIC_URL + path, form.items(), key)
        return self.ask(path, urlencode(form).encode(), X_Twilio_Signature=signature)[0]

    def entries(self) -> list[CarrierReport]:
        """Every report on the stream, in the order of its entries."""
        entries: Any = self.redis.xrange("loa:receipts")
        return [report for _, fields in entries for report in read_entry(fields)]

    def tally(self, word: str) -> int:
        return int(self.redis.hget("loa:receipt-tallies", word) or 0)


@contextmanager
def a_web(data_dir: Path, redis_url: str, *, database_url: str = "") -> Iterator[Web]:
    """Run ``loa web`` for as long as the block lasts."""
    port = free_port()
    environment = {
        **os.environ,
        "LOA_DATA_DIR": str(data_dir),
        "LOA_REDIS_URL": redis_url,
        "LOA_DATABASE_URL": database_url,
        "LOA_PUBLIC_URL": PUBLIC_URL,
        "LOA_SECRET_KEY": SECRET,
        "LOA_SEAL_KEY": SECRET,
        "LOA_LOOPBACK_ACCOUNT_SID": ACCOUNT_SID,
        "LOA_LOOPBACK_AUTH_TOKEN": AUTH_TOKEN,
    }
    command = [sys.executable, "-m", "service", "web", "--port", str(port), "--json"]
    log = data_dir / "web.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors
        ) as process,
        open_redis(redis_url) as redis,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().decode()
        assert f"http://127.0.0.1:{port}" in url, log.read_text()
        try:
            yield Web(f"127.0.0.1:{port}", redis, log, process)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, _valkey: str) -> Iterator[Web]:
    with a_web(tmp_path_factory.mktemp("web"), _valkey) as web:
        yield web


@pytest.fixture
def web(running: Web, valkey_url: str) -> Web:
    """The running web, with nothing on the stream."""
    assert valkey_url
    return running


def test_a_signed_receipt_is_on_the_stream_when_it_is_answered(web: Web) -> None:
    """204 means kept: which delivery, which name, what became of it, when we heard."""
    before = time.time()
    assert web.post(TOKENS.make(12, 345), DELIVERED) == 204
    (report,) = web.entries()
    assert before <= report.received_at.timestamp() <= time.time()
    assert report.identity == (12, 345, DELIVERED["MessageSid"], "handset", "")
    assert not report.is_stop


def test_a_failure_brings_its_code(web: Web) -> None:
    """The carrier's error travels along, as long as it is a number."""
    failed = {**DELIVERED, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    assert web.post(TOKENS.make(1, 1), failed) == 204
    assert web.post(TOKENS.make(1, 1), {**failed, "ErrorCode": "x'; --"}) == 204
    assert [(report.outcome, report.code) for report in web.entries()] == [
        (Outcome.FAILED, "30003"),
        (Outcome.FAILED, ""),
    ]


def test_a_stop_of_the_recipient_is_told_from_other_failures(web: Web) -> None:
    """Accepted first, stopped later: error 21610 is the recipient's own wish."""
    failed = {**DELIVERED, "MessageStatus": "undelivered", "ErrorCode": "21610"}
    assert web.post(TOKENS.make(1, 1), failed) == 204
    assert web.post(TOKENS.make(1, 2), {**failed, "ErrorCode": "30003"}) == 204
    assert [report.is_stop for report in web.entries()] == [True, False]


def test_many_receipts_at_a_time_are_all_kept(web: Web) -> None:
    """Sixteen connections at once: every receipt is on the stream, whatever entry it went into."""
    with ThreadPoolExecutor(16) as carriers:
        answers = list(
            carriers.map(lambda n: web.post(TOKENS.make(1, n), DELIVERED), range(1, 201))
        )
    assert answers == [204] * 200
    assert sorted(report.position for report in web.entries()) == list(range(1, 201))


def test_a_receipt_that_comes_again_is_kept_again(web: Web) -> None:
    """Replays are the tables' business, not an error for the carrier."""
    assert [web.post(TOKENS.make(1, 1), DELIVERED) for _ in range(3)] == [204] * 3
    assert len(web.entries()) == 3


def test_an_unknown_token_is_counted_and_no_error(web: Web) -> None:
    """A carrier must not repeat for ever what no delivery of ours explains."""
    assert web.post("0" * 32, DELIVERED) == 204
    assert web.post("nonsense", DELIVERED) == 204
    assert web.entries() == []
    assert web.tally("unknown_token") == 2


@pytest.mark.parametrize(
    "change", [{"MessageStatus": "dreaming"}, {"MessageSid": ""}, {"MessageSid": "a" * 65}]
)
def test_a_signed_riddle_is_counted_and_no_error(web: Web, change: dict[str, str]) -> None:
    """A status of tomorrow is not put where it could break the drain."""
    assert web.post(TOKENS.make(1, 1), {**DELIVERED, **change}) == 204
    assert web.entries() == []
    assert web.tally("unreadable") == 1


def test_nobody_else_can_sign(web: Web) -> None:
    """Wrong key, no signature, a changed field, another delivery's address: 403, nothing kept."""
    token = TOKENS.make(1, 1)
    path = f"/twilio/messages/status/{token}"
    body = urlencode(DELIVERED).encode()
    good = sign(PUBLIC_URL + path, DELIVERED.items(), AUTH_TOKEN)
    other = f"/twilio/messages/status/{TOKENS.make(1, 2)}"
    assert web.post(token, DELIVERED, key="guessed") == 403
    assert web.ask(path, body)[0] == 403
    assert web.ask(path, body, X_Twilio_Signature="")[0] == 403
    assert web.ask(path, body + b"&x=1", X_Twilio_Signature=good)[0] == 403
    assert web.ask(other, body, X_Twilio_Signature=good)[0] == 403
    assert web.ask(f"{path}?x=1", body, X_Twilio_Signature=good)[0] == 403
    assert web.ask(path, body, X_Twilio_Signature=good)[0] == 204
    assert len(web.entries()) == 1


def test_only_posted_forms_of_a_sane_size_are_looked_at(web: Web) -> None:
    """GET, JSON and bodies beyond 64 KiB are refused before anything is computed."""
    path = f"/twilio/messages/status/{TOKENS.make(1, 1)}"
    assert web.ask(path, method="GET")[0] == 405
    assert web.ask(path, b"{}", Content_Type="application/json")[0] == 415
    assert web.ask(path, b"a=" + b"x" * 65_536)[0] == 413
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (70_000, b"x" * 70_000)
    assert web.ask(path, chunked, Transfer_Encoding="chunked")[0] in {400, 413}
    assert web.entries() == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=300),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f")),
    st.text(st.sampled_from("abc0129/%?#.-é "), max_size=60),
)
def test_no_bytes_whatever_break_the_door(
    web: Web, body: bytes, signature: str, token: str
) -> None:
    """Binary bodies, odd headers, odd addresses: always 403, never 500, never kept."""
    path = "/twilio/messages/status/" + token.encode("ascii", "ignore").decode().replace(" ", "")
    status, _ = web.ask(path, body, X_Twilio_Signature=signature)
    assert status == 403
    assert web.entries() == []


def test_letters_of_every_language_are_signed_and_kept(web: Web) -> None:
    """Vietnamese and Chinese in a field that Twilio may add tomorrow."""
    assert web.post(TOKENS.make(1, 1), {**DELIVERED, "Mới": "Lạng Sơn 谅山 🦠"}) == 204
    assert len(web.entries()) == 1


def test_no_number_is_in_the_log(web: Web) -> None:
    """Whatever came through this door, the web process wrote no number down."""
    web.post(TOKENS.make(1, 1), DELIVERED)
    web.post(TOKENS.make(1, 1), DELIVERED, key="guessed")
    assert "961234567" not in web.log.read_text()


def test_the_process_says_that_it_is_well(web: Web) -> None:
    """Machines may ask without a key."""
    assert web.ask("/healthz", method="GET") == (200, b'{"status":"ok"}\n')


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/no", "GET", 404), ("/healthz", "POST", 405)]
)
def test_other_pages_refuse_in_plain_problems(
    web: Web, path: str, method: str, status: int
) -> None:
    """No stack trace, no page of a framework: a short problem in JSON."""
    said, body = web.ask(path, method=method)
    assert said == status
    assert json.loads(body)["status"] == status


def test_without_a_queue_receipts_go_straight_into_the_tables(
    tmp_path: Path, fresh_database: str
) -> None:
    """The queue server is away: the receipt is in the tables by the time it is answered."""
    nobody = f"redis://127.0.0.1:{free_port()}"
    tokens = [*(TOKENS.make(5, position) for position in (0, 1, 2, 1)), "nonsense"]
    with (
        a_web(tmp_path, nobody, database_url=fresh_database) as web,
        ThreadPoolExecutor(len(tokens)) as carriers,
    ):
        answers = list(carriers.map(lambda token: web.post(token, DELIVERED), tokens))
    assert answers == [204] * len(tokens)
    engine = open_engine(fresh_database)
    with Session(engine) as session:
        kept = session.execute(
            select(Receipt.broadcast_id, Receipt.position, Receipt.outcome)
        ).all()
    engine.dispose()
    assert sorted(tuple(row) for row in kept) == [(5, n, Outcome.HANDSET) for n in range(3)]


def test_a_receipt_that_nobody_can_keep_is_asked_for_again(tmp_path: Path) -> None:
    """Neither queue nor tables: 503, so that the carrier comes back, and no number in the log."""
    nobody = f"redis://127.0.0.1:{free_port()}"
    with a_web(tmp_path, nobody) as web:
        assert web.post(TOKENS.make(5, 1), DELIVERED) == 503
        assert web.post(TOKENS.make(5, 1), DELIVERED, key="guessed") == 403
        assert "961234567" not in web.log.read_text()


def test_sigterm_ends_the_web_gracefully(tmp_path: Path, valkey_url: str) -> None:
    """Asked to stop, it stops within seconds, with nothing left behind on its port."""
    with a_web(tmp_path, valkey_url) as web:
        assert web.post(TOKENS.make(1, 1), DELIVERED) == 204
        web.process.terminate()
        assert web.process.wait(15) == 0
        host, port = urlsplit(f"//{web.address}").hostname, urlsplit(f"//{web.address}").port
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection(str(host), port).connect()
        assert len(web.entries()) == 1

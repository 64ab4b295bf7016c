"""The carrier's HTTP in hostile and hurried hands."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.carriers import ACCOUNT_SID, AUTH_TOKEN, LoopbackCarrier, a_loopback_carrier

AUTHORIZATION = b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode())
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json".encode()
FORM = b"To=%2B84961234567&From=Loa&Body=xin+ch%C3%A0o"
HEAD = b"POST " + PATH + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + AUTHORIZATION + b"\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(FORM), FORM)
LAST = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(FORM), FORM)


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCarrier]:
    with a_loopback_carrier(tmp_path_factory.mktemp("carrier")) as carrier:
        yield carrier


def say(carrier: LoopbackCarrier, *pieces: bytes) -> bytes:
    """Send *pieces* and return all that comes until the carrier closes the connection."""
    address = urlsplit(carrier.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_requests_that_do_not_wait_are_answered_one_after_the_other(
    carrier: LoopbackCarrier,
) -> None:
    """Five requests in one packet, five answers, and the connection closes when asked to."""
    assert say(carrier, WHOLE * 4 + LAST).count(b"HTTP/1.1 201 Created") == 5


def test_a_slow_carrier_answers_hurried_requests_too(tmp_path: Path) -> None:
    """With a latency the requests of one connection wait for each other, and none is lost."""
    with a_loopback_carrier(tmp_path, "--latency-ms", "20") as carrier:
        assert say(carrier, WHOLE * 4 + LAST).count(b"HTTP/1.1 201 Created") == 5
        assert carrier.summary()["count"] == 5


def test_a_request_in_single_bytes_is_understood(carrier: LoopbackCarrier) -> None:
    """A sender on a poor line is read as any other."""
    pieces = [LAST[place : place + 1] for place in range(len(LAST))]
    assert say(carrier, *pieces).startswith(b"HTTP/1.1 201 Created")


def test_a_form_in_chunks_is_understood(carrier: LoopbackCarrier) -> None:
    """A sender that does not know the length beforehand is read as well."""
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (9, FORM[:9], len(FORM) - 9, FORM[9:])
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert say(carrier, head, chunks).startswith(b"HTTP/1.1 201 Created")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", b"400"),
        (HEAD + b"X: " + b"x" * 2**19, b"413"),
        (HEAD + b"Content-Length: 1000000000\r\n\r\n" + b"x" * 2**19, b"413"),
        (b"HEAD " + PATH + b" HTTP/1.1\r\n\r\n", b"401"),
    ],
)
def test_what_is_no_request_ends_the_connection(
    carrier: LoopbackCarrier, said: bytes, status: bytes
) -> None:
    """Rubbish, contradictions and floods are turned away, and the carrier lives on."""
    before = carrier.summary()["count"]
    try:
        answer = say(carrier, said)
    except ConnectionError:
        # Turned away before all was said.
        answer = b"HTTP/1.1 " + status
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert carrier.summary()["count"] == before

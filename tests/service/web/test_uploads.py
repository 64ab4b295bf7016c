"""Lists handed over to the real web process by slow lines, in pieces, and by too many at a time."""

import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select as rows_of
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload, read_parts
from tests.builders import a_person
from tests.service.web.test_receipts_door import SECRET, Web, a_web

ADDRESS = "/api/v1/subscribers/imports?name=list.csv"
STOP_ALL = "/api/v1/broadcasts/stop-all"
MEGABYTE = 1 << 20
SIZES = (40, MEGABYTE, 5 * MEGABYTE + 7)
CROWD = 12
_numbers = count(1)


@pytest.fixture
def key(commits: sessionmaker[Session]) -> str:
    with commits.begin() as session:
        person = a_person(session, "minh", Role.SENDER)
        return add_key(session, person, name="lists", scopes=(), now=datetime.now(UTC)).text


@pytest.fixture
def web(data_dir: Path, valkey_url: str, fresh_database: str) -> Iterator[Web]:
    with a_web(data_dir, valkey_url, database_url=fresh_database) as running:
        yield running


def begin_upload(web: Web, key: str, *headers: str, ask: str = ADDRESS) -> socket.socket:
    """Send the head of a list that is handed over, and nothing of the list."""
    host, _, port = web.address.partition(":")
    line = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"POST {ask} HTTP/1.1",
        f"Host: {web.address}",
        f"Authorization: Bearer {key}",
        f"Idempotency-Key: list-{next(_numbers)}",
        "Content-Type: text/csv",
        *headers,
    )
    line.sendall("\r\n".join((*head, "", "")).encode())
    return line


def status_of(line: socket.socket) -> tuple[int, str]:
    head = line.recv(4096).decode("latin-1")
    return int(head.split(" ", 2)[1]), head.lower()


def test_no_number_of_slow_lists_keeps_anybody_waiting(web: Web, key: str) -> None:
    """Stopping everything must work while communes on bad lines send their lists."""
    lines = [
        begin_upload(web, key, f"Content-Length: {50 * MEGABYTE}", f"X-Line: {number}")
        for number in range(CROWD)
    ]
    told: list[socket.socket] = []
    while len(told) < CROWD - 3:
        waiting = [line for line in lines if line not in told]
        answered, _, _ = select.select(waiting, [], [], 30)
        assert answered, "whoever finds every thread taken is told so"
        told += answered
    for line in told:
        status, head = status_of(line)
        assert (status, "retry-after: " in head) == (503, True)
    assert web.ask("/healthz", method="GET")[0] == 200
    stopped = web.ask(STOP_ALL, Authorization=f"Bearer {key}", Idempotency_Key="stop")
    assert stopped[0] == 200
    for line in lines:
        line.close()


def test_a_stranger_sends_no_list(web: Web) -> None:
    """Who sends is known before anything of it is read."""
    line = begin_upload(web, "guessed", f"Content-Length: {50 * MEGABYTE}")
    assert status_of(line)[0] == 401
    line.close()


def hand_over_in_chunks(web: Web, key: str, content: bytes, *, ask: str) -> int:
    """Send *content* without saying how long it is, and return the answer's status."""
    line = begin_upload(web, key, "Transfer-Encoding: chunked", ask=ask)
    with suppress(ConnectionError):
        for begin in range(0, len(content), MEGABYTE):
            piece = content[begin : begin + MEGABYTE]
            line.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        line.sendall(b"0\r\n\r\n")
    status, _ = status_of(line)
    line.close()
    return status


def test_a_list_in_chunks_is_kept_whole(web: Web, key: str, commits: sessionmaker[Session]) -> None:
    """Programs that write a list while they send it cannot say how long it will be."""
    lists = [b"phone,area\n" + b"\n" * (size - 11) for size in SIZES]
    for content in lists:
        assert hand_over_in_chunks(web, key, content, ask=ADDRESS) == 202
    with commits() as session:
        kept = [
            b"".join(read_parts(session, upload, sealer=Sealer(SECRET.encode())))
            for upload in session.scalars(rows_of(Upload).order_by(Upload.id))
        ]
    assert kept == lists


def test_chunks_have_the_same_bounds(web: Web, key: str) -> None:
    """What is too long is refused; its beginning is not taken for all of it."""
    too_long = b"x" * (2 * MEGABYTE)
    assert hand_over_in_chunks(web, key, too_long, ask=STOP_ALL) == 413

"""Lists handed over to the real web process by slow lines, in pieces, and by too many at a time."""

import select
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.people import Role
from tests.builders import a_person
from tests.service.web.test_receipts_door import Web, a_web

ADDRESS = "/api/v1/subscribers/imports?name=list.csv"
MEGABYTE = 1 << 20
CROWD = 12


@pytest.fixture
def key(own_engine: Engine, commits: sessionmaker[Session]) -> str:
    with commits.begin() as session:
        person = a_person(session, "minh", Role.SENDER)
        return add_key(session, person, name="lists", scopes=(), now=datetime.now(UTC)).text


@pytest.fixture
def web(data_dir: Path, valkey_url: str, fresh_database: str) -> Iterator[Web]:
    with a_web(data_dir, valkey_url, database_url=fresh_database) as running:
        yield running


def begin_upload(web: Web, key: str, *headers: str) -> socket.socket:
    """Send the head of a list that is handed over, and nothing of the list."""
    host, _, port = web.address.partition(":")
    line = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"POST {ADDRESS} HTTP/1.1",
        f"Host: {web.address}",
        f"Authorization: Bearer {key}",
        "Idempotency-Key: one",
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
    headers = {"Authorization": f"Bearer {key}", "Idempotency_Key": "stop"}
    assert web.ask("/api/v1/broadcasts/stop-all", **headers)[0] == 200
    for line in lines:
        line.close()


def test_a_stranger_sends_no_list(web: Web) -> None:
    """Who sends is known before anything of it is read."""
    line = begin_upload(web, "guessed", f"Content-Length: {50 * MEGABYTE}")
    assert status_of(line)[0] == 401
    line.close()

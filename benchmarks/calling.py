"""The hotline's turns with their state in PostgreSQL, beside a view that keeps no state at all.

Ours checks the signature, reads the call, thinks the turn out and keeps it; the peer checks the
signature with Twilio's RequestValidator and builds one menu with VoiceResponse, on the server it
is fastest on. Both are asked in turns within each run. Calls ring, press keys and wait, as people
do; every request is signed beforehand, so that the client costs little.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import repeat
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from benchmarks.calling_peer import PATH, TOKEN, URL
from benchmarks.clients import Connection, a_server, percentile
from benchmarks.databases import fresh_database
from benchmarks.naive import SECRET
from benchmarks.sending import a_machine
from campaigns.broadcasts.controls import get_broadcast
from campaigns.people import Role, add_person
from hotline.answers.versions import approve_answers
from hotline.loading import load_set, read_set, shipped_files
from service.database import open_engine, open_sessions, reading
from service.demonstration import prepare_sample, send_sample
from service.ports import free_port
from service.twilio.signatures import sign

RATE_PER_S = 1000
# What 200 people on the phone at once ask for together, who press a key every four seconds.
USUAL_RATE_PER_S = 50
OPEN_S = 5.0
CLOSED_S = 4.0
WARM_S = 1.0
CALLS_AT_ONCE = 200
IN_FLIGHT = 32
WORKERS = 2
# Vietnamese, vaccination, its first menu, its first answer, once more, back.
KEYS = ("1", "1", "1", "1", "*", "#")
MOST_CALLS = 12_000
TEXTS_MEANWHILE = 60_000
_APPROVED_AT = datetime(2020, 1, 1, tzinfo=UTC)
_SECRET = "a secret that opens only benchmarks, and nothing else"  # noqa: S105 - of no value


def a_call(url: str, number: int, *, secret: str) -> list[bytes]:
    """Return one call's requests in order, each as the bytes that are sent."""
    host = url.removeprefix("http://")
    about = {
        "CallSid": f"CA{os.getpid():08x}{number:024x}",
        "From": f"+8496{number % 10_000_000:07d}",
        "To": "+842053800000",
    }
    return [
        a_request(url, host, "/twilio/voice", about, secret=secret),
        *(
            a_request(
                url, host, f"/twilio/voice/turns/{turn}", about | {"Digits": key}, secret=secret
            )
            for turn, key in enumerate(KEYS, start=1)
        ),
    ]


def a_request(url: str, host: str, path: str, form: dict[str, str], *, secret: str) -> bytes:
    body = urlencode(form)
    signature = sign(url + path, form.items(), secret)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        f"{body}"
    ).encode()


def calls_to(url: str, *, secret: str) -> Iterator[list[bytes]]:
    return iter([a_call(url, number, secret=secret) for number in range(MOST_CALLS)])


async def take_turn(connection: Connection, request: bytes) -> None:
    """Ask for one turn; raise RuntimeError where the answer asks for no key."""
    body = await connection.ask(request)
    if b"<Gather" not in body:
        raise RuntimeError(f"a turn was answered with {body[:200]!r}")


async def closed_loop(
    port: int, requests: Iterator[list[bytes]], *, seconds: float = CLOSED_S
) -> float:
    """Ask IN_FLIGHT at a time for *seconds*; return answers a second."""
    until = time.perf_counter() + seconds
    answered = 0

    async def ring() -> None:
        nonlocal answered
        connection = Connection(port)
        while time.perf_counter() < until:
            for request in next(requests):
                await take_turn(connection, request)
                answered += 1

    begun = time.perf_counter()
    await asyncio.gather(*(ring() for _ in range(IN_FLIGHT)))
    return answered / (time.perf_counter() - begun)


async def open_loop(
    port: int, requests: Iterator[list[bytes]], *, rate: float = RATE_PER_S
) -> list[float]:
    """Ask *rate* a second at random moments; return, sorted, milliseconds from when each was due.

    CALLS_AT_ONCE calls are under way; each due moment is the next turn of one of them.
    """
    chance = random.Random(7)
    idle: asyncio.Queue[tuple[Connection, Iterator[bytes]]] = asyncio.Queue()
    for _ in range(CALLS_AT_ONCE):
        idle.put_nowait((Connection(port), iter(next(requests))))
    took: list[float] = []

    async def turn(due: float, connection: Connection, left: Iterator[bytes]) -> None:
        request = next(left, None)
        if request is None:
            left = iter(next(requests))
            request = next(left)
        await take_turn(connection, request)
        took.append((time.perf_counter() - due) * 1000)
        idle.put_nowait((connection, left))

    due = begun = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as group:
        while due < begun + OPEN_S:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(turn(due, *await idle.get()))
            due += chance.expovariate(rate)
    return sorted(took)


def measure(*, postgresql: str, runs: int) -> dict[str, Any]:
    """Return the medians of every figure over *runs*, and the runs themselves."""
    found: list[dict[str, float]] = []
    for _ in range(runs):
        with (
            fresh_database("postgresql", postgresql) as database,
            TemporaryDirectory() as directory,
        ):
            prepare(database)
            with a_web(database, directory) as port, a_peer() as peer_port:
                found.append(asyncio.run(run_once(port, peer_port)))
    for run in found:
        run.update(during_broadcast(postgresql))
    medians = {name: statistics.median(run[name] for run in found) for name in found[0]}
    return medians | {"runs": found}


async def run_once(port: int, peer_port: int) -> dict[str, float]:
    ready = calls_to(f"http://127.0.0.1:{port}", secret=_SECRET)
    peer = repeat([a_peer_request(peer_port)])
    await closed_loop(port, ready, seconds=WARM_S)
    await closed_loop(peer_port, peer, seconds=WARM_S)
    took = await open_loop(port, ready)
    ours, theirs = [], []
    for _ in range(2):
        ours.append(await closed_loop(port, ready))
        theirs.append(await closed_loop(peer_port, peer))
    return {
        "p50_ms": took[len(took) // 2],
        "p99_ms": p99(took),
        "turns_per_s": statistics.mean(ours),
        "peer_per_s": statistics.mean(theirs),
    }


def during_broadcast(postgresql: str) -> dict[str, float]:
    """Return 99th percentiles in ms while the same machine, its web too, sends a broadcast."""
    with fresh_database("postgresql", postgresql) as url, a_machine(url) as machine:
        sample = prepare_sample(machine.resources, TEXTS_MEANWHILE, say=lambda _: None)
        ready = calls_to(machine.web_url, secret=SECRET)
        broadcast = send_sample(machine.resources, sample, say=lambda _: None)
        port = int(machine.web_url.rpartition(":")[2])
        # The answers were approved a moment ago, and are read again at the first turn.
        asyncio.run(closed_loop(port, ready, seconds=WARM_S))
        usual = asyncio.run(open_loop(port, ready, rate=USUAL_RATE_PER_S))
        many = asyncio.run(open_loop(port, ready))
        with reading(machine.resources.sessions) as session:
            if get_broadcast(session, broadcast).is_over:
                raise RuntimeError("the broadcast was over before the calls were")
    return {"p99_during_broadcast_ms": p99(many), "usual_p99_during_broadcast_ms": p99(usual)}


def p99(took: list[float]) -> float:
    return percentile(took, 0.99)


def a_peer_request(port: int) -> bytes:
    url = f"http://127.0.0.1:{port}"
    form = {"CallSid": "CA1", "From": "+84960000001", "To": "+842053800000", "Digits": "1"}
    return a_request(url, url.removeprefix("http://"), PATH, form, secret=_SECRET)


def prepare(database: str) -> None:
    """Load the shipped hotline with every answer approved."""
    engine = open_engine(database)
    with open_sessions(engine).begin() as session:
        found = read_set(shipped_files())
        load_set(session, found, author="tacgia", now=_APPROVED_AT)
        roles = (Role.HEALTH_DATA_OWNER, Role.CONTENT_APPROVER)
        person = add_person(
            session, "duyet", name="duyet", agency="", roles=roles, now=_APPROVED_AT
        )
        approve_answers(session, found.answers, person=person, now=_APPROVED_AT)
    engine.dispose()


@contextmanager
def a_web(database: str, directory: str) -> Iterator[int]:
    """Run our web on *database* as WORKERS processes; yield its port."""
    port = free_port()
    settings = {
        "LOA_DATABASE_URL": database,
        "LOA_DATA_DIR": directory,
        "LOA_REDIS_URL": "redis://127.0.0.1:1",
        "LOA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOA_SECRET_KEY": _SECRET,
        "LOA_SEAL_KEY": _SECRET,
        "LOA_LOOPBACK_ACCOUNT_SID": "AC" + "0" * 32,
        "LOA_LOOPBACK_AUTH_TOKEN": _SECRET,
    }
    command = ["-m", "service", "web", "--port", str(port), "--workers", str(WORKERS)]
    with a_server(command, settings, port):
        yield port


@contextmanager
def a_peer() -> Iterator[int]:
    """Run the peer as WORKERS processes; yield its port."""
    port = free_port()
    settings = {TOKEN: _SECRET, URL: f"http://127.0.0.1:{port}"}
    with a_server(["-m", "benchmarks.calling_peer", str(port), str(WORKERS)], settings, port):
        yield port

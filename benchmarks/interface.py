"""The operators' interface: lists and progress while a million texts are being sent.

Ours is the web as it runs everywhere, with keys, permissions, limits, headers and the log; the
peer is plain Flask and SQLAlchemy on the same tables. Eight programs with keys of their own ask
one address after the other over kept-alive connections, and take gzip as ordinary clients do.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.clients import Connection, a_server, percentile
from benchmarks.databases import fresh_database
from benchmarks.interface_peer import DATABASE
from benchmarks.interface_rows import being_sent, fill
from benchmarks.naive import SECRET
from campaigns.sealing import Sealer
from service.database import open_engine
from service.embedded.valkey import running_valkey
from service.ports import free_port

CAMPAIGNS = 1000
WORKERS = 2
ROUNDS_S = 6.0
EACH_S = 1.5
WARM_S = 6.0
# The peer needs seconds for one round; it is asked for as long as a few of them take.
PEER_S = 15.0
# A thousand a second for each program: more than all of them ask together here.
A_MINUTE = "60000"
PATHS = (
    "/campaigns",
    "/areas",
    "/broadcasts",
    "/broadcasts/{number}",
    "/broadcasts/{number}/ledger",
    "/broadcasts/{number}/communes",
    "/subscribers/counts",
    "/people",
    "/audit",
    "/hotline/tickets",
    "/hotline/answers",
    "/subscribers/imports",
    "/figures",
)

Found = dict[str, Any]


def measure(rows: int, *, postgresql: str, runs: int) -> Found:
    """Return requests/s and the 95th percentile in ms: of all in turns, of each, of the peer's."""
    with fresh_database("postgresql", postgresql) as database:
        engine = open_engine(database)
        broadcast, keys = fill(engine, rows, CAMPAIGNS, sealer=Sealer(SECRET.encode()))
        engine.dispose()
        with (
            a_web(database) as port,
            a_peer(database) as peer_port,
            being_sent(database, broadcast),
        ):
            done = [
                asyncio.run(run_once(port, peer_port, broadcast=broadcast, keys=keys))
                for _ in range(runs)
            ]
    return {
        "all": _median([run["all"] for run in done]),
        "peer": _median([run["peer"] for run in done]),
        "each": {path: _median([run["each"][path] for run in done]) for path in PATHS},
    }


async def run_once(port: int, peer_port: int, *, broadcast: int, keys: Sequence[str]) -> Found:
    """Ask ours and the peer for everything in turns, and ours for each address alone."""
    asked = [requests_of(key, PATHS, broadcast) for key in keys]
    await ask_for(WARM_S, port, asked)
    everything = await ask_for(ROUNDS_S, port, asked)
    peer = await ask_for(PEER_S, peer_port, asked)
    each = {}
    for path in PATHS:
        alone = [requests_of(key, [path], broadcast) for key in keys]
        # Once each before: what is kept for half a minute may just have grown old.
        await ask_for(0, port, alone)
        each[path] = await ask_for(EACH_S, port, alone)
    return {"all": everything, "peer": peer, "each": each}


def requests_of(key: str, paths: Sequence[str], broadcast: int) -> list[bytes]:
    """Return what the program with *key* asks, as the bytes that are sent."""
    return [
        (
            f"GET /api/v1{path.format(number=broadcast)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {key}\r\nAccept: application/json\r\n"
            "Accept-Encoding: gzip, deflate\r\n\r\n"
        ).encode()
        for path in paths
    ]


async def ask_for(seconds: float, port: int, programs: Sequence[list[bytes]]) -> dict[str, float]:
    """Let every program ask its requests in turns for *seconds*; each begins with another one."""
    until = time.perf_counter() + seconds
    took: list[float] = []

    async def run(begin: int, requests: list[bytes]) -> None:
        connection = Connection(port)
        for request in islice(cycle(requests), begin, None):
            begun = time.perf_counter()
            await connection.ask(request)
            ended = time.perf_counter()
            took.append((ended - begun) * 1000)
            if ended > until:
                return

    begun = time.perf_counter()
    await asyncio.gather(*(run(number * 5, asked) for number, asked in enumerate(programs)))
    rate = len(took) / (time.perf_counter() - begun)
    return {"per_s": rate, "p95_ms": percentile(sorted(took), 0.95)}


@contextmanager
def a_web(database: str, *, workers: int = WORKERS) -> Iterator[int]:
    """Run our web on *database* with a queue server for its limits; yield its port."""
    port = free_port()
    with (
        TemporaryDirectory(prefix="loa-bench-") as directory,
        running_valkey(Path(directory)) as queue,
    ):
        settings = {
            "LOA_DATABASE_URL": database,
            "LOA_DATA_DIR": directory,
            "LOA_REDIS_URL": queue,
            "LOA_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "LOA_SECRET_KEY": SECRET,
            "LOA_SEAL_KEY": SECRET,
            "LOA_LOOPBACK_ACCOUNT_SID": "AC" + "0" * 32,
            "LOA_LOOPBACK_AUTH_TOKEN": SECRET,
            "LOA_API_RATE": A_MINUTE,
        }
        command = ["-m", "service", "web", "--port", str(port), "--workers", str(workers)]
        with a_server(command, settings, port):
            yield port


@contextmanager
def a_peer(database: str) -> Iterator[int]:
    """Run the peer as as many processes; yield its port."""
    port = free_port()
    command = ["-m", "benchmarks.interface_peer", str(port), str(WORKERS)]
    with a_server(command, dict(os.environ) | {DATABASE: database}, port):
        yield port


def median_of(runs: Sequence[float]) -> float:
    return round(statistics.median(runs), 1)


def _median(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: median_of([run[name] for run in runs]) for name in runs[0]}

"""Sending end to end, receipts included, beside the pattern everybody begins with.

Ours: workers, web, queue, PostgreSQL or SQLite, and the carrier on this machine, which posts two
signed receipts for each text; measured from the launch until the last receipt is in the tables.
The peer: one RQ job for each text, sent with Twilio's SDK by a SimpleWorker to the same carrier,
without a database and without receipts, so it does less.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from benchmarks.databases import fresh_database
from campaigns.broadcasts.ledger import draw_ledger
from service.database import reading
from service.demonstration import prepare_sample, send_sample
from service.embedded.valkey import running_valkey
from service.machine import Machine, Wishes, running_machine
from service.queue_server import open_redis
from service.settings import load_settings

PEER_TEXTS = 1000
_SECRET = "a secret that opens only benchmarks, and nothing else"  # noqa: S105 - of no value
_ACCOUNT = "AC" + "0" * 32
_LOOK_EVERY_S = 0.1


def measure(texts: int, *, postgresql: str | None, runs: int) -> dict[str, Any]:
    """Return texts a second from launch to the last receipt, and the peer's, for each database."""
    measured: dict[str, Any] = {}
    for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
        ours, peers = [], []
        for _ in range(runs):
            with fresh_database(kind, postgresql) as url, a_machine(url) as machine:
                ours.append(send_everything(machine, texts))
                peers.append(send_one_by_one(machine, PEER_TEXTS))
        rate, peer = statistics.median(ours), statistics.median(peers)
        measured[kind] = {
            "texts_per_s": round(rate),
            "peer_texts_per_s": round(peer),
            "ratio": round(rate / peer, 1),
            "runs": [round(each) for each in ours],
            "peer_runs": [round(each) for each in peers],
        }
    return measured


@contextmanager
def a_machine(database_url: str) -> Iterator[Machine]:
    """Run every process of Loa on *database_url* in a directory of its own."""
    with TemporaryDirectory(prefix="loa-bench-") as directory:
        os.environ |= {
            "LOA_DATABASE_URL": database_url,
            "LOA_DATA_DIR": directory,
            "LOA_SECRET_KEY": _SECRET,
            "LOA_SEAL_KEY": _SECRET,
            "LOA_LOOPBACK_ACCOUNT_SID": _ACCOUNT,
            "LOA_LOOPBACK_AUTH_TOKEN": _SECRET,
            "LOA_LANES": "twilio=100000",
        }
        with running_machine(load_settings(), Wishes(port=0, carrier_port=0)) as machine:
            yield machine


def send_everything(machine: Machine, texts: int) -> float:
    """Broadcast to *texts* people; return texts a second until every receipt is taken in."""
    resources = machine.resources
    sample = prepare_sample(resources, texts, say=lambda _: None)
    begun = time.perf_counter()
    broadcast = send_sample(resources, sample, say=lambda _: None)
    while True:
        with reading(resources.sessions) as session:
            by = draw_ledger(session, broadcast).accepted_by
        if by.handset + by.failed == texts:
            return texts / (time.perf_counter() - begun)
        machine.supervisor.tend()
        time.sleep(_LOOK_EVERY_S)


def send_one_by_one(machine: Machine, texts: int) -> float:
    """Queue one job for each text and let a SimpleWorker send them; return texts a second."""
    os.environ["LOA_BENCH_CARRIER"] = machine.carrier_url or ""
    with (
        TemporaryDirectory(prefix="loa-bench-") as directory,
        running_valkey(Path(directory)) as url,
    ):
        redis = open_redis(url)
        queue = Queue("naive", connection=redis, serializer=JSONSerializer)
        for number in range(texts):
            queue.enqueue(send_one, f"+8497{number:07d}", "Lạng Sơn: Thực hiện 5K.")
        worker = SimpleWorker([queue], connection=redis, serializer=JSONSerializer)
        begun = time.perf_counter()
        worker.work(burst=True, logging_level="WARNING")
        return texts / (time.perf_counter() - begun)


def send_one(to: str, body: str) -> str:
    """Send one text as the SDK's own documentation shows it."""
    sent = _client().messages.create(to=to, from_="Loa", body=body)
    return str(sent.sid)


class _Local(TwilioHttpClient):
    """Speaks to the carrier on this machine instead of to Twilio's."""

    def request(  # type: ignore[override]  # the rest is handed on as it came
        self, method: str, uri: str, *args: Any, **kwargs: Any
    ) -> Any:
        here = urlsplit(os.environ["LOA_BENCH_CARRIER"])
        return super().request(
            method, urlunsplit((here.scheme, here.netloc, *urlsplit(uri)[2:])), *args, **kwargs
        )


_clients: list[Client] = []


def _client() -> Client:
    if not _clients:
        client = Client(_ACCOUNT, _SECRET, http_client=_Local())  # type: ignore[no-untyped-call]
        _clients.append(client)
    return _clients[0]

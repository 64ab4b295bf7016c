"""Sending end to end, receipts included, beside the pattern everybody begins with.

Ours: workers, web, queue, PostgreSQL or SQLite, and the carrier on this machine, which posts two
signed receipts for each text; measured from the launch until the last receipt is in the tables,
without partners, and with one for each network, until each of them was told of all of its texts.
The peers send one text a job, to the same carrier: one without a database and without receipts, so
it does less; the other with both, until its last receipt is in a table of the same database.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from benchmarks.databases import fresh_database
from benchmarks.naive import ACCOUNT, SECRET, send_and_hear, send_one_by_one
from campaigns.deliveries import Delivery
from campaigns.gateway import Outcome
from campaigns.partners.accounts import add_partner
from campaigns.phones import known_carriers
from service.database import reading
from service.demonstration import prepare_sample, send_sample
from service.machine import Machine, Wishes, running_machine
from service.settings import load_settings

PEER_TEXTS = 1000
_LOOK_EVERY_S = 0.05


def measure(texts: int, *, postgresql: str | None, runs: int) -> dict[str, Any]:
    """Return texts a second, also with partners, and both peers', by database."""
    measured: dict[str, Any] = {}
    for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
        ours, telling, senders, hearers = [], [], [], []
        for _ in range(runs):
            with fresh_database(kind, postgresql) as url, a_machine(url) as machine:
                add_partners(machine)
                telling.append(send_everything(machine, texts))
            with fresh_database(kind, postgresql) as url, a_machine(url) as machine:
                carrier_url = machine.carrier_url or ""
                ours.append(send_everything(machine, texts))
                senders.append(send_one_by_one(PEER_TEXTS, carrier_url=carrier_url))
                hearers.append(send_and_hear(PEER_TEXTS, carrier_url=carrier_url, database_url=url))
        rate = statistics.median(ours)
        sender, hearer = statistics.median(senders), statistics.median(hearers)
        measured[kind] = {
            "texts_per_s": round(rate),
            "telling_texts_per_s": round(statistics.median(telling)),
            "sending_peer_texts_per_s": round(sender),
            "sending_ratio": round(rate / sender, 1),
            "hearing_peer_texts_per_s": round(hearer),
            "hearing_ratio": round(rate / hearer, 1),
            "runs": [round(each) for each in ours],
        }
    return measured


@contextmanager
def a_machine(database_url: str) -> Iterator[Machine]:
    """Run every process of Loa on *database_url* in a directory of its own."""
    with TemporaryDirectory(prefix="loa-bench-") as directory:
        os.environ |= {
            "LOA_DATABASE_URL": database_url,
            "LOA_DATA_DIR": directory,
            "LOA_SECRET_KEY": SECRET,
            "LOA_SEAL_KEY": SECRET,
            "LOA_LOOPBACK_ACCOUNT_SID": ACCOUNT,
            "LOA_LOOPBACK_AUTH_TOKEN": SECRET,
            "LOA_LANES": "twilio=100000",
        }
        with running_machine(load_settings(), Wishes(port=0, carrier_port=0)) as machine:
            yield machine


def add_partners(machine: Machine) -> None:
    """Let a partner join for each network, each of whom is told of every step of its texts."""
    resources = machine.resources
    with resources.sessions.begin() as session:
        for carrier in sorted(known_carriers()):
            add_partner(session, f"{carrier}-ls", carriers=[carrier], now=resources.now())


def send_everything(machine: Machine, texts: int) -> float:
    """Broadcast to *texts* people; return texts a second until every receipt is taken in."""
    resources = machine.resources
    sample = prepare_sample(resources, texts, say=lambda _: None)
    begun = time.perf_counter()
    broadcast = send_sample(resources, sample, say=lambda _: None)
    # The last in line are settled last, so asking costs little until they are.
    undecided = (
        select(Delivery.position)
        .where(
            Delivery.broadcast_id == broadcast,
            Delivery.outcome.not_in([Outcome.HANDSET, Outcome.FAILED]),
        )
        .order_by(Delivery.position.desc())
        .limit(1)
    )
    while True:
        with reading(resources.sessions) as session:
            if session.scalar(undecided) is None:
                return texts / (time.perf_counter() - begun)
        machine.supervisor.tend()
        time.sleep(_LOOK_EVERY_S)

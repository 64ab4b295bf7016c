"""Pushing: from a receipt on the stream until its partner has it, with others slow and dead.

Every process of Loa runs, on PostgreSQL. Receipts come in at RATE_PER_S, spread over twenty
partners' networks. Of these partners one never answers and one answers after five seconds; the
figure is how long the slowest entry took to any of the others.
"""

import os
import statistics
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from benchmarks.databases import fresh_database
from benchmarks.sending import a_machine
from campaigns.areas import Area
from campaigns.broadcasts.receiving import CarrierReport
from campaigns.deliveries import BroadcastState, BroadcastText, Delivery, DeliveryState
from campaigns.gateway import Outcome
from campaigns.partners.endpoints import draw_push_secret, push_to
from campaigns.partners.models import Partner, PartnerCarrier
from campaigns.subscribers.models import Subscriber
from service.machine import Machine
from service.resources import open_queue
from tests.builders import a_broadcast, a_subscriber
from tests.fakes.partners import Answer, running_partner
from tests.fakes.partners import Partner as Program
from workers.receipts import STREAM, write_entry

PARTNERS = 20
QUICK = PARTNERS - 2
RATE_PER_S = 2_000
SECONDS = 15
_BEAT_S = 0.05
_RECEIPTS = RATE_PER_S * SECONDS
_WITHIN_S = 60.0


def measure(*, postgresql: str, runs: int) -> dict[str, Any]:
    """Return seconds from a receipt to its partner: of the slowest entry, p99 and median."""
    os.environ["LOA_PUSH_NETWORKS"] = "127.0.0.1/32"
    slowest, most, medians = [], [], []
    for _ in range(runs):
        with fresh_database("postgresql", postgresql) as url, a_machine(url) as machine:
            waits = push_everything(machine)
            slowest.append(max(waits))
            most.append(statistics.quantiles(waits, n=100)[98])
            medians.append(statistics.median(waits))
    return {
        "slowest_s": round(statistics.median(slowest), 2),
        "p99_s": round(statistics.median(most), 2),
        "median_s": round(statistics.median(medians), 2),
        "runs": [round(each, 2) for each in slowest],
    }


def push_everything(machine: Machine) -> list[float]:
    """Let receipts come in, and return how long each took to the partners that answer at once."""
    over = threading.Event()
    with ExitStack() as running:
        programs = [_a_program(number, over) for number in range(PARTNERS)]
        for program in programs:
            running.enter_context(running_partner(program))
        running.callback(over.set)
        with machine.resources.sessions.begin() as session:
            broadcast_id = _prepare(session, machine, programs)
        waits: list[float] = []
        for program in programs[2:]:
            program.heard = lambda rows: waits.extend(map(_age, rows))
        _report(machine, broadcast_id)
        wanted = _RECEIPTS // PARTNERS * QUICK
        deadline = time.monotonic() + _WITHIN_S
        while len(waits) < wanted and time.monotonic() < deadline:
            machine.supervisor.tend()
            time.sleep(_BEAT_S)
        if len(waits) != wanted:
            raise RuntimeError(f"{len(waits)} of {wanted} entries were pushed")
        return list(waits)


def _a_program(number: int, over: threading.Event) -> Program:
    """Return a partner's program: the first never answers, the second after five seconds."""
    answers = {
        0: [Answer(503, hang=over, hang_s=_WITHIN_S) for _ in range(_RECEIPTS)],
        1: [Answer(hang=over, hang_s=5) for _ in range(_RECEIPTS)],
    }
    return Program("", answers.get(number, []))


def _age(row: dict[str, Any]) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(row["at"])).total_seconds()


def _prepare(session: Session, machine: Machine, programs: list[Program]) -> int:
    """Add partners with a network each, and texts that the gateway took; return the broadcast."""
    now, sealer = machine.resources.now(), machine.resources.sealer
    code = session.scalars(select(Area.code).where(Area.parent_code == "20")).first() or ""
    first = a_subscriber(session, sealer, area=code)
    broadcast = a_broadcast(session, now=now)
    # Nothing of it is to be sent: its texts are made here.
    broadcast.state = BroadcastState.PAUSED
    text = session.scalars(
        select(BroadcastText).where(BroadcastText.broadcast_id == broadcast.id)
    ).first()
    assert text is not None  # noqa: S101 - there is one
    for number, program in enumerate(programs):
        partner = Partner(name=f"p{number}", title="", created_at=now)
        session.add(partner)
        session.flush()
        earlier = now - timedelta(days=1)
        carrier = PartnerCarrier(carrier=f"c{number}", partner_id=partner.id, since=earlier)
        session.add(carrier)
        program.secret = draw_push_secret(session, partner, sealer=sealer, now=now)
        push_to(session, partner, program.url, now=now)
    people = [
        {"fingerprint": number.to_bytes(16, "big"), "sealed": None, "area_code": code}
        | {"carrier_guess": f"c{number % PARTNERS}", "created_at": now, "updated_at": now}
        for number in range(_RECEIPTS)
    ]
    session.execute(insert(Subscriber), people)
    ids = session.scalars(select(Subscriber.id).where(Subscriber.id > first.id)).all()
    texts = [
        {"broadcast_id": broadcast.id, "position": 10 + number, "subscriber_id": subscriber}
        | {"text_id": text.id, "lane": "twilio", "state": DeliveryState.ACCEPTED}
        | {"sid": f"SM{number}", "outcome": Outcome.SILENT, "claimed_at": now, "reason": ""}
        for number, subscriber in enumerate(ids)
    ]
    session.execute(insert(Delivery), texts)
    return broadcast.id


def _report(machine: Machine, broadcast_id: int) -> None:
    """Put receipts on the stream as the web does, so many a second."""
    each = round(RATE_PER_S * _BEAT_S)
    begun = time.monotonic()
    with open_queue(machine.resources.settings) as redis:
        for beat in range(_RECEIPTS // each):
            time.sleep(max(0.0, begun + beat * _BEAT_S - time.monotonic()))
            now = datetime.now(UTC)
            numbers = range(beat * each, (beat + 1) * each)
            redis.xadd(
                STREAM,
                write_entry(
                    CarrierReport(broadcast_id, 10 + one, f"SM{one}", Outcome.HANDSET, "", now)
                    for one in numbers
                ),
            )

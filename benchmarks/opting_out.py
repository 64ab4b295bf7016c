"""Opt-out to silence: from a signed STOP until nothing more can leave, while a broadcast runs.

Every process of Loa sends to a million people through the carrier on this machine, as fast as it
can. Meanwhile people who are next in line text STOP, one after the other. The carrier's own
journal says, on the same clock, when it was last handed a text of the broadcast for each of them.
"""

import asyncio
import os
import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, select

from benchmarks.calling import a_request
from benchmarks.clients import Connection
from benchmarks.databases import fresh_database
from benchmarks.launching import fill, submit_signed
from benchmarks.naive import SECRET
from benchmarks.sending import a_machine
from campaigns.broadcasts.launching import launch
from campaigns.definitions.reading import read_campaign
from campaigns.deliveries import Batch, BatchState, Broadcast, BroadcastState, Delivery
from campaigns.plans.planning import Terms
from campaigns.subscribers.models import Subscriber
from service.database import reading
from service.demonstration import CAMPAIGN
from service.machine import Machine
from service.planning import ask_for_sending
from service.resources import open_queue
from service.twilio.texts import INBOUND_PATH

WRITERS = 100
# People of the batches that are claimed within the next moments; most are spoken to or skipped
# while their STOP is on its way.
NEXT_IN_LINE = 3000
_OURS = "+842053800000"
_BEGUN_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.05
_LAST_WORDS_S = 10.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody who wrote STOP: when that was posted, and when it was answered."""

    number: str
    posted_at: float
    answered_at: float


def measure(rows: int, *, postgresql: str, runs: int) -> dict[str, Any]:
    """Return seconds from STOP to silence, the median and the worst of all, over *runs* rounds."""
    with fresh_database("postgresql", postgresql) as url:
        fill(url, rows, seal_key=SECRET.encode())
        with a_machine(url) as machine:
            broadcast_id = send(machine)
            stopped = [
                one for _ in range(runs) for one in asyncio.run(_write_stops(machine, broadcast_id))
            ]
            require_running(machine, broadcast_id)
            # Whoever was being texted then has been by now.
            time.sleep(_LAST_WORDS_S)
            texted = last_texts(Path(os.environ["LOA_DATA_DIR"]) / "carrier.ndjson")
    silences = sorted(silence(one, texted) for one in stopped)
    return {
        "median_s": statistics.median(silences),
        "worst_s": silences[-1],
        "people": len(silences),
        "texted_after": sum(texted.get(one.number, 0.0) > one.posted_at for one in stopped),
        "spared": sum(one.number not in texted for one in stopped),
    }


def silence(one: Stopped, texted: dict[str, float]) -> float:
    """Return the seconds until the stop was kept, or until the last text that left after it."""
    return max(one.answered_at, texted.get(one.number, 0.0)) - one.posted_at


def send(machine: Machine) -> int:
    """Launch the sample campaign to everybody; return its broadcast once texts leave."""
    resources = machine.resources
    settings = resources.settings
    terms = Terms(settings.lanes, settings.hotline_number, settings.segment_price_vnd)
    document = read_campaign(CAMPAIGN.read_text(encoding="utf-8"), name="campaign.yaml")
    with open_queue(settings) as redis:
        with resources.sessions.begin() as session:
            plan = submit_signed(session, document)
        with resources.sessions.begin() as session:
            launched = launch(session, session.merge(plan), terms=terms, now=datetime.now(UTC))
        ask_for_sending(redis, launched)
    until = time.monotonic() + _BEGUN_WITHIN_S
    while next_position(machine, launched.broadcast.id) == 1:
        if time.monotonic() > until:
            raise RuntimeError("the broadcast did not begin")
        machine.supervisor.tend()
        time.sleep(_LOOK_EVERY_S)
    return launched.broadcast.id


async def _write_stops(machine: Machine, broadcast_id: int) -> list[Stopped]:
    """Have WRITERS people who are next in line write STOP, one after the other."""
    host = machine.web_url.removeprefix("http://")
    connection = Connection(int(host.rpartition(":")[2]))
    chance = random.Random()
    stopped = []
    for _ in range(WRITERS):
        number = next_in_line(machine, broadcast_id, chance)
        form = {
            "MessageSid": f"SM{chance.getrandbits(128):032x}",
            "From": number,
            "To": _OURS,
            "Body": "STOP",
        }
        request = a_request(machine.web_url, host, INBOUND_PATH, form, secret=SECRET)
        posted_at = time.time()
        await connection.ask(request)
        stopped.append(Stopped(number, posted_at, time.time()))
    return stopped


def next_in_line(machine: Machine, broadcast_id: int, chance: random.Random) -> str:
    """Return the number of somebody who is to be texted in a moment."""
    position = next_position(machine, broadcast_id) + chance.randrange(NEXT_IN_LINE)
    owner = (
        select(Subscriber.sealed)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.broadcast_id == broadcast_id, Delivery.position == position)
    )
    with reading(machine.resources.sessions) as session:
        return machine.resources.sealer.unseal(session.scalars(owner).one() or b"")


def next_position(machine: Machine, broadcast_id: int) -> int:
    """Return the first position that no worker has claimed yet."""
    open_batch = (Batch.broadcast_id == broadcast_id, Batch.state == BatchState.OPEN)
    with reading(machine.resources.sessions) as session:
        return session.scalar(select(func.min(Batch.first)).where(*open_batch)) or 0


def require_running(machine: Machine, broadcast_id: int) -> None:
    with reading(machine.resources.sessions) as session:
        if session.get_one(Broadcast, broadcast_id).state is not BroadcastState.RUNNING:
            raise RuntimeError("the broadcast was over before everybody had written")


def last_texts(journal: Path) -> dict[str, float]:
    """Return when the carrier was last handed a text of the broadcast, by number."""
    texted: dict[str, float] = {}
    with journal.open("rb") as lines:
        for line in lines:
            written = orjson.loads(line) if line.endswith(b"\n") else {}
            # What confirms a stop is sent from the number that was written to.
            if "to" in written and written["from"] != _OURS:
                texted[written["to"]] = max(texted.get(written["to"], 0.0), written["at"])
    return texted

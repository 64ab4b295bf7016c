"""Planning and launching for a million people, beside a loop that adds one object a person."""

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from benchmarks.databases import fresh_database
from campaigns.areas import Area
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign
from campaigns.deliveries import Delivery
from campaigns.lanes import Lane
from campaigns.levels import decide_level
from campaigns.people import Role, add_person, get_person
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.models import Plan
from campaigns.plans.planning import PlanDraft, Terms, draft_plan
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from service.database import open_engine, open_sessions
from service.demonstration import CAMPAIGN

PEER_ROWS = 50_000
TERMS = Terms((Lane("twilio", 1000),), "1800 1119", 400)
_AT_ONCE = 20_000
_SEAL_KEY = b"a seal key that opens only benchmarks"


def measure(rows: int, *, postgresql: str | None, runs: int) -> dict[str, Any]:
    """Return seconds to plan and to launch *rows*, peak megabytes, and the peer's seconds."""
    measured: dict[str, Any] = {}
    for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
        with fresh_database(kind, postgresql) as url:
            fill(url, rows)
            done = [_in_child("once", url) for _ in range(runs)]
            peer = _in_child("peer", url)
        planned = statistics.median(run["plan_seconds"] for run in done)
        launched = statistics.median(run["launch_seconds"] for run in done)
        by_loop = peer["seconds"] * rows / peer["rows"]
        measured[kind] = {
            "plan_seconds": round(planned, 2),
            "launch_seconds": round(launched, 2),
            "peak_mb": max(run["peak_mb"] for run in done),
            "deliveries": done[-1]["deliveries"],
            "peer_seconds": round(by_loop, 1),
            "ratio": round(by_loop / launched, 1),
        }
    return measured


def fill(url: str, rows: int, *, seal_key: bytes = _SEAL_KEY) -> None:
    """Put *rows* people into the communes of Lạng Sơn, with a level for each and three people."""
    chance = random.Random(20)
    engine = open_engine(url)
    sealer = Sealer(seal_key)
    now = datetime.now(UTC)
    with open_sessions(engine).begin() as session:
        codes = session.scalars(select(Area.code).where(Area.parent_code.is_not(None))).all()
        for code in codes:
            decide_level(
                session,
                code,
                level=chance.choice((1, 2, 3, 4)),
                effective_at=now,
                document="1825/QĐ-UBND",
                now=now,
            )
        for begin in range(0, rows, _AT_ONCE):
            numbers = [f"+8496{i:07d}" for i in range(begin, min(begin + _AT_ONCE, rows))]
            people = [
                {
                    "fingerprint": sealer.fingerprint(number),
                    "sealed": sealer.seal(number),
                    "area_code": chance.choice(codes),
                    "language": chance.choice(("vi",) * 30 + ("zh", "en")),
                    "carrier_guess": "viettel",
                    "created_at": now,
                    "updated_at": now,
                }
                for number in numbers
            ]
            session.execute(insert(Subscriber), people)
        _add_people(session, now)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def run_once(url: str) -> dict[str, Any]:
    """Plan, sign and launch a campaign to everybody; undo the launch at the end."""
    engine = open_engine(url)
    document = read_campaign(CAMPAIGN.read_text(encoding="utf-8"), name="campaign.yaml")
    with open_sessions(engine)() as session:
        begun = time.perf_counter()
        draft = draft_plan(session, document, terms=TERMS, now=datetime.now(UTC))
        planned = time.perf_counter()
        plan = _submit(session, draft)
        signed = time.perf_counter()
        deliveries = launch(session, plan, terms=TERMS, now=datetime.now(UTC)).deliveries
        session.flush()
        launched = time.perf_counter()
        session.rollback()
    engine.dispose()
    return {
        "plan_seconds": planned - begun,
        "launch_seconds": launched - signed,
        "deliveries": deliveries,
    }


def run_by_objects(url: str) -> dict[str, Any]:
    """Make deliveries the way everybody begins: one object for each subscriber, one commit."""
    engine = open_engine(url)
    with open_sessions(engine)() as session:
        begun = time.perf_counter()
        people = session.scalars(select(Subscriber).limit(PEER_ROWS))
        for position, person in enumerate(people, start=1):
            session.add(
                Delivery(
                    broadcast_id=1,
                    position=position,
                    subscriber_id=person.id,
                    text_id=1,
                    lane="twilio",
                )
            )
        session.flush()
        seconds = time.perf_counter() - begun
        session.rollback()
    engine.dispose()
    return {"seconds": seconds, "rows": PEER_ROWS}


def submit_signed(session: Session, document: CampaignDocument) -> Plan:
    """Return a plan of *document* with every signature it needs."""
    return _submit(session, draft_plan(session, document, terms=TERMS, now=datetime.now(UTC)))


def _submit(session: Session, draft: PlanDraft) -> Plan:
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=datetime.now(UTC))
    for login in ("duyet", "gui"):
        sign_plan(session, plan, get_person(session, login), now=datetime.now(UTC))
    return plan


def _add_people(session: Session, now: datetime) -> None:
    for login, role in (("duyet", Role.CONTENT_APPROVER), ("gui", Role.SENDER)):
        add_person(session, login, name=login, agency=login, roles=[role], now=now)


def _in_child(what: str, url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.launching", what, url]
    child = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


if __name__ == "__main__":
    found = (run_once if sys.argv[1] == "once" else run_by_objects)(sys.argv[2])
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(found))

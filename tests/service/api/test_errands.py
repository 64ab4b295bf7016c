"""Errands: what is about very many people is answered at once and done by a worker, once."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key, revoke_keys_of
from campaigns.audit import AuditEntry
from campaigns.broadcasts.controls import stop_all
from campaigns.deliveries import Broadcast, Delivery
from campaigns.errands import KEPT_FOR, MOST_ATTEMPTS, Errand, forget_errands, take_errand
from campaigns.people import Role, get_person, write_roles
from campaigns.sealing import Sealer
from service.database import reading
from service.errands import do_errand
from service.queue_server import open_redis
from service.settings import Settings
from service.web.app import create_app
from tests.builders import NOON, a_person, a_province
from tests.databases import someone_waits
from tests.fakes.processes import eventually
from tests.fakes.telephones import Clock, ClockedResources
from tests.service.api.accounts import a_member
from tests.service.api.conftest import Program
from tests.service.api.test_journey import a_campaign
from tests.service.conftest import QUICK
from workers.queues import QueueName, queue

SEAL_KEY = "a seal key that opens only tests"
# Carries out one errand, and stays where it has done everything but the commit.
DYING = """
import sys
from pathlib import Path
from redis import Redis
from sqlalchemy import event
from sqlalchemy.orm import Session
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from service.errands import do_errand
from service.settings import Settings
from tests.fakes.telephones import ClockedResources

@event.listens_for(Session, "before_commit")
def stay(session):
    print("done but for the commit", flush=True)
    sys.stdin.read()

url, data_dir, number, key = sys.argv[1:]
engine = open_engine(url)
settings = Settings.model_validate({"data_dir": data_dir})
resources = ClockedResources(settings, engine, open_sessions(engine), Sealer(key.encode()))
do_errand(resources, Redis(), int(number))
"""


@dataclass
class Office:
    """An author, two who sign, and a worker; from two people on everything is an errand."""

    resources: ClockedResources
    redis: Redis
    app: Flask

    def __post_init__(self) -> None:
        self.author = self.make("lan", Role.AUTHOR)
        self.approver = self.make("hoa", Role.CONTENT_APPROVER, agency="Ban Tuyên giáo")
        self.sender = self.make("minh", Role.SENDER)
        self.author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())

    def make(self, login: str, *roles: Role, agency: str = "Sở KH&CN") -> Program:
        with self.resources.sessions.begin() as session:
            person = a_person(session, login, *roles, agency=agency)
            key = add_key(session, person, name="test", scopes=(), now=NOON)
        return Program(self.app, login, key.text)

    def work(self) -> int:
        """Do whatever waits, as workers do; return how many errands that were."""
        done = 0
        while True:
            with self.resources.sessions.begin() as session:
                number = take_errand(session)
            if number is None:
                return done
            do_errand(self.resources, self.redis, number)
            done += 1

    def submit(self) -> Any:
        """Submit the campaign, and return the plan that a worker made."""
        errand = self.author.post("/campaigns/cap-do-3/plans", code=202)
        assert self.work() == 1
        return self.author.get(_below(self.look(self.author, errand)["result"]))

    def sign(self, plan: Any) -> None:
        for one in (self.approver, self.sender):
            digest = {"digest": plan["digest"]}
            one.post(f"/plans/{plan['plan']}/signatures", digest, code=201)

    def launch(self, plan: Any, **options: Any) -> Any:
        return self.sender.post(f"/plans/{plan['plan']}/broadcast", code=202, **options)

    def look(self, asking: Program, errand: Any, **options: Any) -> Any:
        return asking.get(_below(errand["address"]), **options)

    def count(self, table: type[Any]) -> int:
        with reading(self.resources.sessions) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


def _below(address: str) -> str:
    return address.removeprefix("/api/v1")


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with open_redis(valkey_url) as client:
        yield client


@pytest.fixture
def office(
    own_engine: Engine,
    commits: sessionmaker[Session],
    sealer: Sealer,
    *,
    data_dir: Path,
    valkey_url: str,
    clock: Clock,
    redis: Redis,
) -> Office:
    given = {"data_dir": data_dir, "redis_url": valkey_url, "errand_from": 2}
    settings = Settings.model_validate(given)
    resources = ClockedResources(settings, own_engine, commits, sealer, clock, passwords=QUICK)
    with commits.begin() as session:
        a_province(session, sealer, people=2)
    return Office(resources, redis, create_app(resources))


def test_a_plan_and_its_launch_are_done_by_a_worker_in_the_callers_name(office: Office) -> None:
    """Queued, then done, with the address of what came of it; on record as if done at once."""
    asked = office.author.post("/campaigns/cap-do-3/plans", code=202)
    assert (asked["state"], asked["result"], asked["problem"]) == ("queued", None, None)
    assert office.count(Broadcast) == 0
    assert office.work() == 1
    plan = office.author.get(_below(office.look(office.author, asked)["result"]))
    assert (plan["recipients"], plan["author"]) == (4, "lan")
    office.sign(plan)
    launching = office.launch(plan)
    assert office.count(Broadcast) == 0
    assert office.work() == 1
    done = office.look(office.sender, launching)
    assert (done["state"], done["ended_at"] is not None) == ("done", True)
    assert office.sender.get(_below(done["result"]))["plan"] == plan["plan"]
    assert office.count(Delivery) == 4
    assert queue(QueueName.SENDING, office.redis).count == 1
    with office.resources.sessions() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    found = [(one.actor, one.action) for one in entries if one.actor]
    assert found == [
        ("lan", "campaign.revised"),
        ("lan", "errand.asked"),
        ("lan", "plan.submitted"),
        ("hoa", "plan.signed"),
        ("minh", "plan.signed"),
        ("minh", "errand.asked"),
        ("minh", "broadcast.launched"),
    ]
    by = {one.action: one.source for one in entries if one.actor == "minh"}
    assert by["broadcast.launched"] == by["errand.asked"]
    assert by["broadcast.launched"].endswith("from 127.0.0.1")


def test_the_answer_names_where_to_look_and_a_repeated_request_finds_the_same(
    office: Office,
) -> None:
    """Before the work, and after it: there is one errand and one launch."""
    plan = office.submit()
    office.sign(plan)
    client = office.sender.app.test_client()
    headers = {"Authorization": f"Bearer {office.sender.key}", "Idempotency-Key": "một"}
    path = f"/api/v1/plans/{plan['plan']}/broadcast"
    answers = []
    for worked in (0, 1, 0):
        answers.append(client.post(path, headers=headers))
        assert office.work() == (1 if worked == 0 and len(answers) == 1 else 0)
    assert {one.status_code for one in answers} == {202}
    assert len({one.data for one in answers}) == 1
    assert {one.headers["Location"] for one in answers} == {answers[0].json["address"]}  # type: ignore[index]
    assert (office.count(Broadcast), office.count(Errand)) == (1, 2)


def test_what_needs_no_worker_to_be_refused_is_refused_at_once(office: Office) -> None:
    plan = office.submit()
    path = f"/plans/{plan['plan']}/broadcast"
    missing = office.sender.post(path, code=409)
    assert missing["type"] == "/api/problems/signature-missing"
    office.sign(plan)
    office.launch(plan)
    assert office.work() == 1
    assert office.sender.post(path, code=409)["type"] == "/api/problems/broadcast-frozen"
    assert office.author.post("/campaigns/khong-co/plans", code=404)
    assert office.sender.post("/plans/999/broadcast", code=404)
    assert not office.work()


def test_two_launches_that_wait_are_one_broadcast(office: Office) -> None:
    """The second hears what it would have heard at once."""
    plan = office.submit()
    office.sign(plan)
    first, second = office.launch(plan), office.launch(plan)
    assert office.work() == 2
    assert office.look(office.sender, first)["state"] == "done"
    refused = office.look(office.sender, second, headers={"Accept-Language": "vi"})
    assert refused["state"] == "failed"
    assert refused["problem"]["type"] == "/api/problems/broadcast-frozen"
    assert refused["problem"]["title"] == "Đợt phát đã qua giai đoạn có thể làm việc này"
    assert office.count(Broadcast) == 1


def test_what_is_no_longer_what_was_signed_is_refused_at_the_time_of_the_work(
    office: Office,
) -> None:
    """With the problem, and nothing of the broadcast is kept."""
    plan = office.submit()
    office.sign(plan)
    launching = office.launch(plan)
    office.author.ask(
        "PUT",
        "/campaigns/cap-do-3",
        json=a_campaign(title="Khác"),
        headers={"If-Match": f'"{office.author.get("/campaigns/cap-do-3")["digest"]}"'},
    )
    assert office.work() == 1
    found = office.look(office.sender, launching)
    assert (found["state"], found["result"]) == ("failed", None)
    assert found["problem"]["type"] == "/api/problems/plan-drifted"
    assert found["problem"]["status"] == 409
    assert "revision 2" in found["problem"]["detail"]
    assert (office.count(Broadcast), office.count(Delivery)) == (0, 0)


def _revoke_key(session: Session) -> None:
    revoke_keys_of(session, get_person(session, "minh"), now=NOON)


def _take_role(session: Session) -> None:
    get_person(session, "minh").roles = write_roles([Role.AUTHOR])


def _withdraw(session: Session) -> None:
    get_person(session, "minh").withdrawn_at = NOON


@pytest.mark.parametrize(
    ("lose", "kind"),
    [
        (_revoke_key, "unauthorized"),
        (_take_role, "not-permitted"),
        (_withdraw, "unauthorized"),
    ],
)
def test_rights_are_asked_again_when_it_is_done(
    office: Office, lose: Callable[[Session], None], kind: str
) -> None:
    """Whoever could not ask for it now has it refused, whatever they could when they asked."""
    plan = office.submit()
    office.sign(plan)
    launching = office.launch(plan)
    other = office.make("hai", Role.SENDER)
    with office.resources.sessions.begin() as session:
        lose(session)
    assert office.work() == 1
    found = office.look(other, launching)
    assert (found["state"], found["problem"]["type"]) == ("failed", f"/api/problems/{kind}")
    assert office.count(Broadcast) == 0


def test_a_session_that_has_ended_launches_nothing(office: Office, clock: Clock) -> None:
    plan = office.submit()
    office.sign(plan)
    admin = office.make("quantri", Role.ADMINISTRATOR)
    sender = a_member(admin, clock, "hai", "sender").log_in()
    launching = sender.post(f"/plans/{plan['plan']}/broadcast", code=202)
    sender.ask("DELETE", "/sessions/current")
    assert office.work() == 1
    assert office.look(office.sender, launching)["problem"]["type"] == "/api/problems/unauthorized"
    assert office.count(Broadcast) == 0


def test_whoever_stops_everything_stops_what_waits_to_be_launched(office: Office) -> None:
    plan = office.submit()
    office.sign(plan)
    launching = office.launch(plan)
    assert office.approver.post("/broadcasts/stop-all")["items"] == []
    assert office.work() == 1
    found = office.look(office.sender, launching)
    assert found["problem"]["type"] == "/api/problems/launch-withdrawn"
    assert office.count(Broadcast) == 0
    office.launch(plan)
    assert (office.work(), office.count(Broadcast)) == (1, 1)


def test_what_a_worker_just_began_with_is_stopped_too(office: Office, own_engine: Engine) -> None:
    """Held up between its look at the errand and the launch, as nobody is on SQLite."""
    if own_engine.dialect.name == "sqlite":
        return
    plan = office.submit()
    office.sign(plan)
    launching = office.launch(plan)
    with ThreadPoolExecutor(1) as pool, own_engine.connect() as between:
        between.execute(text("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE"))
        working = pool.submit(office.work)
        assert eventually(lambda: someone_waits(own_engine))
        with office.resources.sessions.begin() as session:
            assert stop_all(session, now=office.resources.now()) == []
        between.rollback()
        assert working.result(20) == 1
    found = office.look(office.sender, launching)
    assert found["problem"]["type"] == "/api/problems/launch-withdrawn"
    assert office.count(Broadcast) == 0


def test_what_ends_every_worker_is_given_up(office: Office) -> None:
    asked = office.author.post("/campaigns/cap-do-3/plans", code=202)
    for _ in range(MOST_ATTEMPTS):
        with office.resources.sessions.begin() as session:
            assert take_errand(session) == asked["errand"]
    assert office.look(office.author, asked)["state"] == "running"
    assert office.work() == 1
    found = office.look(office.author, asked)
    assert (found["state"], found["problem"]["type"]) == ("failed", "/api/problems/fault")


def test_errands_are_seen_by_whoever_could_ask_for_them(office: Office) -> None:
    asked = office.author.post("/campaigns/cap-do-3/plans", code=202)
    number = asked["errand"]
    office.sender.get(f"/plans/errands/{number}", code=403)
    missing = office.sender.get(f"/broadcasts/errands/{number}", code=404)
    assert missing["type"] == "/api/problems/unknown-errand"
    office.author.get("/plans/errands/9223372036854775807", code=404)


def test_after_a_week_an_errand_is_forgotten(office: Office) -> None:
    office.submit()
    for later, left in ((KEPT_FOR, 1), (KEPT_FOR * 2, 0)):
        with office.resources.sessions.begin() as session:
            forget_errands(session, now=NOON + later)
        assert office.count(Errand) == left


def test_a_worker_that_is_killed_neither_loses_nor_doubles_the_launch(
    fresh_database: str, office: Office, *, data_dir: Path
) -> None:
    """Killed when all is done but the commit; the next one finds it at once, without a lease."""
    plan = office.submit()
    office.sign(plan)
    launching = office.launch(plan)
    number = launching["errand"]
    with office.resources.sessions.begin() as session:
        assert take_errand(session) == number
    words = [fresh_database, str(data_dir), str(number), SEAL_KEY]
    with subprocess.Popen(
        [sys.executable, "-c", DYING, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"done but for the commit\n"
        if office.resources.engine.dialect.name == "postgresql":
            # Nobody takes it from a worker that lives; on SQLite they would wait for it.
            assert office.work() == 0
        assert office.count(Broadcast) == 0
        worker.kill()
    assert eventually(lambda: office.work() == 1)
    assert office.look(office.sender, launching)["state"] == "done"
    assert (office.count(Broadcast), office.count(Delivery)) == (1, 4)

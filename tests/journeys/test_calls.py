"""Calls in real web processes: killed between two turns, asked the same many times at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from hotline.call_records import Call, Turn
from hotline.tickets import Ticket
from service.database import open_engine, open_sessions
from service.loopback.lines import open_line
from service.loopback.telephone import Answer, Telephone
from service.loopback.twiml import Record
from service.ports import free_port
from service.twilio.signatures import sign
from tests.builders import a_phone
from tests.fakes.telephones import PUBLIC_URL, TOKEN, heard_on, put_library

AT_ONCE = 8
_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class Web:
    """One ``loa web`` of its own, with all that belongs to it."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill every process of it at once; none of them gets to say goodbye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Hotline:
    """A loaded hotline in a database, and as many web processes on it as a test starts."""

    sessions: sessionmaker[Session]
    settings: dict[str, str]
    stack: ExitStack

    def web(self) -> Web:
        return self.stack.enter_context(a_web(self.settings))

    def telephone(self, web: Web, caller: str = "anonymous") -> Telephone:
        ask = self.stack.enter_context(open_line(PUBLIC_URL, web.url))
        return Telephone(ask, PUBLIC_URL, TOKEN, caller=caller)

    def go_on(self, telephone: Telephone, web: Web) -> None:
        """Let the carrier's next request of this call reach *web*."""
        telephone.ask = self.stack.enter_context(open_line(PUBLIC_URL, web.url))

    def count(self, table: type[Call | Turn | Ticket]) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@contextmanager
def a_web(settings: dict[str, str]) -> Iterator[Web]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "web", "--port", str(port), "--json"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield Web(json.loads(process.stdout.readline())["listening"], process)
    finally:
        process.stdout.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


@pytest.fixture
def hotline(fresh_database: str, data_dir: Path) -> Iterator[Hotline]:
    engine = open_engine(fresh_database)
    sessions = open_sessions(engine)
    with sessions.begin() as session:
        put_library(session)
    settings = {
        "LOA_DATABASE_URL": fresh_database,
        "LOA_REDIS_URL": "redis://127.0.0.1:1",
        "LOA_DATA_DIR": str(data_dir),
        "LOA_PUBLIC_URL": PUBLIC_URL,
        "LOA_SECRET_KEY": "a secret for tests, of no value at all",
        "LOA_SEAL_KEY": "a seal key for tests, of no value at all",
        "LOA_LOOPBACK_ACCOUNT_SID": "AC" + "0" * 32,
        "LOA_LOOPBACK_AUTH_TOKEN": TOKEN,
    }
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        yield Hotline(sessions, settings, stack)


def test_a_web_process_killed_between_two_turns_is_not_noticed_by_the_caller(
    hotline: Hotline,
) -> None:
    """The call goes on in another process, and in one that is started anew."""
    first, second = hotline.web(), hotline.web()
    line = hotline.telephone(first, a_phone())
    line.ring()
    line.press("1")
    first.kill()

    hotline.go_on(line, second)
    line.press("1")
    assert "câu hỏi Tien" in heard_on(line)
    second.kill()

    hotline.go_on(line, hotline.web())
    line.press("1")
    assert "câu trả lời Tien" in heard_on(line)
    assert (hotline.count(Call), hotline.count(Turn)) == (1, 4)


def test_one_turn_asked_many_times_at_once_has_one_effect_and_one_reply(
    hotline: Hotline,
) -> None:
    """A carrier that is impatient asks again while we still answer, perhaps another process."""
    webs = [hotline.web(), hotline.web()]
    line = hotline.telephone(webs[0], a_phone())
    line.ring()
    line.press("1")
    line.press("4")
    assert isinstance(line.waits, Record)
    url = line.waits.action
    form = [("CallSid", line.sid), ("RecordingSid", "RE1"), ("RecordingDuration", "9")]
    headers = {"X-Twilio-Signature": sign(url, form, TOKEN)}

    def ask(number: int) -> Answer:
        with open_line(PUBLIC_URL, webs[number % 2].url) as asked:
            return asked(url, form, headers)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = set(pool.map(ask, range(AT_ONCE)))
    assert [answer.status for answer in answers] == [200]
    assert b"report_kept" in answers.pop().body
    assert (hotline.count(Ticket), hotline.count(Turn)) == (1, 4)


def test_one_call_that_rings_many_times_at_once_is_one_call(hotline: Hotline) -> None:
    webs = [hotline.web(), hotline.web()]
    url = f"{PUBLIC_URL}/twilio/voice"
    form = [("CallSid", "CA1"), ("From", a_phone())]
    headers = {"X-Twilio-Signature": sign(url, form, TOKEN)}

    def ring(number: int) -> Answer:
        with open_line(PUBLIC_URL, webs[number % 2].url) as ask:
            return ask(url, form, headers)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = set(pool.map(ring, range(AT_ONCE)))
    assert [answer.status for answer in answers] == [200]
    assert b"Xin ch" in answers.pop().body
    assert (hotline.count(Call), hotline.count(Turn)) == (1, 1)


def test_a_call_goes_on_while_a_connection_to_the_database_is_lost(hotline: Hotline) -> None:
    """A database that restarts between two turns costs one try more, and no caller."""
    web = hotline.web()
    line = hotline.telephone(web, a_phone())
    line.ring()
    line.press("1")
    with hotline.sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(_END_OTHERS)
    line.press("1")

    assert "câu hỏi Tien" in heard_on(line)

"""What everybody begins with: one RQ job for each text, without receipts and with them.

``send_one_by_one`` only sends: no database, no receipts, so it does less than we do.
``send_and_hear`` does the same work: each job sends one text with a status callback and commits
its name, and a plain Flask view checks each callback with Twilio's own validator and commits what
became of the text. It is spared what makes beginners' pages fail on SQLite: its engine is ours.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from service.database import open_engine
from service.embedded.valkey import running_valkey
from service.ports import free_port
from service.queue_server import open_redis

ACCOUNT = "AC" + "0" * 32
SECRET = "a secret that opens only benchmarks, and nothing else"  # noqa: S105 - of no value
_BODY = "Lạng Sơn: Thực hiện 5K."
_CARRIER, _DATABASE, _WEB = "LOA_BENCH_CARRIER", "LOA_BENCH_DATABASE", "LOA_BENCH_WEB"
_FINAL = frozenset({"delivered", "undelivered", "failed"})
_WEB_THREADS = 8
_LOOK_EVERY_S = 0.05
_READY_WITHIN_S = 20


class Base(DeclarativeBase):
    pass


class Sms(Base):
    """One text, as a first version keeps it."""

    __tablename__ = "naive_sms"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str]
    sid: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="", index=True)


def send_one_by_one(texts: int, *, carrier_url: str) -> float:
    """Queue one job for each text and let a SimpleWorker send them; return texts a second."""
    os.environ[_CARRIER] = carrier_url
    with _a_worker() as (queue, worker):
        for number in range(texts):
            queue.enqueue(send_one, f"+8497{number:07d}")
        begun = time.perf_counter()
        worker.work(burst=True, logging_level="WARNING")
        return texts / (time.perf_counter() - begun)


def send_and_hear(texts: int, *, carrier_url: str, database_url: str) -> float:
    """The same with rows and receipts; texts a second until the last row knows its text's fate."""
    os.environ |= {
        _CARRIER: carrier_url,
        _DATABASE: database_url,
        _WEB: f"http://127.0.0.1:{free_port()}",
    }
    _engine.cache_clear()
    Base.metadata.create_all(_engine())
    with Session(_engine()) as session, session.begin():
        rows = [Sms(to=f"+8498{number:07d}") for number in range(texts)]
        session.add_all(rows)
        session.flush()
        keys = [row.id for row in rows]
    with _a_web(), _a_worker() as (queue, worker):
        for key in keys:
            queue.enqueue(send_and_note, key)
        begun = time.perf_counter()
        worker.work(burst=True, logging_level="WARNING")
        while _count_final() < texts:
            time.sleep(_LOOK_EVERY_S)
        rate = texts / (time.perf_counter() - begun)
    _engine().dispose()
    return rate


def send_one(to: str) -> str:
    """Send one text as the SDK's own documentation shows it."""
    sent = _client().messages.create(to=to, from_="Loa", body=_BODY)
    return str(sent.sid)


def send_and_note(key: int) -> None:
    """Send one text and commit the carrier's name for it."""
    with Session(_engine()) as session:
        sms = session.get_one(Sms, key)
        sent = _client().messages.create(
            to=sms.to, from_="Loa", body=_BODY, status_callback=f"{os.environ[_WEB]}/status/{key}"
        )
        sms.sid = str(sent.sid)
        session.commit()


def create_app() -> Flask:
    """Return the page that callbacks are posted to."""
    app = Flask(__name__)
    validator = RequestValidator(SECRET)  # type: ignore[no-untyped-call]

    @app.post("/status/<int:key>")
    def hear(key: int) -> tuple[str, int]:
        url = f"{os.environ[_WEB]}/status/{key}"
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(url, request.form, signature):  # type: ignore[no-untyped-call]
            return "", 403
        with Session(_engine()) as session:
            # Two callbacks about one text may come in at the same time.
            sms = session.get_one(Sms, key, with_for_update=True)
            if sms.status not in _FINAL:
                sms.status = request.form["MessageStatus"]
            session.commit()
        return "", 204

    return app


def _count_final() -> int:
    with Session(_engine()) as session:
        return session.scalar(select(func.count(Sms.id)).where(Sms.status.in_(_FINAL))) or 0


@contextmanager
def _a_worker() -> Iterator[tuple[Queue, SimpleWorker]]:
    with (
        TemporaryDirectory(prefix="loa-bench-") as directory,
        running_valkey(Path(directory)) as url,
        open_redis(url) as redis,
    ):
        queue = Queue("naive", connection=redis, serializer=JSONSerializer)
        yield queue, SimpleWorker([queue], connection=redis, serializer=JSONSerializer)


@contextmanager
def _a_web() -> Iterator[None]:
    """Serve the page in a process of its own, on the server that serves ours."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.naive"]) as server:
        try:
            _wait_for(os.environ[_WEB])
            yield
        finally:
            server.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            with urlopen(f"{url}/static/", timeout=1):  # noqa: S310 - an address on this machine
                return
        except URLError as away:
            if not isinstance(away.reason, OSError):
                return
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_EVERY_S)


@cache
def _engine() -> Engine:
    return open_engine(os.environ[_DATABASE])


class _Local(TwilioHttpClient):
    """Speaks to the carrier on this machine instead of to Twilio's."""

    def request(  # type: ignore[override]  # the rest is handed on as it came
        self, method: str, uri: str, *args: Any, **kwargs: Any
    ) -> Any:
        here = urlsplit(os.environ[_CARRIER])
        return super().request(
            method, urlunsplit((here.scheme, here.netloc, *urlsplit(uri)[2:])), *args, **kwargs
        )


@cache
def _client() -> Client:
    return Client(ACCOUNT, SECRET, http_client=_Local())  # type: ignore[no-untyped-call]


def _serve() -> None:
    Granian(
        "benchmarks.naive:create_app",
        address="127.0.0.1",
        port=urlsplit(os.environ[_WEB]).port or 0,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=_WEB_THREADS,
        log_access=False,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    _serve()

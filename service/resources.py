"""What a process may use: opened once from the settings, closed when the process ends."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.passwords import Passwords
from campaigns.audit import Actor
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from service.embedded.valkey import queue_url
from service.queue_server import open_redis
from service.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Resources:
    """The settings, the database and the seal; *now* is the only clock a process reads."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    sealer: Sealer
    passwords: Passwords = field(default_factory=Passwords, kw_only=True)

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


@contextmanager
def open_resources(
    settings: Settings | None = None, *, actor: Actor | None = None
) -> Iterator[Resources]:
    """Open the database and the seal for *settings* (default: those of the environment).

    What is changed with them is recorded as done by *actor*, by default whoever runs the command.
    """
    settings = (settings or load_settings()).require_secrets()
    engine = open_engine(settings.database)
    try:
        yield Resources(
            settings,
            engine,
            open_sessions(engine, actor=actor or at_the_command_line()),
            Sealer(settings.seal_key.get_secret_value().encode()),
        )
    finally:
        engine.dispose()


def at_the_command_line() -> Actor:
    """Return who runs this command: LOA_USER, or the account's name, on this machine."""
    account = getpass.getuser()
    login = os.environ.get("LOA_USER") or account
    return Actor(login[:64], f"command line, account {account} on {socket.gethostname()}"[:120])


def queue_address(settings: Settings) -> str:
    """Return where the configured queue server is, or the one that `loa up` runs."""
    return settings.redis_url or queue_url(settings.data_dir)


@contextmanager
def open_queue(settings: Settings, *, waits: bool = True) -> Iterator[Redis]:
    """Open the configured queue server, or the one that `loa up` runs in the data directory.

    *waits* is as in `open_redis`; whoever looks whether all is well wants to know how it is now.
    """
    redis = open_redis(queue_address(settings), waits=waits)
    try:
        yield redis
    finally:
        redis.close()

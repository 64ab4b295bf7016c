"""The database: engines and sessions that behave the same on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from service.errors import SettingsError

READ_ONLY = "loa_read_only"
_BUSY_TIMEOUT_MS = 15_000


def open_engine(url: str) -> Engine:
    """Open an engine for *url*: ``sqlite:///...`` or ``postgresql://...``; else SettingsError.

    On SQLite a transaction begins IMMEDIATE, because a deferred one loses updates or fails at
    once when it turns from reading to writing; sessions from ``reading`` begin deferred.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    # An @ left as it is in a password makes the rest of the password a part of the host's name.
    if parsed is not None and "@" in (parsed.host or ""):
        parsed = None
    if parsed is not None and parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed is not None and parsed.get_backend_name() in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    raise SettingsError(
        "LOA_DATABASE_URL is not an address of a database Loa knows. Nothing was changed. "
        "Write postgresql://user:password@host/name, with %40 %3A %2F for @ : / in a password, or "
        "leave it empty for SQLite."
    )


def open_sessions(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)


def reading(sessions: sessionmaker[Session]) -> Session:
    """Return a session that only reads, and so never waits for a writer."""
    engine = sessions.kw["bind"]
    if isinstance(engine, Engine):
        return sessions(bind=engine.execution_options(**{READ_ONLY: True}))
    return sessions()


@contextmanager
def one_connection(sessions: sessionmaker[Session]) -> Iterator[Connection]:
    """Lend one connection, whose temporary tables outlive the transactions of `begin_on`."""
    with sessions.kw["bind"].connect() as connection:
        yield connection


def begin_on(connection: Connection, *, read_only: bool = False) -> AbstractContextManager[Session]:
    """Begin a session's transaction on *connection*, to be committed when the block ends.

    *read_only* is about what lasts: temporary tables may be filled, and on SQLite no writer
    waits meanwhile.
    """
    connection.execution_options(**{READ_ONLY: read_only})
    return sessionmaker(connection, expire_on_commit=False).begin()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling begins too late; ours is in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=FILE",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

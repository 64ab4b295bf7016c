"""The database: engines and sessions that behave the same on SQLite and on PostgreSQL."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns.audit import LOA, Actor, acting_as
from service.errors import SettingsError

READ_ONLY = "loa_read_only"
_BUSY_TIMEOUT_MS = 15_000
# libpq's settings. Without the second a server that has vanished is waited for for a quarter hour
# (postgresql.org/docs/15/libpq-connect.html).
_CONNECTING = {"connect_timeout": 10, "tcp_user_timeout": 15_000}
_RESTING_SINCE = "loa_resting_since"
_RESTED_S = 1.0
# By those that write; making them takes longer than most of what is read with them.
_READING: WeakKeyDictionary[sessionmaker[Session], sessionmaker[Session]] = WeakKeyDictionary()
_READING_ENGINES: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


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
        return _open_postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise SettingsError(
        "LOA_DATABASE_URL is not an address of a database Loa knows. Nothing was changed. "
        "Write postgresql://user:password@host/name, with %40 %3A %2F for @ : / in a password, or "
        "leave it empty for SQLite."
    )


def open_sessions(engine: Engine, *, actor: Actor = LOA) -> sessionmaker[Session]:
    """Return what makes sessions on *engine*; what they change is recorded as done by *actor*."""
    return sessionmaker(engine, expire_on_commit=False, info=acting_as(actor))


def reading(sessions: sessionmaker[Session]) -> Session:
    """Return a session that only reads, and so never waits for a writer."""
    return reading_sessions(sessions)()


def reading_sessions(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Return what makes sessions as `reading` does, for whoever needs many.

    On PostgreSQL each statement stands alone; it would see what is committed by then in a
    transaction as well, and a transaction costs two more round trips.
    """
    engine = sessions.kw["bind"]
    if not isinstance(engine, Engine):
        return sessions
    known = _READING.get(sessions)
    if known is None:
        known = _READING[sessions] = open_sessions(_reading_engine(engine))
    return known


def reading_connection(sessions: sessionmaker[Session]) -> AbstractContextManager[Connection]:
    """Lend a connection as `reading` uses it, where a session would cost more than what is read."""
    bind = reading_sessions(sessions).kw["bind"]
    return bind.connect() if isinstance(bind, Engine) else nullcontext(bind)


@contextmanager
def one_connection(sessions: sessionmaker[Session]) -> Iterator[Connection]:
    """Lend one connection, whose temporary tables outlive the transactions of `begin_on`."""
    with sessions.kw["bind"].connect() as connection:
        yield connection


def begin_on(
    connection: Connection, sessions: sessionmaker[Session], *, read_only: bool = False
) -> AbstractContextManager[Session]:
    """Begin a transaction on *connection* as *sessions* would, to be committed when the block ends.

    *read_only* is about what lasts: temporary tables may be filled, and on SQLite no writer
    waits meanwhile.
    """
    connection.execution_options(**{READ_ONLY: read_only})
    return sessionmaker(connection, expire_on_commit=False, info=sessions.kw.get("info")).begin()


def _open_postgresql(url: URL, **options: Any) -> Engine:
    engine = create_engine(url, connect_args=_CONNECTING, **options)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", partial(_ping_rested, engine.dialect))
    return engine


def _reading_engine(engine: Engine) -> Engine:
    """Return the engine of those that only read, beside *engine* and gone with it.

    On PostgreSQL it has connections of its own: changing one to and fro takes longer than most of
    what is read.
    """
    known = _READING_ENGINES.get(engine)
    if known is not None:
        return known
    if engine.dialect.name == "postgresql":
        made = _open_postgresql(engine.url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        event.listen(engine, "engine_disposed", lambda _: made.dispose())
    else:
        made = engine.execution_options(**{READ_ONLY: True})
    return _READING_ENGINES.setdefault(engine, made)


def _note_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_RESTING_SINCE] = time.monotonic()


def _ping_rested(
    dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: Any
) -> None:
    """Ask a connection that has rested whether it still works; one in use is not asked."""
    since = record.info.get(_RESTING_SINCE)
    if since is None or time.monotonic() - since < _RESTED_S:
        return
    try:
        dialect.do_ping(connection)
    except psycopg.Error as lost:
        raise DisconnectionError from lost


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

"""Single statements: the few that every turn of a call runs, sent to PostgreSQL as they are.

Each is a transaction of its own, prepared once a connection, and nothing stands between it and
libpq: SQLAlchemy's share of a turn would be larger than that of everything else together.
"""

import threading
from datetime import datetime
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql

from hotline.call_records import CallState
from hotline.calls.keeping import ADD_TURN, OPENING, TURN_AT, Found, Opening

_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_READ, _KEEP, _LOOK, _RING = b"loa_read", b"loa_keep", b"loa_look", b"loa_ring"
# A call and its first turn at once, a form that the other database has not.
_ADD_CALL_AND_TURN = (
    "WITH added AS (INSERT INTO calls (sid, fingerprint, sealed, started_at, state)"
    " VALUES ($1, $2, $3, $4, 'going') ON CONFLICT DO NOTHING RETURNING id)"
    " INSERT INTO call_turns (call_id, number, at, heard, node, topic, answer, language,"
    " area_code, visit, reply)"
    " SELECT id, 0, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM added"
    " ON CONFLICT DO NOTHING RETURNING number"
)
_RING_ORDER = "sid fingerprint sealed at heard node topic answer language area_code visit reply"


class ConnectionLostError(Exception):
    """The server has closed this thread's connection; the next statement opens another."""


class SingleStatements:
    """One connection for each thread, opened when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        """Connect to where *engine*, one of PostgreSQL, connects to."""
        url = engine.url.set(drivername="postgresql")
        self._conninfo = url.render_as_string(hide_password=False)
        self._local = threading.local()
        self._statements: dict[bytes, tuple[bytes, tuple[str, ...], dict[str, Any]]] = {}
        prepared = {_READ: TURN_AT, _KEEP: ADD_TURN["postgresql"], _LOOK: OPENING}
        for name, statement in prepared.items():
            compiled = statement.compile(dialect=_DIALECT)
            order = tuple(compiled.positiontup or ())
            self._statements[name] = (str(compiled).encode(), order, dict(compiled.params))
        self._statements[_RING] = (_ADD_CALL_AND_TURN.encode(), tuple(_RING_ORDER.split()), {})

    def find_opening(self, sid: str, fingerprint: bytes | None, *, since: datetime) -> Opening:
        """Return what is known of call *sid* and of its caller's calls begun *since*."""
        row = self._run(_LOOK, {"sid": sid, "fingerprint": fingerprint, "since": since})
        if row is None:
            raise psycopg.DatabaseError("nothing is known, not even that nothing is known")
        revision, language, area_code, listed, number, reply, visit, before, at, state = (
            None if value is None else value.decode() for value in row
        )
        return Opening(
            revision=_int(revision),
            language=language,
            area_code=area_code,
            listed=listed,
            number=_int(number),
            reply=reply,
            before_visit=visit,
            before_reply=before,
            before_at=datetime.fromisoformat(at) if at else None,
            before_state=CallState(state) if state else None,
        )

    def keep_opening(self, values: dict[str, Any]) -> bool:
        """Keep a call with its first turn; return False when another process has kept it."""
        return self._run(_RING, values) is not None

    def find_turn(self, sid: str, number: int) -> Found | None:
        """Return turn *number* of call *sid*, else the one before it."""
        row = self._run(_READ, {"sid": sid, "number": number, "before": number - 1})
        if row is None:
            return None
        at, visit, reply, call_id, fingerprint, sealed, revision = row
        return Found(
            number=int(at or b""),
            visit=(visit or b"").decode(),
            reply=(reply or b"").decode(),
            call_id=int(call_id or b""),
            fingerprint=_unhex(fingerprint),
            sealed=_unhex(sealed),
            revision=int(revision) if revision is not None else None,
        )

    def keep_turn(self, values: dict[str, Any]) -> bool:
        """Keep one turn; return False when another process has kept it already."""
        return self._run(_KEEP, values) is not None

    def _run(self, name: bytes, values: dict[str, Any]) -> list[bytes | None] | None:
        """Run a statement and return its first row, if there is one."""
        _, order, constants = self._statements[name]
        given = constants | values
        connection = self._connection()
        parameters = [_written(given[key]) for key in order]
        # The driver's own types forget that a parameter may be NULL.
        result = connection.pgconn.exec_prepared(name, parameters)  # type: ignore[arg-type]
        if result.status != ExecStatus.TUPLES_OK:
            is_lost = connection.pgconn.status != ConnStatus.OK
            connection.close()
            self._local.connection = None
            if is_lost:
                raise ConnectionLostError
            # The server's message may hold what was written.
            raise psycopg.DatabaseError(f"a statement of the hotline failed: {result.status}")
        if not result.ntuples:
            return None
        return [result.get_value(0, column) for column in range(result.nfields)]

    def _connection(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=10, client_encoding="utf8"
            )
            for name, (statement, _, _) in self._statements.items():
                result = connection.pgconn.prepare(name, statement)
                if result.status != ExecStatus.COMMAND_OK:
                    connection.close()
                    raise psycopg.DatabaseError("a statement of the hotline cannot be prepared")
            self._local.connection = connection
        return connection


def _written(value: Any) -> bytes | None:
    """Return *value* as PostgreSQL reads it."""
    match value:
        case None:
            return None
        case bytes():
            return b"\\x" + value.hex().encode()
        case datetime():
            return value.isoformat().encode()
        case _:
            return str(value).encode()


def _int(written: str | None) -> int | None:
    return None if written is None else int(written)


def _unhex(value: bytes | None) -> bytes | None:
    r"""Return what PostgreSQL writes as ``\x`` and hexadecimal digits."""
    return None if value is None else bytes.fromhex(value[2:].decode())

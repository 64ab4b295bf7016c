"""Checkups: whether an installation is sound, one finding for each thing that can be wrong."""

from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from service.database import READ_ONLY
from service.errors import SchemaError, SettingsError
from service.resources import open_queue
from service.schema import require_current
from service.settings import Settings

_SQLITE_CHECKS = {
    "PRAGMA integrity_check(1)": "ok",
    "SELECT count(*) FROM pragma_foreign_key_check": 0,
}
_POSTGRESQL_CHECKS = {
    "SELECT count(*) FROM pg_index WHERE NOT indisvalid": 0,
    "SELECT count(*) FROM pg_constraint WHERE NOT convalidated": 0,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: *said* is for the person who must mend it."""

    what: str
    ok: bool
    said: str


def examine(settings: Settings, engine: Engine) -> list[Finding]:
    """Look at the database's answer, version and soundness, and at the queue."""
    answer = _database_answers(engine)
    findings = [answer]
    if answer.ok:
        findings += [_is_current(engine), _is_sound(engine)]
    return [*findings, _queue_answers(settings)]


def _database_answers(engine: Engine) -> Finding:
    try:
        with _reading(engine) as connection:
            connection.execute(text("SELECT 1"))
    except DatabaseError as failure:
        return Finding("database", ok=False, said=_first_line(failure))
    return Finding("database", ok=True, said=f"{engine.dialect.name} answers")


def _is_current(engine: Engine) -> Finding:
    try:
        require_current(engine)
    except (SchemaError, DatabaseError) as failure:
        said = str(failure) if isinstance(failure, SchemaError) else _first_line(failure)
        return Finding("schema", ok=False, said=said)
    return Finding("schema", ok=True, said="at this version")


def _is_sound(engine: Engine) -> Finding:
    checks = _SQLITE_CHECKS if engine.dialect.name == "sqlite" else _POSTGRESQL_CHECKS
    try:
        with _reading(engine) as connection:
            wrong = [
                f"{query} says {said}"
                for query, expected in checks.items()
                if (said := connection.execute(text(query)).scalar()) != expected
            ]
    except DatabaseError as failure:
        wrong = [_first_line(failure)]
    if wrong:
        return Finding("integrity", ok=False, said=f"{wrong[0]}; restore the last good backup")
    return Finding("integrity", ok=True, said="nothing is damaged")


def _reading(engine: Engine) -> Connection:
    return engine.execution_options(**{READ_ONLY: True}).connect()


def _first_line(failure: DatabaseError) -> str:
    return (str(failure.orig).strip().splitlines() or ["no answer"])[0]


def _queue_answers(settings: Settings) -> Finding:
    try:
        with open_queue(settings) as client:
            client.ping()
    except (RedisError, SettingsError) as failure:
        if not settings.redis_url:
            return Finding("queue", ok=True, said="not running now; `loa up` starts it")
        return Finding("queue", ok=False, said=f"no answer at LOA_REDIS_URL ({failure})")
    return Finding("queue", ok=True, said="answers")

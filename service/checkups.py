"""Checkups: whether an installation is sound, one finding for each thing that can be wrong."""

from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from campaigns.audit import verify_chain
from campaigns.errors import SealBrokenError
from campaigns.partners.accounts import list_partners
from campaigns.partners.chains import first_broken
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import keeps_numbers, require_own_seal
from service.database import READ_ONLY, open_sessions, reading
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
    """Look at the database's answer, version, soundness, key and audit chain, and at the queue."""
    answer = _database_answers(engine)
    findings = [answer]
    if answer.ok:
        findings += [_is_current(engine), _is_sound(engine)]
    if all(finding.ok for finding in findings):
        findings += [find_seal(settings, engine), _is_one_chain(engine), _is_settled(engine)]
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


def find_seal(settings: Settings, engine: Engine) -> Finding:
    """Look whether the configured key opens the numbers that are kept."""
    try:
        with _session(engine) as session:
            if not keeps_numbers(session):
                return Finding("seal key", ok=True, said="no number is kept yet")
            key = settings.require_secrets().seal_key.get_secret_value().encode()
            require_own_seal(session, sealer=Sealer(key))
    except (SealBrokenError, SettingsError) as broken:
        return Finding("seal key", ok=False, said=str(broken))
    return Finding("seal key", ok=True, said="opens the numbers that are kept")


def _is_settled(engine: Engine) -> Finding:
    """Follow each partner's chain of settlements."""
    with _session(engine) as session:
        partners = list_partners(session)
        since = {one.name: first_broken(session, one) for one in partners}
    broken = [f"{name} from {day} on" for name, day in since.items() if day is not None]
    if broken:
        said = (
            f"{', '.join(broken)} are not as they were made: keep a copy of the database, and "
            "compare with the files that the partner holds"
        )
        return Finding("settlements", ok=False, said=said)
    return Finding("settlements", ok=True, said=f"of {len(partners)} partners, each one chain")


def _is_one_chain(engine: Engine) -> Finding:
    with _session(engine) as session:
        chain = verify_chain(session)
    if chain.broken_at is not None:
        said = (
            f"entry {chain.broken_at} does not follow on the one before it: somebody changed the "
            "record. Keep this database as it is, and compare it with a backup"
        )
        return Finding("audit", ok=False, said=said)
    return Finding("audit", ok=True, said=f"{chain.entries} entries, the last is {chain.digest}")


def _session(engine: Engine) -> Session:
    return reading(open_sessions(engine))


def _reading(engine: Engine) -> Connection:
    return engine.execution_options(**{READ_ONLY: True}).connect()


def _first_line(failure: DatabaseError) -> str:
    return (str(failure.orig).strip().splitlines() or ["no answer"])[0]


def _queue_answers(settings: Settings) -> Finding:
    try:
        with open_queue(settings, waits=False) as client:
            client.ping()
    except (RedisError, SettingsError) as failure:
        if not settings.redis_url:
            return Finding("queue", ok=True, said="not running now; `loa up` starts it")
        return Finding("queue", ok=False, said=f"no answer at LOA_REDIS_URL ({failure})")
    return Finding("queue", ok=True, said="answers")

"""Stages: a list on its way in, in temporary tables that nobody else sees.

Numbers are sealed and fingerprinted before they get here, so that not even a temporary file
holds one in the clear. Staging takes no lock on the subscribers, however long the list is.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaigns.phones import carrier_of
from campaigns.sealing import Sealer
from campaigns.subscribers.rows import Profile

Listed = tuple[int, str, Any]

_CHUNK_ROWS = 2000
_PAGES_IN_MEMORY_KIB = 65_536
_TABLES = ("loa_stage", "loa_incoming", "loa_mentioned", "loa_known", "loa_leaving")
_SAID = "sealed, carrier, area_code, language, tags, source, consent_at"
_STAGE = """
    CREATE TEMPORARY TABLE loa_stage (row integer, fingerprint bytea, sealed bytea, carrier text,
    area_code text, language text, tags text, source text, consent_at timestamptz)"""
# Who enters gets an id in the order of fingerprints, the order in which the index is built
# fastest: on PostgreSQL from the sequence, on SQLite counted from the last id at the merge.
_ORDINAL = {
    "postgresql": "ordinal bigint DEFAULT nextval('{sequence}')",
    "sqlite": "ordinal integer PRIMARY KEY",
}
_SEQUENCE = "SELECT pg_get_serial_sequence('subscribers', 'id')"
_INCOMING = """
    CREATE TEMPORARY TABLE loa_incoming ({ordinal}, row integer, fingerprint bytea, sealed bytea,
    carrier text, area_code text, language text, tags text, source text, consent_at timestamptz)"""
# The newest row of the list wins. SQLite takes the other columns from the row of the maximum
# (documented for min and max), a fifth of what a window function costs there.
_NEWEST = {
    "postgresql": f"""
        SELECT DISTINCT ON (fingerprint) row, fingerprint, {_SAID} FROM loa_stage
        WHERE area_code IS NOT NULL ORDER BY fingerprint, row DESC""",  # noqa: S608 - constants only
    "sqlite": f"""
        SELECT max(row), fingerprint, {_SAID} FROM loa_stage
        WHERE area_code IS NOT NULL GROUP BY fingerprint ORDER BY fingerprint""",  # noqa: S608 - constants only
}
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NOBODY = Profile(area_code=None, language=None, tags=None, source=None, consent_at=None)


class Stage:
    """The temporary tables of one session, filled once."""

    def __init__(self, session: Session) -> None:
        """Make the tables afresh; an earlier list of this session is forgotten."""
        self._session = session
        self._kind = session.get_bind().dialect.name
        drop_stage(session)
        if self._kind == "sqlite":
            session.execute(text(f"PRAGMA temp.cache_size = -{_PAGES_IN_MEMORY_KIB}"))
        session.execute(text(_STAGE))
        # Asked once: as a column's default the question would be put for every row.
        sequence = session.scalar(text(_SEQUENCE)) if self._kind == "postgresql" else None
        ordinal = _ORDINAL[self._kind].format(sequence=sequence)
        session.execute(text(_INCOMING.format(ordinal=ordinal)))
        session.execute(text("CREATE TEMPORARY TABLE loa_mentioned (fingerprint bytea)"))

    @property
    def prepare(self) -> Callable[[Profile], Any]:
        """What turns a profile into the form that `fill` expects beside a number."""
        return _as_copy_text if self._kind == "postgresql" else _as_values

    def fill(self, listed: Iterable[Listed], *, sealer: Sealer) -> None:
        """Seal and store *listed*: row, number, and prepared profile or None."""
        driver_error = self._session.get_bind().dialect.loaded_dbapi.Error
        try:
            self._pour(listed, sealer)
        except driver_error as failure:
            # The driver was spoken to directly; a full disk must look like any other full disk.
            raise DBAPIError.instance("stage", None, failure, driver_error) from failure

    def _pour(self, listed: Iterable[Listed], sealer: Sealer) -> None:
        driver: Any = self._session.connection().connection.driver_connection
        if self._kind == "postgresql":
            with driver.cursor().copy("COPY loa_stage FROM STDIN") as copy:
                for chunk in _copy_lines(listed, sealer):
                    copy.write(chunk)
        else:
            driver.executemany(
                "INSERT INTO temp.loa_stage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _value_rows(listed, sealer),
            )

    def settle(self) -> int:
        """Keep the newest row for each number, and return how many numbers there are."""
        if self._kind == "postgresql":
            self._session.execute(text("SET LOCAL work_mem = '64MB'"))
        numbers = self._run(
            f"INSERT INTO loa_incoming (row, fingerprint, {_SAID}) {_NEWEST[self._kind]}"
        )
        self._run(
            "INSERT INTO loa_mentioned SELECT fingerprint FROM loa_stage WHERE area_code IS NULL"
        )
        self._run("DROP TABLE loa_stage")
        return numbers

    def _run(self, statement: str) -> int:
        """Run *statement* and return how many rows it wrote."""
        return self._session.connection().execute(text(statement)).rowcount


def drop_stage(session: Session) -> None:
    """Forget the list that *session* has staged."""
    for table in _TABLES:
        session.execute(text(f"DROP TABLE IF EXISTS {table}"))


def _copy_lines(listed: Iterable[Listed], sealer: Sealer) -> Iterator[str]:
    fingerprint, seal, nobody = sealer.fingerprint, sealer.seal, _as_copy_text(_NOBODY)
    lines = (
        f"{row}\t\\\\x{fingerprint(number).hex()}\t\\\\x{seal(number).hex()}\t"
        f"{carrier_of(number)}\t{nobody if said is None else said}\n"
        for row, number, said in listed
    )
    while chunk := "".join(itertools.islice(lines, _CHUNK_ROWS)):
        yield chunk


def _value_rows(listed: Iterable[Listed], sealer: Sealer) -> Iterator[tuple[Any, ...]]:
    fingerprint, seal, nobody = sealer.fingerprint, sealer.seal, _as_values(_NOBODY)
    for row, number, said in listed:
        yield (
            row,
            fingerprint(number),
            seal(number),
            carrier_of(number),
            *(nobody if said is None else said),
        )


def _as_values(profile: Profile) -> tuple[str | None, ...]:
    """Return what a row of the stage ends with, moments as SQLAlchemy writes them on SQLite."""
    moment = profile.consent_at
    stored = None if moment is None else moment.replace(tzinfo=None).isoformat(" ", "microseconds")
    return profile.area_code, profile.language, profile.tags, profile.source, stored


def _as_copy_text(profile: Profile) -> str:
    *said, moment = _as_values(profile)
    cells = ["\\N" if value is None else value.translate(_ESCAPES) for value in said]
    return "\t".join((*cells, "\\N" if moment is None else f"{moment}+00"))

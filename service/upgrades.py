"""Upgrades: the way to this version's schema from that of any older one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from service.errors import SchemaError
from service.schema import load_metadata

# Held while one process migrates PostgreSQL, so that a second one waits and then finds it done.
_LOCK = 7_205_759


def upgrade(engine: Engine, *, to: str = "head") -> None:
    """Bring the database to this version, or *to* an older one, in one transaction.

    Raises SchemaError if it is newer.
    """
    with _migrating(engine) as connection:
        try:
            command.upgrade(_config(connection=connection), to)
        except CommandError as refused:
            raise SchemaError(
                f"The database cannot be brought to this version: {refused}. It was probably made "
                "by a newer Loa; nothing was changed. Install that version, or restore a backup."
            ) from None


def draft_migration(engine: Engine, *, message: str) -> Path:
    """Write the step from the database of *engine* to the models; return the file."""
    with engine.connect() as connection:
        config = _config(connection=connection, metadata=load_metadata())
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
        connection.rollback()
    assert script is not None  # noqa: S101 - None only for several drafts at once
    assert not isinstance(script, list)  # noqa: S101
    return Path(script.path)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that nobody else's migration overlaps."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield from _migrating_sqlite(connection)
            return
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection


def _migrating_sqlite(connection: Connection) -> Iterator[Connection]:
    # SQLite copies a table to change it and drops the original, which would take the rows that
    # point to it along; the switch works only outside a transaction, so the check comes after.
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            yield connection
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
            if orphans:
                raise SchemaError(
                    f"After the change, rows of {orphans[0][0]} would point to nothing, so it was "
                    "undone. Run `loa db check` and restore the last good backup."
                )
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _config(**attributes: Any) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", "service:migrations")
    return config

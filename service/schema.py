"""The schema: all tables of this version, and the way there from any older one."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, MetaData, text

import campaigns
import hotline
from campaigns.base import Base
from service.database import READ_ONLY
from service.errors import SchemaError

# Held while one process migrates PostgreSQL, so that a second one waits and then finds it done.
_LOCK = 7_205_759


def load_metadata() -> MetaData:
    """Return all tables of this version.

    Every module of the domain is imported, because a list of those with tables would one day
    lack one.
    """
    for package in (campaigns, hotline):
        _import_all(package)
    return Base.metadata


def current_and_head(engine: Engine) -> tuple[str | None, str | None]:
    """Return the revision that the database is at and the one that this program needs."""
    with engine.execution_options(**{READ_ONLY: True}).connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def require_current(engine: Engine) -> None:
    """Raise SchemaError unless the database is at the version this program needs."""
    current, head = current_and_head(engine)
    if current == head:
        return
    if current is None:
        raise SchemaError(
            "The database has no tables yet. Nothing was changed. Run `loa db upgrade` first."
        )
    raise SchemaError(
        f"The database is at version {current}, and this program needs {head}. Nothing was "
        "changed. Run `loa db upgrade`; if that refuses, this program is older than the database."
    )


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


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

"""The schema: all tables of this version, and which version a database is at."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection, Engine, MetaData, inspect, text

import campaigns
import hotline
from campaigns.base import Base
from service.database import READ_ONLY
from service.errors import SchemaError


def load_metadata() -> MetaData:
    """Return all tables of this version.

    Every module of the domain is imported, because a list of those with tables would one day
    lack one.
    """
    for package in (campaigns, hotline):
        _import_all(package)
    return Base.metadata


def current_and_head(engine: Engine) -> tuple[str | None, str]:
    """Return the revision that the database is at and the one that this program needs."""
    with engine.execution_options(**{READ_ONLY: True}).connect() as connection:
        current = _revision_of(connection)
    return current, _newest_revision()


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


def _revision_of(connection: Connection) -> str | None:
    # Alembic's table. It is read without Alembic, whose import costs every command and every
    # process a tenth of its start.
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _newest_revision() -> str:
    versions = Path(__file__).with_name("migrations") / "versions"
    return max(path.name for path in versions.glob("[0-9]*.py")).partition("_")[0]


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

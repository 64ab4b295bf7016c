"""One line of migrations, and none of them missing: a database is what the models say."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from service.schema import current_and_head, load_metadata
from service.upgrades import upgrade


@pytest.fixture
def migrated(own_engine: Engine) -> Engine:
    upgrade(own_engine)
    return own_engine


def test_there_is_one_head() -> None:
    """Two heads would leave it to chance which schema an installation gets."""
    assert len(ScriptDirectory("service/migrations").get_heads()) == 1


def test_the_migrations_make_exactly_what_the_models_describe(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, load_metadata()) == []


def test_a_migrated_database_is_at_the_head(migrated: Engine) -> None:
    current, head = current_and_head(migrated)

    assert current == head is not None


def test_no_migration_lets_a_number_be_given_twice(migrated: Engine) -> None:
    """SQLite forgets it with a table that is made anew, unless the migration says so again."""
    if migrated.dialect.name != "sqlite":
        return
    wanted = {
        table.name
        for table in load_metadata().tables.values()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with migrated.connect() as connection:
        query = text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        found = set(connection.scalars(query))
    assert wanted
    assert found - {"sqlite_sequence"} == wanted

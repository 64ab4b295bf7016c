"""The schema: brought to this version completely or not at all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from service.database import open_engine
from service.errors import SchemaError
from service.schema import current_and_head, require_current
from service.upgrades import upgrade


@pytest.fixture
def bare(bare_database: str) -> Iterator[Engine]:
    engine = open_engine(bare_database)
    yield engine
    engine.dispose()


def test_a_database_without_tables_is_not_worked_on(bare: Engine) -> None:
    with pytest.raises(SchemaError, match="loa db upgrade"):
        require_current(bare)


def test_a_current_database_is_worked_on(own_engine: Engine) -> None:
    require_current(own_engine)


def test_a_database_of_another_version_is_not_worked_on(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaError, match="9999"):
        require_current(own_engine)


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(bare: Engine) -> None:
    """A release that breaks off half-way can be repeated once its cause is mended."""
    with bare.begin() as connection:
        connection.execute(text("CREATE TABLE signatures (surprise integer)"))

    with pytest.raises(DatabaseError, match="signatures"):
        upgrade(bare)

    assert inspect(bare).get_table_names() == ["signatures"]


def test_two_upgrades_at_once_do_not_disturb_each_other(bare: Engine) -> None:
    """Two machines that start at the same moment both bring the schema up to date."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [bare, bare]))

    current, head = current_and_head(bare)
    assert current == head


def test_after_an_upgrade_no_row_may_point_to_nothing(own_engine: Engine) -> None:
    """An upgrade of SQLite lifts this rule for a moment, and must not forget to restore it."""
    upgrade(own_engine)

    orphan = text(
        "INSERT INTO revisions (campaign_id, number, digest, content, author, created_at) "
        "VALUES (404, 1, '', '', '', CURRENT_TIMESTAMP)"
    )
    with own_engine.connect() as connection, pytest.raises(DatabaseError, match=r"(?i)foreign key"):
        connection.execute(orphan)

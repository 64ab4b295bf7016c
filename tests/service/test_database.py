"""Engines: the same behaviour on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from campaigns.areas import Area
from service.database import open_engine, open_sessions, reading
from service.errors import SettingsError
from tests.builders import NOON


def an_area(code: str) -> Area:
    return Area(code=code, name="Ba Sơn", kind="xã", valid_from=NOON.date())


def test_what_a_test_commits_is_seen_by_its_next_session(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        session.add(an_area("06001"))

    with reading(sessions) as session:
        assert session.scalars(select(Area.code)).all() == ["06001"]


def test_what_another_test_committed_is_gone(session: Session) -> None:
    assert session.scalars(select(Area.code)).all() == []


def test_no_update_is_lost_when_many_count_at_once(own_engine: Engine) -> None:
    """Two clerks who change the same number at once must not overwrite each other."""
    sessions = open_sessions(own_engine)
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE tally (n integer)"))
        session.execute(text("INSERT INTO tally VALUES (0)"))

    def count_one(_: int) -> None:
        with sessions.begin() as session:
            session.execute(text("UPDATE tally SET n = n + 1"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_one, range(40)))

    with reading(sessions) as session:
        assert session.scalar(text("SELECT n FROM tally")) == 40


def test_a_reader_does_not_wait_for_a_writer(own_engine: Engine) -> None:
    sessions = open_sessions(own_engine)
    with sessions.begin() as writer:
        writer.add(an_area("06002"))
        writer.flush()

        with reading(sessions) as reader:
            assert reader.scalars(select(Area.code)).all() == []


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/loa", "postgres//host"])
def test_an_address_of_no_known_database_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match="LOA_DATABASE_URL"):
        open_engine(url)

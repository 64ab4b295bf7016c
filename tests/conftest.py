"""Fixtures: real databases and a real Valkey for every test that asks for one."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from service.embedded.valkey import running_valkey
from service.queue_server import open_redis
from tests import databases

_server: databases.PostgreSQLServer | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run in the one process that outlives every test worker."""
    if hasattr(config, "workerinput"):
        return
    if os.environ.get(databases.REQUIRED) == "1" and "postgresql" not in databases.kinds():
        raise pytest.UsageError(
            f"{databases.REQUIRED}=1, but PostgreSQL was not found: neither its programs in "
            f"/usr/lib/postgresql or on PATH, nor an address in {databases.GIVEN_URL}. Nothing "
            "was tested. On Debian: apt-get install postgresql."
        )
    fast = databases.fast_directory()
    run_dir = mkdtemp(prefix="loa-test-", dir=fast)
    os.environ[databases.RUN_DIR] = run_dir
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(fast))
    # Where this is set, each of some hundred processes would compile all of Loa before it starts.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    config.add_cleanup(lambda: shutil.rmtree(run_dir, ignore_errors=True))
    config.add_cleanup(_stop_server)
    # Without test workers the server waits for the first test that needs it.
    if getattr(config.option, "numprocesses", None) and not config.option.collectonly:
        _start_server()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare what is loaded by now every later search for garbage, a tenth of the whole run."""
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Say last of all, where it cannot be overlooked, which half was not run."""
    yield
    if "postgresql" not in databases.kinds():
        terminalreporter.section("HALF OF THE DATABASE TESTS WAS NOT RUN", yellow=True)
        terminalreporter.line(
            "SQLite: tested. PostgreSQL: NOT tested, because its programs were not found here and "
            f"{databases.GIVEN_URL} is not set."
        )


def _start_server() -> None:
    global _server  # noqa: PLW0603 - one server for the process, found again by its cleanup
    if databases.server_url() is None and "postgresql" in databases.kinds():
        _server = databases.PostgreSQLServer(databases.fast_directory())
        _server.start()
        databases.announce_server(_server.url)


def _stop_server() -> None:
    if _server is not None:
        _server.stop()
    elif databases.server_url() is not None:
        databases.drop_template()


@pytest.fixture(scope="session", params=databases.kinds())
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine on this test worker's own database, once for each kind."""
    if request.param == "postgresql":
        _start_server()
    with databases.database_copy(request.param, tmp_path_factory.mktemp("database")) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Iterator[sessionmaker[Session]]:
    """Sessions whose commits are real to the code under test and undone after it."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield sessionmaker(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        transaction.rollback()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


@pytest.fixture(params=databases.kinds())
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of this test's own, for real commits by real processes."""
    if request.param == "postgresql":
        _start_server()
    with databases.database_copy(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def own_engine(fresh_database: str) -> Iterator[Engine]:
    """An engine on a database of this test's own."""
    engine = open_engine(fresh_database)
    yield engine
    engine.dispose()


@pytest.fixture
def commits(own_engine: Engine) -> sessionmaker[Session]:
    """Sessions whose commits are real, for transactions that meet others."""
    return open_sessions(own_engine)


@pytest.fixture
def bare_database(fresh_database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which there is nothing at all, of ``fresh_database``'s kind."""
    kind = make_url(fresh_database).get_backend_name()
    with databases.bare_database(kind, tmp_path) as url:
        yield url


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data directory of this test's own."""
    path = tmp_path / "var"
    path.mkdir()
    return path


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"a seal key that opens only tests")


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def valkey_url(_valkey: str) -> str:
    """The URL of this test worker's own Valkey, with nothing in it."""
    with open_redis(_valkey) as client:
        client.flushall()
    return _valkey

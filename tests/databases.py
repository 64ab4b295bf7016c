"""Real databases for tests: one PostgreSQL a run, one template of each kind, copies for tests."""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from service.database import open_engine
from service.upgrades import upgrade
from tests.fakes.processes import eventually

RUN_DIR = "LOA_TEST_RUN_DIR"
GIVEN_URL = "LOA_TEST_POSTGRESQL_URL"
REQUIRED = "LOA_REQUIRE_POSTGRESQL"
_STARTED_URL = "LOA_TEST_STARTED_POSTGRESQL_URL"
_START_WITHIN_S = 30
_MEMORY = Path("/dev/shm")  # noqa: S108 - every name below it comes from mkdtemp
_PLENTY = 4 << 30


def fast_directory() -> Path:
    """Return where a run's files cost least: in memory if there is plenty, else where others are.

    A database of PostgreSQL is seven hundred files; making one takes a disk half a second. Whoever
    sets TMPDIR is heeded.
    """
    has_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _PLENTY
    return _MEMORY if has_memory and "TMPDIR" not in os.environ else Path(gettempdir())


def find_programs() -> Path | None:
    """Return the directory with PostgreSQL's server programs: the newest of Debian's, or PATH's."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def kinds() -> list[str]:
    """Name the databases that tests run on here; without PostgreSQL only ``sqlite``."""
    has_postgresql = GIVEN_URL in os.environ or find_programs() is not None
    return ["sqlite", "postgresql"] if has_postgresql else ["sqlite"]


def someone_waits(engine: Engine, *, how_many: int = 1) -> bool:
    """Whether so many transactions wait for others in this database.

    SQLite cannot say; it lets a writer wait before that has looked at anything.
    """
    if engine.dialect.name == "sqlite":
        return True
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with engine.connect() as connection:
        return int(connection.scalar(waiting) or 0) >= how_many


def is_over_or_waits(doing: Future[Any], engine: Engine) -> bool:
    """Whether what another thread is *doing* has gone as far as it can meanwhile."""
    return eventually(lambda: doing.done() or someone_waits(engine))


class PostgreSQLServer:
    """One cluster in a directory of its own, which dies with the process that started it."""

    def __init__(self, under: Path, **settings: str) -> None:
        """Prepare a cluster in a directory of its own *under* another.

        It forgets everything at a crash, unless *settings* say otherwise.
        """
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError("initdb")
        self._programs = programs
        self._settings = settings
        # Short, because the path of a unix socket may have 107 bytes at most.
        self._directory = Path(mkdtemp(prefix="loa-pg-", dir=under))
        self._data = self._directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self._directory}"

    def start(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._directory, "postgres")
        initdb = [str(self._programs / "initdb"), "--pgdata", str(self._data), "--no-sync"]
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*self._as_postgres(), *initdb, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._directory,
        )
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._as_postgres(), str(self._programs / "postgres"), *self._server_options()],
                stdout=log,
                stderr=log,
                cwd=self._directory,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _as_postgres(self) -> list[str]:
        """The words before a command that drop root, which PostgreSQL refuses to run as."""
        who = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return ["setpriv", *(who if os.geteuid() == 0 else []), "--pdeathsig=QUIT"]

    def _server_options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._directory),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "timezone": "Asia/Ho_Chi_Minh",
        } | self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return ["-D", str(self._data), *options]

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while True:
            try:
                psycopg.connect(_libpq(self.url)).close()
            except psycopg.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._directory / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.02)
            else:
                return


def server_url() -> str | None:
    """The address of the PostgreSQL that this run uses, once it is there."""
    return os.environ.get(GIVEN_URL) or os.environ.get(_STARTED_URL)


def announce_server(url: str) -> None:
    """Hand *url* to the test workers, which inherit this process's environment."""
    os.environ[_STARTED_URL] = url


@contextmanager
def database_copy(kind: str, directory: Path) -> Iterator[str]:
    """Yield the URL of a database of *kind* with the schema and no rows; it is gone afterwards."""
    if kind == "sqlite":
        path = directory / f"{uuid4().hex}.sqlite3"
        shutil.copyfile(_sqlite_template(), path)
        yield f"sqlite:///{path}"
    else:
        with _postgresql_database(template=_postgresql_template()) as url:
            yield url


@contextmanager
def bare_database(kind: str, directory: Path) -> Iterator[str]:
    """Yield the URL of a database of *kind* in which there is nothing at all."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / uuid4().hex / 'loa.sqlite3'}"
    else:
        with _postgresql_database(template="template1") as url:
            yield url


@contextmanager
def _postgresql_database(*, template: str) -> Iterator[str]:
    name = f"{_run_name()}_{uuid4().hex[:12]}"
    _administer("CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield _url_of(name)
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


def drop_template() -> None:
    """Leave nothing of this run on a PostgreSQL that was given to us."""
    if (_run_dir() / "postgresql").exists():
        _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", f"{_run_name()}_template")


def _sqlite_template() -> Path:
    path = _run_dir() / "template.sqlite3"
    with _one_at_a_time():
        if not path.exists():
            draft = path.with_suffix(".draft")
            _make_schema(f"sqlite:///{draft}")
            draft.rename(path)
    return path


def _postgresql_template() -> str:
    name = f"{_run_name()}_template"
    made = _run_dir() / "postgresql"
    with _one_at_a_time():
        if not made.exists():
            _administer("DROP DATABASE IF EXISTS {}", name)
            _administer("CREATE DATABASE {}", name)
            _make_schema(_url_of(name))
            made.touch()
    return name


def _make_schema(url: str) -> None:
    engine = open_engine(url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (_run_dir() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_dir() -> Path:
    return Path(os.environ[RUN_DIR])


def _run_name() -> str:
    return _run_dir().name.replace("-", "_").lower()


def _url_of(database: str) -> str:
    return make_url(server_url() or "").set(database=database).render_as_string(hide_password=False)


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _administer(statement: str, *names: str) -> None:
    with psycopg.connect(_libpq(server_url() or ""), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

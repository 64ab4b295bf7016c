"""Databases to measure on: fresh, with the schema and the areas of Lạng Sơn, gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from campaigns.areas import load_lang_son
from service.database import open_engine, open_sessions
from service.upgrades import upgrade


@contextmanager
def fresh_database(kind: str, postgresql: str | None) -> Iterator[str]:
    """Yield the URL of a database of *kind*; *postgresql* is the server for that kind."""
    name = f"loa_bench_{uuid4().hex[:12]}"
    with TemporaryDirectory(prefix="loa-bench-") as directory:
        if kind == "sqlite" or postgresql is None:
            url = f"sqlite:///{Path(directory) / 'bench.sqlite3'}"
            _prepare(url)
            yield url
            return
        server = make_url(postgresql).set(drivername="postgresql")
        address = server.render_as_string(hide_password=False)
        _administer(address, "CREATE DATABASE {}", name)
        try:
            url = server.set(database=name).render_as_string(hide_password=False)
            _prepare(url)
            yield url
        finally:
            _administer(address, "DROP DATABASE {} WITH (FORCE)", name)


def _prepare(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with open_sessions(engine).begin() as session:
        load_lang_son(session)
    engine.dispose()


def _administer(address: str, statement: str, name: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

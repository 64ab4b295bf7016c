"""Bulk: many rows of values handed to one SQL statement, on either database."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from typing import cast as cast_type

import orjson
from sqlalchemy import (
    BindParameter,
    CursorResult,
    String,
    Subquery,
    Update,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from campaigns.base import Base

Plain = int | str | datetime | None


def rows_of(
    session: Session,
    columns: Mapping[str, type[TypeEngine[Any]]],
    rows: Iterable[tuple[Plain, ...]],
) -> Subquery:
    """Return *rows* as a table expression with the given typed *columns*.

    The rows travel as one JSON parameter, so the statement's text, and with it its cached plan,
    is the same for one row and for a thousand.
    """
    if session.get_bind().dialect.name == "postgresql":
        payload = _pack(rows, datetime.isoformat)
        values = func.jsonb_array_elements(cast(payload, JSONB)).table_valued("value")
        picked = [
            cast(values.c.value.op("->>")(index), type_).label(name)
            for index, (name, type_) in enumerate(columns.items())
        ]
    else:
        values = func.json_each(_pack(rows, _as_sqlite_keeps)).table_valued("value")
        picked = [
            type_coerce(func.json_extract(values.c.value, f"$[{index}]"), type_).label(name)
            for index, (name, type_) in enumerate(columns.items())
        ]
    return select(*picked).subquery()


def _pack(
    rows: Iterable[tuple[Plain, ...]], write: Callable[[datetime], str]
) -> BindParameter[str]:
    packed = orjson.dumps(list(rows), default=write, option=orjson.OPT_PASSTHROUGH_DATETIME)
    return bindparam("rows", packed.decode("utf-8"), String, unique=True)


def _as_sqlite_keeps(moment: datetime) -> str:
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(sep=" ", timespec="microseconds")


def change(session: Session, statement: Update) -> int:
    """Execute an UPDATE past the session's loaded objects and return how many rows it changed."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast_type(CursorResult[Any], result).rowcount


def insert_new(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT into *table* that passes over rows a unique constraint knows already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()

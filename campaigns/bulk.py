"""Bulk: many rows of values handed to one SQL statement, on either database."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import String, Subquery, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

Plain = int | str | None


def rows_of(
    session: Session,
    columns: Mapping[str, type[TypeEngine[Any]]],
    rows: Iterable[tuple[Plain, ...]],
) -> Subquery:
    """Return *rows* as a table expression with the given typed *columns*.

    The rows travel as one JSON parameter, so the statement's text, and with it its cached plan,
    is the same for one row and for a thousand.
    """
    payload = bindparam(
        "rows", json.dumps([list(row) for row in rows], ensure_ascii=False), String, unique=True
    )
    if session.get_bind().dialect.name == "postgresql":
        values = func.jsonb_array_elements(cast(payload, JSONB)).table_valued("value")
        picked = [
            cast(values.c.value.op("->>")(index), type_).label(name)
            for index, (name, type_) in enumerate(columns.items())
        ]
    else:
        values = func.json_each(payload).table_valued("value")
        picked = [
            cast(func.json_extract(values.c.value, f"$[{index}]"), type_).label(name)
            for index, (name, type_) in enumerate(columns.items())
        ]
    return select(*picked).subquery()

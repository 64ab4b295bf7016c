"""Forms: the same rows as JSON, as one JSON object a line (NDJSON), and as CSV (RFC 4180)."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
# Rows shrink to a tenth at the fastest level already; a stronger one takes longer than sending.
_LEVEL = 1
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t")


def answer_rows(
    name: str, rows: Sequence[Mapping[str, Any]], *, fields: Sequence[str], facts: dict[str, Any]
) -> Response:
    """Answer *rows* in the form that is asked for.

    JSON has them under *name* beside *facts*; the other forms have the facts in the header, as
    ``Loa-Next: 17`` for ``next``.
    """
    form = request.accept_mimetypes.best_match([JSON, NDJSON, CSV]) or JSON
    match form:
        case "application/x-ndjson":
            written = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        case "text/csv":
            written = write_csv(rows, fields=fields)
        case _:
            written = orjson.dumps({name: rows, **facts})
    answer = Response(content_type=f"{CSV}; charset=utf-8" if form == CSV else form)
    answer.vary.add("Accept")
    answer.vary.add("Accept-Encoding")
    for fact, value in facts.items():
        answer.headers[f"Loa-{fact.title()}"] = str(value)
    if request.accept_encodings["gzip"]:
        written = gzip.compress(written, _LEVEL, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_data(written)
    return answer


def write_csv(rows: Iterable[Mapping[str, Any]], *, fields: Sequence[str]) -> bytes:
    """Write *rows* under a heading of *fields*; no cell begins a spreadsheet's formula."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(fields)
    writer.writerows([_cell(row[field]) for field in fields] for row in rows)
    return written.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_BEGINS_A_FORMULA) else value
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value

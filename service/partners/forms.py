"""Forms: the same rows as JSON, as one JSON object a line (NDJSON), and as CSV (RFC 4180)."""

import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
# Rows shrink to a tenth at the fastest level already; a stronger one takes longer than sending.
_LEVEL = 1
# zlib's word for a gzip header (RFC 1952) around the largest window.
_GZIP = 31
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t")


class Answering:
    """Rows on their way into an answer, in the form that is asked for, compressed where that is.

    JSON has them under *name* beside the facts; the other forms have the facts in the header, as
    ``Loa-Next: 17`` for ``next``.
    """

    def __init__(self, name: str, fields: Sequence[str]) -> None:
        self._form = request.accept_mimetypes.best_match([JSON, NDJSON, CSV]) or JSON
        self._fields = fields
        packs = request.accept_encodings["gzip"]
        self._packer = zlib.compressobj(_LEVEL, wbits=_GZIP) if packs else None
        self._parts: list[bytes] = []
        self._between = b""
        if self._form == JSON:
            self._put(b'{"%s":[' % name.encode())
        elif self._form == CSV:
            self._put(_csv([fields]))

    def take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some more rows."""
        match self._form:
            case "application/x-ndjson":
                self._put(b"\n".join(map(orjson.dumps, rows)) + b"\n")
            case "text/csv":
                self._put(_csv(_cells(rows, self._fields)))
            case _:
                self._put(self._between + b",".join(map(orjson.dumps, rows)))
                self._between = b","

    def answer(self, facts: Mapping[str, int]) -> Response:
        """Answer the rows, and *facts* about them all."""
        if self._form == JSON:
            self._put(b"]," + orjson.dumps(facts)[1:])
        if self._packer is not None:
            self._parts.append(self._packer.flush())
        is_csv = self._form == CSV
        answer = Response(
            b"".join(self._parts),
            content_type=f"{CSV}; charset=utf-8" if is_csv else self._form,
        )
        answer.vary.update(["Accept", "Accept-Encoding"])
        for fact, value in facts.items():
            answer.headers[f"Loa-{fact.title()}"] = str(value)
        if self._packer is not None:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    def _put(self, written: bytes) -> None:
        self._parts.append(written if self._packer is None else self._packer.compress(written))


def write_csv(rows: Iterable[Mapping[str, Any]], *, fields: Sequence[str]) -> bytes:
    """Write *rows* under a heading of *fields*; no cell begins a spreadsheet's formula."""
    return _csv([fields]) + _csv(_cells(rows, fields))


def _csv(lines: Iterable[Sequence[object]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(lines)
    return written.getvalue().encode()


def _cells(rows: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> Iterator[Sequence[object]]:
    return ([_cell(row[field]) for field in fields] for row in rows)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_BEGINS_A_FORMULA) else value
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value

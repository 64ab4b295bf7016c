"""JSON lines: lists written by programs, one object a line, keyed by the same headings."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from typing import Any

from campaigns.subscribers.encodings import refuse_file
from campaigns.subscribers.headings import COLUMNS, PHONE, is_heading, read_headings

_MAX_KEYS = 200


def read_json_lines(
    lines: TextIOWrapper, *, name: str
) -> tuple[tuple[str, ...], Iterator[tuple[int, Sequence[str]]]]:
    """Return the keys of the first object as heading, and every object as a numbered row.

    A later object may leave keys out; keys that the first one has not are read if they are of
    the known columns. A line that is no object becomes a row whose number is that line, so that
    it is refused with its text beside the reason.
    """
    first = next((line for line in lines if line.strip()), "")
    lines.seek(0)
    keys = tuple(_read_object(first) or ())
    if not is_heading(keys) or len(keys) > _MAX_KEYS:
        raise refuse_file(name, "its first line is no JSON object with a phone")
    known = read_headings(keys, name=name).at
    headings = keys + tuple(column for column in COLUMNS if column not in known)
    return headings, _rows(lines, headings, phone_at=known[PHONE])


def _rows(
    lines: TextIOWrapper, headings: tuple[str, ...], *, phone_at: int
) -> Iterator[tuple[int, Sequence[str]]]:
    for number, line in enumerate(lines, start=1):
        found = _read_object(line)
        if found is not None:
            yield number, [_cell(found.get(heading)) for heading in headings]
        elif line.strip():
            cells = [""] * len(headings)
            cells[phone_at] = line.strip()
            yield number, cells


def _read_object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _cell(value: object) -> str:
    match value:
        case str():
            # No database stores a zero byte or half a surrogate pair.
            whole = value.replace("\0", " ").encode("utf-8", "replace").decode()
            return unicodedata.normalize("NFC", whole)
        case None:
            return ""
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact below
            return str(int(value))
        case list():
            return "|".join(_cell(part) for part in value)
        case _:
            return str(value)

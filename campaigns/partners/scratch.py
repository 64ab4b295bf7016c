"""Scratch: a reconciliation's two sides, side by side in a file of its own that is then removed.

Nothing of Loa's database is touched, and a month of a million texts needs no more memory than a
day of ten.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE ours (broadcast INTEGER, position INTEGER, sid TEXT, day TEXT, state TEXT,
        segments INTEGER, at TEXT, seq INTEGER,
        PRIMARY KEY (broadcast, position)) WITHOUT ROWID;
    CREATE TABLE theirs (row INTEGER PRIMARY KEY, broadcast INTEGER, position INTEGER,
        reference TEXT, sid TEXT, day TEXT, near_midnight INTEGER, state TEXT, segments INTEGER,
        code TEXT, fault TEXT, first INTEGER);
    CREATE TABLE differences (kind TEXT, row INTEGER, reference TEXT, sid TEXT, day TEXT,
        ours_state TEXT, theirs_state TEXT, ours_segments INTEGER, theirs_segments INTEGER,
        reason TEXT);
"""
# The key alone tells what is the same text; what nobody could find is told apart by its name.
_INDEXES = """
    CREATE INDEX ours_by_sid ON ours (sid) WHERE sid != '';
    UPDATE theirs SET broadcast = o.broadcast, position = o.position FROM ours o
        WHERE theirs.broadcast IS NULL AND theirs.sid != '' AND o.sid = theirs.sid;
    CREATE INDEX theirs_by_key ON theirs (broadcast, position, row);
    CREATE INDEX theirs_by_name ON theirs (reference, sid, row) WHERE broadcast IS NULL;
    UPDATE theirs SET first = (SELECT t.row FROM theirs t WHERE t.broadcast = theirs.broadcast
        AND t.position = theirs.position AND t.fault = '' ORDER BY t.row LIMIT 1)
        WHERE broadcast IS NOT NULL AND fault = '';
    UPDATE theirs SET first = (SELECT t.row FROM theirs t WHERE t.broadcast IS NULL
        AND t.reference = theirs.reference AND t.sid = theirs.sid AND t.fault = ''
        ORDER BY t.row LIMIT 1)
        WHERE broadcast IS NULL AND fault = '';
"""


class Scratch:
    """The tables of one reconciliation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(_TABLES)

    def fill_ours(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add *rows* of `ours`; what is said of a text later takes the place of the earlier."""
        self._connection.executemany("INSERT OR REPLACE INTO ours VALUES (?,?,?,?,?,?,?,?)", rows)

    def fill_theirs(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add *rows* of `theirs`, all but the last column."""
        self._connection.executemany("INSERT INTO theirs VALUES (?,?,?,?,?,?,?,?,?,?,?,NULL)", rows)

    def drop_ours(self, *, outside: tuple[str, str], states: tuple[str, ...]) -> None:
        """Forget what of ours was not handed over from the first to before the second day."""
        marks = ",".join("?" * len(states))
        self._connection.execute(
            f"DELETE FROM ours WHERE day < ? OR day >= ? OR state NOT IN ({marks})",  # noqa: S608 - marks only
            (*outside, *states),
        )

    def join(self) -> None:
        """Find the text of each of their rows, and which row is the first to name it."""
        self._connection.executescript(_INDEXES)

    def add(self, differences: Iterable[tuple[Any, ...]]) -> None:
        self._connection.executemany(
            "INSERT INTO differences VALUES (?,?,?,?,?,?,?,?,?,?)", differences
        )

    def ask(self, query: str) -> Iterator[sqlite3.Row]:
        """Yield what the constant *query* finds."""
        yield from self._connection.execute(query)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Lend a scratch; its file is gone when the block ends."""
    with TemporaryDirectory(prefix="loa-reconciliation-") as directory:
        connection = sqlite3.connect(Path(directory) / "scratch.sqlite3")
        connection.row_factory = sqlite3.Row
        try:
            yield Scratch(connection)
        finally:
            connection.close()

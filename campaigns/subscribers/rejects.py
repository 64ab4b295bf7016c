"""Rejects: the rows an import refused, with row number and reason, to be mended and sent again."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from campaigns.errors import SubscriberFileError
from campaigns.subscribers.headings import REJECT_COLUMNS, fold, is_rejects_heading
from campaigns.subscribers.rows import Rejection

_MAX_CELL_CHARS = 32_767
_ESCAPED = frozenset("=+-@\t\r\n'＝＋－＠")


class RejectsFile:
    """A CSV that becomes visible under its name only when it is kept.

    Written as UTF-8 with a byte order mark, so that Excel shows the accents. Cells that a
    spreadsheet would take for a formula get an apostrophe, which an import takes away again.
    """

    def __init__(self, path: Path, headings: Sequence[str], *, delimiter: str = ",") -> None:
        """Prepare for rejects of a list with these *headings*; nothing is written yet."""
        self.path = path
        # Always the same name, so that what a killed import leaves is taken up by the next one.
        self._draft = path.with_name(f".{path.name}.part")
        self._picked = [at for at, text in enumerate(headings) if fold(text) not in REJECT_COLUMNS]
        self._heading = [headings[at] for at in self._picked]
        self._delimiter = delimiter
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._draft.unlink(missing_ok=True)

    def add(self, rejection: Rejection) -> None:
        """Write one refused row."""
        cells = rejection.cells
        original = [cells[at] if at < len(cells) else "" for at in self._picked]
        self._write([*original, str(rejection.row), f"{rejection.reason}: {rejection.message}"])

    def finish(self) -> None:
        """Put everything on the disk; a full disk is noticed here, before anything is merged."""
        if self._file is None:
            self._open()
        assert self._file is not None  # noqa: S101 - opened above
        self._file.flush()
        os.fsync(self._file.fileno())

    def content(self) -> bytes:
        """Return everything that was written and finished."""
        return self._draft.read_bytes()

    def keep(self) -> None:
        """Give the finished file its name, in place of an older rejects file."""
        self._draft.replace(self.path)

    def _open(self) -> None:
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=self._delimiter)
        self._writer.writerow([escape(cell) for cell in (*self._heading, *REJECT_COLUMNS)])

    def _write(self, cells: Sequence[str]) -> None:
        if self._file is None:
            self._open()
        self._writer.writerow([escape(cell[:_MAX_CELL_CHARS]) for cell in cells])


def check_overwritable(path: Path, *, source: Path) -> None:
    """Raise SubscriberFileError unless *path* is free or holds rejects of an earlier import."""
    if not path.exists():
        return
    if path.samefile(source):
        raise SubscriberFileError(
            f"{path.name} is the list being imported. Nothing was imported. "
            "Give the rejects another name."
        )
    try:
        with path.open(encoding="utf-8-sig") as file:
            heading = file.readline(100_000)
    except UnicodeDecodeError:
        heading = "?"
    known = any(is_rejects_heading(heading.split(delimiter)) for delimiter in ",;\t")
    if heading and not known:
        raise SubscriberFileError(
            f"{path.name} exists and is no rejects file, so it is not overwritten. Nothing was "
            "imported. Give the rejects another name."
        )


def free_path(source: Path) -> Path:
    """Return a path beside *source* that nothing has yet: ``list.rejects.csv`` or a later one."""
    number = 1
    while True:
        middle = ".rejects" if number == 1 else f".rejects-{number}"
        path = source.with_name(f"{source.stem}{middle}.csv")
        if not path.exists():
            return path
        number += 1


def escape(cell: str) -> str:
    """Return *cell* so that no spreadsheet takes it for a formula; `unescape` undoes it.

    An apostrophe goes in front of whatever could start a formula, and in front of an apostrophe,
    so that undoing it is exact: ``=1+1`` is written ``'=1+1`` and ``'x`` is written ``''x``.
    """
    return f"'{cell}" if cell[:1] in _ESCAPED else cell


def unescape(cell: str) -> str:
    """Return the cell that `escape` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _ESCAPED else cell

"""Backups of SQLite: a snapshot while everything runs, and the way back when nothing does."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from service.backups.drafts import new_file
from service.errors import BackupError


def back_up(database: Path, file: Path) -> None:
    """Write a checked snapshot of *database* to *file*, which must not exist; nobody waits."""
    with new_file(file) as draft:
        try:
            with _opened(database) as connection:
                connection.execute("VACUUM INTO ?", (str(draft),))
        except sqlite3.Error as failure:
            raise BackupError(
                f"The backup could not be written: {failure}. No half-written file was kept, and "
                "the data is as it was. Look at the free space and at `loa db check`."
            ) from None
        _check(draft)


def restore(
    database: Path, file: Path, *, replace: bool, aside: Path, prepare: Callable[[Path], None]
) -> bool:
    """Put the backup *file* in the place of *database*; return whether one was put *aside*.

    *prepare* is given the path of the copy before it takes that place.
    Raises BackupError when *file* is no sound backup, when *database* exists and *replace* is
    false, or when a process still has it open.
    """
    _check(file)
    existed = database.exists()
    if existed and not replace:
        raise BackupError(
            f"There is a database at {database} already. Nothing was changed. "
            "With --replace it is put aside, not deleted."
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    arriving = database.with_name(f"{database.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(file, arriving)
        arriving.chmod(0o600)
        prepare(arriving)
        _check(arriving)
        if existed:
            _put_aside(database, aside)
        arriving.replace(database)
    finally:
        arriving.unlink(missing_ok=True)
    return existed


def _put_aside(database: Path, aside: Path) -> None:
    """Keep *database* under the name *aside* as well, complete in one file."""
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=1)) as connection:
            # Leaving WAL needs the file for itself alone, and folds the log into it.
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as refused:
        raise BackupError(
            f"{database} cannot be put aside ({refused}). Nothing was changed. Stop `loa up` and "
            "every other process that uses it first."
        ) from None
    except sqlite3.DatabaseError:
        # Too damaged to fold; its log is kept beside it.
        for ending in ("-wal", "-shm"):
            part = database.with_name(database.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
    os.link(database, aside)


def _check(file: Path) -> None:
    """Raise BackupError unless *file* is a whole SQLite database with Loa's schema in it."""
    try:
        with _opened(file) as connection:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError as refused:
        verdict, versions = str(refused), []
    if verdict != "ok" or not versions:
        raise BackupError(
            f"{file} is not a sound backup of Loa ({verdict}). The data is as it was. "
            "Use another backup; if it came over a network, fetch it again."
        )


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        yield connection

"""Drafts: a backup has its name only when it is complete and on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import BackupError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield an empty file beside *path*, for its owner only, that becomes *path* at the end.

    Raises BackupError when *path* exists. If the block fails, nothing is left.
    """
    if path.exists():
        raise _taken(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield draft
        _write_through(draft)
        # Whoever makes the name owns it; a rename alone would overwrite, and sticks know no links.
        path.touch(0o600, exist_ok=False)
        draft.replace(path)
        _write_through(path.parent)
    except FileExistsError:
        raise _taken(path) from None
    finally:
        draft.unlink(missing_ok=True)


def _taken(path: Path) -> BackupError:
    return BackupError(
        f"{path} exists already. Nothing was written. Choose another name, or move that file away."
    )


def _write_through(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

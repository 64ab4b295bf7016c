"""Stored files: what lies in the data directory beside the database, written whole."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def store(data_dir: Path, name: str, content: bytes) -> Path:
    """Write *content* as *name* below *data_dir*, readable by our own user only."""
    path = data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return path


def drop(data_dir: Path, name: str) -> None:
    """Remove *name* from *data_dir*; one that is gone already stays gone."""
    (data_dir / name).unlink(missing_ok=True)

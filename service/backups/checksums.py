"""Checksums: a backup that changed on a stick or a network is found out before it is restored."""

import hashlib
from pathlib import Path

from service.errors import BackupError

ENDING = ".sha256"


def write_checksum(file: Path) -> Path:
    """Write the SHA-256 of *file* beside it, as ``sha256sum --check`` reads it."""
    beside = _beside(file)
    beside.write_text(f"{_sum(file)}  {file.name}\n", encoding="utf-8")
    return beside


def require_same(file: Path) -> bool:
    """Raise BackupError when *file* is not what its checksum says; False when it has none."""
    beside = _beside(file)
    if not beside.exists():
        return False
    written = beside.read_text(encoding="utf-8", errors="replace").split(maxsplit=1)[:1]
    if written != [_sum(file)]:
        raise BackupError(
            f"{file} is not what it was when it was saved: its checksum in {beside.name} is "
            "another. The data is as it was. Use another backup, or fetch this one again."
        )
    return True


def _beside(file: Path) -> Path:
    return file.with_name(file.name + ENDING)


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

"""Drafts: a backup has its name only when it is complete."""

from pathlib import Path

import pytest

from service.backups.drafts import new_file
from service.errors import BackupError


class PowerCutError(Exception):
    pass


def write_and_lose_power(path: Path) -> None:
    with new_file(path) as draft:
        draft.write_text("half")
        raise PowerCutError


def write_too_late(path: Path) -> None:
    with new_file(path) as draft:
        draft.write_text("mine")
        path.write_text("somebody else's")


def test_a_file_that_was_begun_and_not_finished_is_not_there(tmp_path: Path) -> None:
    """Half a backup that looks like a whole one is worse than none."""
    with pytest.raises(PowerCutError):
        write_and_lose_power(tmp_path / "backup")

    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("last week")

    with pytest.raises(BackupError, match="exists already"), new_file(file):
        pass

    assert file.read_text() == "last week"


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "backup"

    with pytest.raises(BackupError, match="exists already"):
        write_too_late(file)

    assert file.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [file]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with new_file(tmp_path / "backup") as draft:
        draft.write_text("everything")

    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0

"""Stored files: whole, ours alone, and gone when dropped."""

from pathlib import Path

from service.stored_files import drop, store


def test_a_file_is_written_for_our_user_alone_and_dropped_for_good(tmp_path: Path) -> None:
    """Nobody else on the machine can read it, and no half of it ever lies there."""
    path = store(tmp_path, "voices/abc", b"sealed")
    assert path.read_bytes() == b"sealed"
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == ["abc"]
    drop(tmp_path, "voices/abc")
    drop(tmp_path, "voices/abc")
    assert list(path.parent.iterdir()) == []

"""``loa db``: the schema, its health, and backups, as an administrator uses them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select, text

from campaigns.areas import Area
from service.cli.app import main
from service.database import open_engine, open_sessions, reading
from service.embedded.valkey import running_valkey
from tests.builders import NOON

NOWHERE = "postgresql://nobody:very-secret@127.0.0.1:1/none"


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def loa(*words: str, url: str, data_dir: Path, **environment: str) -> Result:
    """Run ``loa db`` the way an administrator with these settings does."""
    settings = {"LOA_DATABASE_URL": url, "LOA_DATA_DIR": str(data_dir), **environment}
    return CliRunner().invoke(main, ["db", *words], env=settings)


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def remember_an_area(url: str) -> None:
    with opened(url) as engine, open_sessions(engine).begin() as session:
        session.add(Area(code="06001", name="Ba Sơn", kind="xã", valid_from=NOON.date()))


def known_areas(url: str) -> list[str]:
    with opened(url) as engine, reading(open_sessions(engine)) as session:
        return list(session.scalars(select(Area.code)))


def test_a_new_database_is_brought_to_this_version_and_a_second_time_left_alone(
    bare_database: str, data_dir: Path
) -> None:
    first = answer(loa("upgrade", "--json", url=bare_database, data_dir=data_dir))
    second = answer(loa("upgrade", "--json", url=bare_database, data_dir=data_dir))

    assert first["before"] is None
    assert first["after"] == second["before"] == second["after"] != None  # noqa: E711


def test_a_database_of_a_newer_loa_is_left_alone(fresh_database: str, data_dir: Path) -> None:
    with opened(fresh_database) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from_tomorrow'"))

    refused = loa("upgrade", url=fresh_database, data_dir=data_dir)

    assert refused.exit_code == 1
    assert "newer Loa" in refused.stderr


def test_a_sound_installation_passes_its_check(fresh_database: str, data_dir: Path) -> None:
    with running_valkey(data_dir) as queue:
        found = loa("check", "--json", url=fresh_database, data_dir=data_dir, LOA_REDIS_URL=queue)

    assert answer(found)["ok"] is True
    assert [check["what"] for check in answer(found)["checks"]] == [
        "database",
        "schema",
        "integrity",
        "seal key",
        "audit",
        "settlements",
        "queue",
    ]


def test_a_queue_that_does_not_answer_fails_the_check(fresh_database: str, data_dir: Path) -> None:
    found = loa(
        "check",
        "--json",
        url=fresh_database,
        data_dir=data_dir,
        LOA_REDIS_URL="redis://127.0.0.1:1",
    )

    assert found.exit_code == 1
    failed = [check["what"] for check in json.loads(found.stdout)["checks"] if not check["ok"]]
    assert failed == ["queue"]


def test_a_database_without_tables_fails_the_check(bare_database: str, data_dir: Path) -> None:
    found = loa("check", url=bare_database, data_dir=data_dir)

    assert found.exit_code == 1
    assert "loa db upgrade" in found.output


def test_a_server_that_is_not_there_fails_the_check_without_showing_its_password(
    data_dir: Path,
) -> None:
    found = loa("check", "--json", url=NOWHERE, data_dir=data_dir)

    assert found.exit_code == 1
    assert "very-secret" not in found.output
    assert json.loads(found.stdout)["checks"][0]["ok"] is False


def test_damage_on_the_disk_is_found(data_dir: Path, tmp_path: Path) -> None:
    """A laptop that lost power may have written half a page; the clerk must not find out later."""
    path = tmp_path / "loa.sqlite3"
    url = f"sqlite:///{path}"
    answer(loa("upgrade", "--json", url=url, data_dir=data_dir))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))

    found = loa("check", url=url, data_dir=data_dir)

    assert found.exit_code == 1
    assert "restore the last good backup" in found.output


def test_what_was_saved_comes_back(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path
) -> None:
    remember_an_area(fresh_database)
    file = str(tmp_path / "backup of today")

    answer(loa("backup", file, "--json", url=fresh_database, data_dir=data_dir))
    restored = answer(loa("restore", file, "--json", url=bare_database, data_dir=data_dir))

    assert restored["version"] == restored["needed"]
    assert known_areas(bare_database) == ["06001"]
    assert loa("check", url=bare_database, data_dir=data_dir).exit_code == 0


def test_a_database_with_data_is_not_overwritten(
    fresh_database: str, data_dir: Path, tmp_path: Path
) -> None:
    file = str(tmp_path / "backup")
    answer(loa("backup", file, "--json", url=fresh_database, data_dir=data_dir))
    remember_an_area(fresh_database)

    refused = loa("restore", file, url=fresh_database, data_dir=data_dir)

    assert refused.exit_code == 1
    assert "Nothing was changed" in refused.stderr
    assert known_areas(fresh_database) == ["06001"]


def test_an_older_backup_is_not_overwritten(
    fresh_database: str, data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    file.write_text("last week")

    refused = loa("backup", str(file), url=fresh_database, data_dir=data_dir)

    assert refused.exit_code == 1
    assert file.read_text() == "last week"


@pytest.mark.parametrize("length", [0, 100, 5000])
def test_half_a_backup_is_refused_and_changes_nothing(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path, length: int
) -> None:
    """A copy that broke off on its way from another machine."""
    whole, half = tmp_path / "whole", tmp_path / "half"
    answer(loa("backup", str(whole), "--json", url=fresh_database, data_dir=data_dir))
    half.write_bytes(whole.read_bytes()[:length])

    refused = loa("restore", str(half), url=bare_database, data_dir=data_dir)

    assert refused.exit_code == 1
    assert refused.exception is None or isinstance(refused.exception, SystemExit)
    assert loa("check", url=bare_database, data_dir=data_dir).exit_code == 1


def test_the_database_before_a_restore_is_kept_aside(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "loa.sqlite3"
    url, file = f"sqlite:///{path}", str(tmp_path / "backup")
    answer(loa("upgrade", "--json", url=url, data_dir=data_dir))
    answer(loa("backup", file, "--json", url=url, data_dir=data_dir))
    remember_an_area(url)

    restored = loa("restore", file, "--replace", "--json", url=url, data_dir=data_dir)

    assert known_areas(url) == []
    assert known_areas(f"sqlite:///{answer(restored)['aside']}") == ["06001"]


def test_a_database_in_use_is_not_replaced(data_dir: Path, tmp_path: Path) -> None:
    """Replacing the file under a running process would damage both."""
    path = tmp_path / "loa.sqlite3"
    url, file = f"sqlite:///{path}", str(tmp_path / "backup")
    answer(loa("upgrade", "--json", url=url, data_dir=data_dir))
    answer(loa("backup", file, "--json", url=url, data_dir=data_dir))

    with opened(url) as engine, engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM areas"))
        refused = loa("restore", file, "--replace", url=url, data_dir=data_dir)

    assert refused.exit_code == 1
    assert "Stop `loa up`" in refused.stderr


def test_a_damaged_database_can_be_replaced(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "loa.sqlite3"
    url, file = f"sqlite:///{path}", str(tmp_path / "backup")
    answer(loa("upgrade", "--json", url=url, data_dir=data_dir))
    answer(loa("backup", file, "--json", url=url, data_dir=data_dir))
    path.write_bytes(os.urandom(20_000))

    answer(loa("restore", file, "--replace", "--json", url=url, data_dir=data_dir))

    assert loa("check", url=url, data_dir=data_dir).exit_code == 0


def test_a_full_disk_leaves_no_half_backup(data_dir: Path, tmp_path: Path) -> None:
    """`prlimit` stands in for the disk: no file may grow beyond 8 KB."""
    url = f"sqlite:///{tmp_path / 'loa.sqlite3'}"
    answer(loa("upgrade", "--json", url=url, data_dir=data_dir))
    prlimit = shutil.which("prlimit")
    assert prlimit is not None
    target = tmp_path / "out" / "backup"
    target.parent.mkdir()

    ran = subprocess.run(
        [prlimit, "--fsize=8192", sys.executable, "-m", "service", "db", "backup", str(target)],
        env=os.environ | {"LOA_DATABASE_URL": url, "LOA_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(target.parent.iterdir()) == []


def test_a_backup_that_changed_on_its_way_is_refused(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path
) -> None:
    """A flipped bit in somebody's number would pass every check of the database's own."""
    file = tmp_path / "backup"
    answer(loa("backup", str(file), "--json", url=fresh_database, data_dir=data_dir))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    refused = loa("restore", str(file), url=bare_database, data_dir=data_dir)

    assert refused.exit_code == 1
    assert "checksum" in refused.stderr

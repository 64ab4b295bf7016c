"""Surroundings: disks, secrets, databases and queues that are not as they should be."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.demonstration import DIRECTORY
from service.embedded.valkey import running_valkey
from service.ports import free_port
from service.queue_server import open_redis
from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import OTHER_KEY, Clerk, a_campaign_file, a_small_province, everything

PASSWORD = "very-secret"  # noqa: S105 - it opens nothing
KILOBYTES = 1024


def in_a_process(clerk: Clerk, *words: str | Path, before: tuple[str, ...] = ()) -> str:
    """Run a command that must be refused in a process of its own; return its sentence."""
    command = [*before, sys.executable, "-m", "service", *(str(word) for word in words)]
    ran = subprocess.run(
        command, env=os.environ | clerk.settings, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stderr


def find(program: str) -> str:
    found = shutil.which(program)
    assert found is not None
    return found


@pytest.fixture
def on_disk(data_dir: Path) -> Clerk:
    """A clerk of an installation on one machine, with its database in the data directory."""
    clerk = Clerk(f"sqlite:///{data_dir / 'loa.sqlite3'}", data_dir)
    clerk.answer("db", "upgrade")
    a_small_province(clerk.url)
    return clerk


@pytest.fixture
def without_rights(on_disk: Clerk) -> Iterator[tuple[str, ...]]:
    """Make the data directory read-only; what to put before a command so that root heeds it."""
    data_dir = Path(on_disk.settings["LOA_DATA_DIR"])
    parts = [data_dir, *data_dir.iterdir()]
    modes = {part: part.stat().st_mode for part in parts}
    for part, mode in modes.items():
        part.chmod(mode & ~0o222)
    rights = "-dac_override,-dac_read_search"
    drop = (find("setpriv"), f"--bounding-set={rights}", f"--inh-caps={rights}")
    yield drop if os.geteuid() == 0 else ()
    for part, mode in modes.items():
        part.chmod(mode)


def a_long_list(directory: Path) -> Path:
    return a_list(directory, *(f"0912{number:06d},06196" for number in range(30_000)))


def test_a_disk_that_fills_up_in_the_middle_of_an_import(on_disk: Clerk, tmp_path: Path) -> None:
    """`prlimit` stands in for the disk: no file may grow beyond 300 KB."""
    before = everything(on_disk.url)
    limit = (find("prlimit"), f"--fsize={300 * KILOBYTES}")

    said = in_a_process(on_disk, "subscribers", "import", a_long_list(tmp_path), before=limit)

    assert "it is full" in said
    assert "The data is as it was" in said
    assert everything(on_disk.url) == before
    assert list(tmp_path.glob("*rejects*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB; where none may be mounted, a directory without that limit."""
    path = tmp_path / "disk"
    path.mkdir()
    options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)]
    mounted = subprocess.run([find("mount"), *options], check=False, capture_output=True)
    yield path
    if mounted.returncode == 0:
        subprocess.run([find("umount"), str(path)], check=True)


def test_a_full_disk_keeps_the_data_and_room_lets_the_same_command_pass(
    small_disk: Path, tmp_path: Path
) -> None:
    clerk = Clerk(f"sqlite:///{small_disk / 'loa.sqlite3'}", small_disk)
    clerk.answer("db", "upgrade")
    a_small_province(clerk.url)
    # Where nothing may be mounted, a limit on files stands in for the full disk.
    limit = (find("prlimit"), f"--fsize={300 * KILOBYTES}")
    fills_up = () if small_disk.is_mount() else limit
    before = everything(clerk.url)

    said = in_a_process(clerk, "subscribers", "import", a_long_list(tmp_path), before=fills_up)

    assert "full" in said
    assert "The data is as it was" in said
    assert everything(clerk.url) == before
    room = a_list(tmp_path, "0912345678,06196", name="short.csv")
    assert clerk.answer("subscribers", "import", room)["entered"] == 1


def test_a_read_only_data_directory(on_disk: Clerk, without_rights: tuple[str, ...]) -> None:
    words = ("users", "add", "minh", "--agency", "Sở Y tế", "--role", "sender")

    said = in_a_process(on_disk, *words, before=without_rights)

    assert "may not be written by you" in said
    assert "The data is as it was" in said


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    clerk = Clerk("", tmp_path / "taken" / "var")

    said = clerk.refusal("areas", "list", LOA_SECRET_KEY="", LOA_SEAL_KEY="")

    assert "cannot be written" in said
    assert "LOA_DATA_DIR" in said


def test_a_database_that_is_damaged(on_disk: Clerk, data_dir: Path) -> None:
    (data_dir / "loa.sqlite3").write_bytes(b"no database at all" * 1000)

    said = on_disk.refusal("areas", "list")

    assert "file is not a database" in said


def test_a_file_that_may_not_be_read(
    on_disk: Clerk, without_rights: tuple[str, ...], tmp_path: Path
) -> None:
    file = a_list(tmp_path, "0912345678,06196")
    file.chmod(0)
    command = [*without_rights, sys.executable, "-m", "service", "subscribers", "import", str(file)]

    ran = subprocess.run(
        command, env=os.environ | on_disk.settings, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 2
    assert "is not readable" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("missing", ["LOA_SEAL_KEY", "LOA_SECRET_KEY"])
@pytest.mark.parametrize("value", ["", "short", "x" * 40])
def test_a_missing_secret_beside_a_database_of_ones_own(
    clerk: Clerk, data_dir: Path, missing: str, value: str
) -> None:
    """Only on one machine with nothing configured may Loa make secrets by itself."""
    before = everything(clerk.url)

    without = Clerk(clerk.url, data_dir, **{missing: value})
    said = without.refusal("areas", "load", "--lang-son")

    assert said.startswith(f"{missing} must be set to at least 32 random characters")
    assert "openssl rand -base64 32" in said
    assert everything(clerk.url) == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is not an address of a database"),
        (f"mysql://loa:{PASSWORD}@db/loa", "is not an address of a database"),
        (f"postgresql://loa:{PASSWORD}@db:port/loa", "is not an address of a database"),
        (f"postgresql://loa:{PASSWORD}@2026@db/loa", "%40"),
        (f"postgresql://loa:{PASSWORD}@2026:a@db/loa", "%40"),
        (f"postgresql://loa:{PASSWORD}@127.0.0.1:1/loa?colour=red", "colour"),
        (f"postgresql://loa:{PASSWORD}@127.0.0.1:1/loa", "Connection refused"),
        (f"postgresql://loa:{PASSWORD}@nowhere.invalid/loa", "nowhere.invalid"),
    ],
)
def test_a_database_address_that_leads_nowhere(data_dir: Path, url: str, said: str) -> None:
    clerk = Clerk(url, data_dir)

    message = clerk.refusal("areas", "list")

    assert said in message
    assert "LOA_DATABASE_URL" in message
    assert "very" not in message
    assert "2026" not in message


def test_a_database_without_tables(bare_database: str, data_dir: Path) -> None:
    assert "loa db upgrade" in Clerk(bare_database, data_dir).refusal("areas", "list")


def test_settings_that_are_no_text(
    clerk: Clerk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes("LOA_HOTLINE=Tổng đài".encode("utf-16"))
    monkeypatch.chdir(tmp_path)

    said = clerk.refusal("areas", "list")

    assert ".env is not a text in UTF-8" in said


def test_a_setting_that_is_wrong(clerk: Clerk) -> None:
    assert "LOA_LANES" in clerk.refusal("areas", "list", LOA_LANES="fast")


@pytest.mark.parametrize(
    "written", ["proxy:3128", "http://proxy", "socks5://proxy:1", "http://x:y"]
)
def test_a_proxy_that_is_no_address(clerk: Clerk, written: str) -> None:
    said = clerk.refusal("areas", "list", LOA_CARRIER_PROXY=f"{written}/{PASSWORD}")

    assert "LOA_CARRIER_PROXY" in said
    assert "http://HOST:PORT" in said
    assert PASSWORD not in said


@pytest.mark.parametrize("kind", ["nobody listens", "no address", "another server"])
def test_a_launch_without_a_queue_leaves_nothing_launched(
    busy_clerk: Clerk, tmp_path: Path, kind: str
) -> None:
    busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))
    for login in ("duyet", "gui"):
        busy_clerk.answer("campaigns", "sign", "1", "--user", login)
    before = everything(busy_clerk.url)
    addresses = {
        "nobody listens": f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0",
        "no address": f"redis:/{PASSWORD}",
        "another server": f"rediss://:{PASSWORD}@nowhere.invalid:6379/0",
    }

    said = busy_clerk.refusal("campaigns", "launch", "1", LOA_REDIS_URL=addresses[kind])

    assert "LOA_REDIS_URL" in said
    assert PASSWORD not in said
    assert everything(busy_clerk.url) == before
    assert busy_clerk.answer("broadcasts", "list") == []


def test_a_launch_with_another_databases_seal_key_leaves_nothing_launched(
    busy_clerk: Clerk, tmp_path: Path, valkey_url: str
) -> None:
    busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))
    for login in ("duyet", "gui"):
        busy_clerk.answer("campaigns", "sign", "1", "--user", login)

    said = busy_clerk.refusal(
        "campaigns",
        "launch",
        "1",
        LOA_REDIS_URL=valkey_url,
        LOA_SEAL_KEY=OTHER_KEY,
    )

    assert "does not open with LOA_SEAL_KEY" in said
    assert busy_clerk.answer("broadcasts", "list") == []


def test_a_demonstration_where_another_is_running(data_dir: Path) -> None:
    """Its data is not taken from under its processes; it goes on as if nothing had been asked."""
    clerk = Clerk("", data_dir)
    directory = data_dir / DIRECTORY
    directory.mkdir()
    kept = directory / "loa.sqlite3"
    kept.write_bytes(b"what the other one has written")

    with running_valkey(directory) as url, open_redis(url) as queue:
        queue.set("waiting", "a job")
        said = in_a_process(clerk, "demo", "--once")

        assert queue.get("waiting") == b"a job"
    assert said.count("\n") == 1
    assert f"is running in {directory}" in said
    assert kept.read_bytes() == b"what the other one has written"

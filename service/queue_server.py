"""The queue server: one way to open Redis or Valkey, on a network or beside the data."""

import os
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from service.errors import SettingsError

# The kernel keeps the path of a unix socket in 108 bytes (macOS: 104), with a zero at the end.
LONGEST_SOCKET_PATH = 103
_CONNECT_WITHIN_S = 2
_ANSWER_WITHIN_S = 30
# Tries and waits add up to two seconds: longer than a supervised server needs to come back.
_RETRIES = 7
# A connection that the server has dropped meanwhile says nothing about the server.
_ANEW = 1

Client = TypeVar("Client", Redis, AsyncRedis)


def open_redis(url: str, *, waits: bool = True) -> Redis:
    """Return a client for *url*: ``redis://``, ``rediss://`` or ``unix://`` and a path.

    Nothing is asked of the server yet. Where nobody listens, a command fails within three seconds,
    and at once if the client does not wait for a server to come back: with redis' ConnectionError
    when the machine says so, TimeoutError when it says nothing. A blocking read may wait for less
    than 30 seconds. What timed out is not sent again, because the server may have done it.
    """
    backoff = _backoff() if waits else NoBackoff()
    retries = _RETRIES if waits else _ANEW
    return _open(Redis, url, Retry(backoff, retries, supported_errors=(RedisConnectionError,)))


def open_async_redis(url: str) -> AsyncRedis:
    """Return the same as ``open_redis`` for use in one event loop."""
    retry = AsyncRetry(_backoff(), _RETRIES, supported_errors=(RedisConnectionError,))
    return _open(AsyncRedis, url, retry)


def _backoff() -> ExponentialBackoff:
    return ExponentialBackoff(cap=0.32, base=0.04)


def _open(kind: type[Client], url: str, retry: Retry | AsyncRetry) -> Client:
    try:
        client: Client = kind.from_url(
            url,
            socket_connect_timeout=_CONNECT_WITHIN_S,
            socket_timeout=_ANSWER_WITHIN_S,
            retry=retry,
        )
    except ValueError:
        raise SettingsError(
            "LOA_REDIS_URL is not an address of a queue server. Nothing was changed. Write "
            "redis://:password@host:6379/0, or leave it empty for the one that `loa up` starts."
        ) from None
    if urlsplit(url).scheme == "unix":
        client.connection_pool.connection_kwargs["path"] = _reachable(socket_path(url))
    return client


def socket_url(path: Path) -> str:
    """Return the URL of the queue server that listens on the unix socket at *path*."""
    return f"unix://{quote(str(path.absolute()))}"


def socket_path(url: str) -> Path:
    """Return the path of the unix socket in *url*."""
    return Path(unquote(urlsplit(url).path))


def _reachable(path: Path) -> str:
    """Return a name for *path* that fits into a socket address, however deep it lies."""
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return str(path)
    return f"/proc/self/fd/{_directory(path.parent)}/{path.name}"


@cache
def _directory(path: Path) -> int:
    """Open *path* once for the life of this process and of those it forks."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise SettingsError(
            f"No queue server has run in {path} yet. Nothing was changed. Start `loa up` first."
        ) from None

"""Limits: how many requests a minute a program may send, so that one cannot crowd out the rest."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock

from flask import Flask, Response, g
from redis import Redis
from redis.exceptions import RedisError

from service.api.kinds import TOO_MANY
from service.api.refusals import Refusal, RefusedError
from service.errors import ServiceError

WINDOW_S = 60
# Whoever shows no valid key has little to ask for; programs with one are never held up by them.
STRANGERS_A_MINUTE = 120
_COUNTED = "limit_found"
# Requests are counted on the server so many at a time: a hundredth of what a window allows. What
# a process has counted and is not asked for is lost to the program, until the window ends.
_PARTS = 100
# An attempt at a server that says nothing takes seconds, which nobody shall wait for each time.
_AVOID_FOR_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a window stands: how many requests it allows, how many are left, for how long."""

    allowed: int
    left: int
    ends_in_s: int


class Limits:
    """Counts requests on the queue server, for all web processes together.

    While that server is away nothing is limited: an operator must be able to stop a broadcast.
    """

    def __init__(self, open_server: Callable[[], Redis], *, a_minute: int) -> None:
        self._open_server = cache(open_server)
        self._a_minute = a_minute
        self._avoid_until = 0.0
        self._held = _Held()

    def count_program(self, key: int | str) -> None:
        """Count one request of the program with this key; raise RefusedError beyond its limit."""
        self._count(f"program:{key}", self._a_minute)

    def count_stranger(self, address: str) -> None:
        """Count one request without a valid key; raise RefusedError beyond the limit."""
        self._count(f"stranger:{address}", STRANGERS_A_MINUTE)

    def _count(self, who: str, allowed: int) -> None:
        now = time.monotonic()
        if now < self._avoid_until:
            return
        found = self._held.take(who, now)
        if found is None:
            part = max(allowed // _PARTS, 1)
            try:
                asked, ends_in_s = self._ask(f"loa:limit:{who}", part)
            except (RedisError, ServiceError) as away:
                log.warning("requests are not limited: %s", type(away).__name__)
                self._avoid_until = time.monotonic() + _AVOID_FOR_S
                return
            granted = allowed - (asked - part)
            found = Found(allowed, max(granted - 1, 0), ends_in_s)
            if granted <= 0:
                setattr(g, _COUNTED, found)
                raise RefusedError(Refusal(TOO_MANY, headers={"Retry-After": str(ends_in_s)}))
            self._held.put(who, found, min(granted, part) - 1, now)
        setattr(g, _COUNTED, found)

    def _ask(self, name: str, part: int) -> tuple[int, int]:
        """Count *part* requests; return how many that makes, and for how long they count."""
        steps = self._open_server().pipeline(transaction=True)
        steps.set(name, 0, ex=WINDOW_S, nx=True)
        steps.incrby(name, part)
        steps.ttl(name)
        _, asked, ends_in_s = steps.execute()
        return asked, max(ends_in_s, 1)


class _Held:
    """What this process has counted on the server and not yet been asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: dict[str, _Part] = {}

    def take(self, who: str, now: float) -> Found | None:
        """Return where the window of *who* stands after one more request, if that was counted."""
        with self._lock:
            part = self._parts.get(who)
            if part is None:
                return None
            if now >= part.ends or not part.requests:
                del self._parts[who]
                return None
            part.requests -= 1
            part.left -= 1
            return Found(part.allowed, part.left, max(round(part.ends - now), 1))

    def put(self, who: str, found: Found, requests: int, now: float) -> None:
        """Keep *requests* that were counted beyond the one that was asked for."""
        if not requests:
            return
        with self._lock:
            # Another thread may have had some counted meanwhile.
            before = self._parts.get(who)
            if before is not None and now < before.ends:
                requests += before.requests
            self._parts[who] = _Part(found.allowed, found.left, requests, now + found.ends_in_s)


@dataclass(slots=True)
class _Part:
    allowed: int
    left: int
    requests: int
    ends: float


def limit_requests(app: Flask, limits: Limits) -> None:
    """Have *app* count by *limits*, and every answer say how much is left.

    The two fields are those of draft-ietf-httpapi-ratelimit-headers-10.
    """
    app.extensions["loa_limits"] = limits

    @app.after_request
    def say(answer: Response) -> Response:
        found: Found | None = g.get(_COUNTED)
        if found is not None:
            answer.headers["RateLimit-Policy"] = f'"minute";q={found.allowed};w={WINDOW_S}'
            answer.headers["RateLimit"] = f'"minute";r={found.left};t={found.ends_in_s}'
        return answer

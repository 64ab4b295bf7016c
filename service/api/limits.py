"""Limits: how many requests a minute a program may send, so that one cannot crowd out the rest."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

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
# An attempt at a server that is away takes seconds, which nobody shall wait for each time.
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

    def count_program(self, key: int | str) -> None:
        """Count one request of the program with this key; raise RefusedError beyond its limit."""
        self._count(f"program:{key}", self._a_minute)

    def count_stranger(self, address: str) -> None:
        """Count one request without a valid key; raise RefusedError beyond the limit."""
        self._count(f"stranger:{address}", STRANGERS_A_MINUTE)

    def _count(self, who: str, allowed: int) -> None:
        if time.monotonic() < self._avoid_until:
            return
        name = f"loa:limit:{who}"
        try:
            steps = self._open_server().pipeline(transaction=True)
            steps.set(name, 0, ex=WINDOW_S, nx=True)
            steps.incr(name)
            steps.ttl(name)
            _, asked, ends_in_s = steps.execute()
        except (RedisError, ServiceError) as away:
            log.warning("requests are not limited: %s", type(away).__name__)
            self._avoid_until = time.monotonic() + _AVOID_FOR_S
            return
        found = Found(allowed, max(allowed - asked, 0), max(ends_in_s, 1))
        setattr(g, _COUNTED, found)
        if asked > allowed:
            raise RefusedError(Refusal(TOO_MANY, headers={"Retry-After": str(found.ends_in_s)}))


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

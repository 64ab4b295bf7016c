"""Turn times: how long callers waited for each turn, counted by every web process together."""

import asyncio
import bisect
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

KEY = "loa:vitals:turn-times"
# Seconds; a caller notices a pause from about half a second on, a carrier gives up after 15.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_SUM = "milliseconds"
_WRITTEN_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """Turns by how long they took: one count for each bound and one for longer; the sum in s."""

    counts: tuple[int, ...]
    total_s: float


class TurnTimer:
    """Counts in memory, and adds to what all processes counted every few seconds."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._redis = redis
        self._counted: Counter[str] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def count(self, seconds: float) -> None:
        """Count one turn; the first since the last writing has it written soon."""
        self._counted[str(bisect.bisect_left(BOUNDS, seconds))] += 1
        self._counted[_SUM] += round(seconds * 1000)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._write()
        await self._redis.aclose()

    async def _write_soon(self) -> None:
        await asyncio.sleep(_WRITTEN_EVERY_S)
        await self._write()

    async def _write(self) -> None:
        counted, self._counted = self._counted, Counter()
        # Counting is not worth anybody's wait: what the queue server does not take is forgotten.
        with suppress(RedisError):
            pipeline = self._redis.pipeline(transaction=False)
            for name, count in counted.items():
                pipeline.hincrby(KEY, name, count)
            await pipeline.execute()


def read_turn_times(redis: Redis) -> TurnTimes:
    """Return what all web processes have counted; raises redis' errors."""
    found = cast("dict[bytes, bytes]", redis.hgetall(KEY))
    kept = {name.decode(): int(count) for name, count in found.items()}
    counts = tuple(kept.get(str(index), 0) for index in range(len(BOUNDS) + 1))
    return TurnTimes(counts, kept.get(_SUM, 0) / 1000)

"""Group commit: many receipts at a time are put on the stream, and only then acknowledged."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from campaigns.broadcasts.receiving import CarrierReport
from workers.receipts import MOST_IN_AN_ENTRY, STREAM, TALLIES, write_entry

_MOST_WAITING = 20_000
# A carrier gives up waiting for our answer after 15 seconds.
_ANSWER_WITHIN_S = 3
_AVOID_FOR_S = 1.0

WriteThrough = Callable[[Sequence[CarrierReport]], object]
Entry = CarrierReport | str

log = logging.getLogger(__name__)


class GroupCommit:
    """Keeps reports, and counts of what is none, in the order in which they came in."""

    def __init__(self, redis: Redis, *, write_through: WriteThrough) -> None:
        """Put reports on *redis*'s stream, or hand them to *write_through* when it is away."""
        self._redis = redis
        self._write_through = write_through
        self._waiting: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._avoid_until = 0.0

    async def keep(self, entry: Entry) -> bool:
        """Keep a report, or count a word; return whether it will outlive this process."""
        if len(self._waiting) >= _MOST_WAITING:
            return False
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        return await kept

    async def close(self) -> None:
        """Finish what waits and give the connection back."""
        if self._committing is not None:
            await self._committing
        await self._redis.aclose()

    async def _commit_all(self) -> None:
        while self._waiting:
            group = self._waiting[:MOST_IN_AN_ENTRY]
            del self._waiting[:MOST_IN_AN_ENTRY]
            is_kept = await self._commit([entry for entry, _ in group])
            for _, kept in group:
                # A sender that hung up has cancelled its own future; its report is kept anyway.
                if not kept.done():
                    kept.set_result(is_kept)

    async def _commit(self, entries: list[Entry]) -> bool:
        reports = [entry for entry in entries if not isinstance(entry, str)]
        words = Counter(entry for entry in entries if isinstance(entry, str))
        if time.monotonic() >= self._avoid_until:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await self._put_on_stream(reports, words)
            except (RedisError, TimeoutError) as away:
                log.warning("receipts go straight to the database: %s", type(away).__name__)
                self._avoid_until = time.monotonic() + _AVOID_FOR_S
            else:
                return True
        return await asyncio.to_thread(self._put_in_tables, reports)

    async def _put_on_stream(self, reports: list[CarrierReport], words: Counter[str]) -> None:
        # One entry for all: what a command costs is spent once a group, not once a report.
        if reports:
            await self._redis.xadd(STREAM, write_entry(reports))
        for word, count in words.items():
            await self._redis.hincrby(TALLIES, word, count)

    def _put_in_tables(self, reports: list[CarrierReport]) -> bool:
        if not reports:
            return True
        try:
            self._write_through(reports)
        except Exception:
            # The carrier hears 503 and tries again; whatever the fault is must not end the door.
            log.exception("receipts could not be kept; the carrier will repeat them")
            return False
        return True

"""Group commit: many receipts at a time are put on the stream, and only then acknowledged."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from campaigns.broadcasts.receiving import CarrierReport
from service.web.groups import Groups
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
        self._groups: Groups[Entry, bool] = Groups(
            self._commit, largest=MOST_IN_AN_ENTRY, most_waiting=_MOST_WAITING
        )
        self._avoid_until = 0.0

    async def keep(self, entry: Entry) -> bool:
        """Keep a report, or count a word; return whether it will outlive this process."""
        return bool(await self._groups.put(entry))

    async def close(self) -> None:
        """Finish what waits and give the connection back."""
        await self._groups.close()
        await self._redis.aclose()

    async def _commit(self, entries: list[Entry]) -> list[bool]:
        return [await self._are_kept(entries)] * len(entries)

    async def _are_kept(self, entries: list[Entry]) -> bool:
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

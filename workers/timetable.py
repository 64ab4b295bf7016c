"""The timetable: which job is asked for how often, as plain data, and the clock that reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import Redis

from workers.caller_texts import recover_caller_texts, send_caller_texts
from workers.carriers import watch_carriers
from workers.errands import do_errands
from workers.imports import import_uploads
from workers.partners import tell_partners
from workers.pushes import push_to_partners
from workers.queues import QueueName, ask_for
from workers.receipts import drain_receipts
from workers.retention import keep_retention
from workers.settlements import settle_partners
from workers.upkeep import listen_again, recover, wake_broadcasts
from workers.voice_messages import fetch_voice_messages


@dataclass(frozen=True, slots=True)
class Entry:
    """Ask for *job* on *queue* every *every*; asking twice is harmless."""

    job: Callable[[], Any]
    queue: QueueName
    every: timedelta


TIMETABLE = (
    Entry(wake_broadcasts, QueueName.URGENT, timedelta(seconds=1)),
    Entry(do_errands, QueueName.ERRANDS, timedelta(seconds=1)),
    Entry(drain_receipts, QueueName.RECEIPTS, timedelta(milliseconds=500)),
    Entry(send_caller_texts, QueueName.URGENT, timedelta(seconds=2)),
    Entry(push_to_partners, QueueName.PARTNERS, timedelta(seconds=1)),
    Entry(recover_caller_texts, QueueName.UPKEEP, timedelta(seconds=15)),
    Entry(fetch_voice_messages, QueueName.UPKEEP, timedelta(seconds=30)),
    Entry(keep_retention, QueueName.UPKEEP, timedelta(hours=1)),
    Entry(import_uploads, QueueName.IMPORTS, timedelta(seconds=2)),
    Entry(tell_partners, QueueName.UPKEEP, timedelta(seconds=2)),
    Entry(recover, QueueName.UPKEEP, timedelta(seconds=5)),
    Entry(listen_again, QueueName.UPKEEP, timedelta(minutes=1)),
    Entry(settle_partners, QueueName.UPKEEP, timedelta(minutes=10)),
    Entry(watch_carriers, QueueName.UPKEEP, timedelta(minutes=2)),
)


class Clock:
    """Remembers when each entry was last asked for; *elapsed* is any steady count of seconds."""

    def __init__(self) -> None:
        self._last: dict[Entry, float] = {}

    def tick(self, redis: Redis, *, elapsed: float) -> timedelta:
        """Ask for every job that is due; return how long to wait for the next."""
        for entry in TIMETABLE:
            if elapsed >= self._due(entry):
                ask_for(redis, entry.queue, entry.job)
                self._last[entry] = elapsed
        return timedelta(seconds=max(0.0, min(map(self._due, TIMETABLE)) - elapsed))

    def _due(self, entry: Entry) -> float:
        last = self._last.get(entry)
        return float("-inf") if last is None else last + entry.every.total_seconds()

"""Vitals: what background work leaves behind for whoever watches it, in the queue server.

Nothing depends on them; when the queue server forgets, counting begins anew.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from redis import Redis
from redis.exceptions import RedisError
from rq.job import Job

from workers.queues import QueueName, queue
from workers.receipts import STREAM

_SPOKEN = "loa:vitals:carrier-answered"
_FAILED = "loa:vitals:failed-jobs"


@dataclass(frozen=True, slots=True)
class Vitals:
    """How background work stands.

    ``jobs``: by queue, how many wait and how many seconds the oldest has. ``receipts``: groups of
    them that wait. ``answered_at``: when the carrier of each lane last took a text.
    """

    jobs: Mapping[str, tuple[int, float]]
    receipts: int
    receipts_lag_s: float
    failed_jobs: Mapping[str, int]
    answered_at: Mapping[str, datetime]


def note_answer(redis: Redis, lane: str, *, now: datetime) -> None:
    """Keep that the carrier of *lane* has just taken a text."""
    with suppress(RedisError):
        redis.hset(_SPOKEN, lane, str(now.timestamp()))


def note_failed_job(redis: Redis, name: str) -> None:
    """Count a job that ended in an error."""
    with suppress(RedisError):
        redis.hincrby(_FAILED, name, 1)


def read_vitals(redis: Redis, *, now: datetime) -> Vitals:
    """Return how things stand *now*; raises redis' errors when the server does not answer."""
    oldest = cast("list[tuple[bytes, object]]", redis.xrange(STREAM, count=1))
    begun = int(oldest[0][0].split(b"-")[0]) / 1000 if oldest else now.timestamp()
    failed = cast("dict[bytes, bytes]", redis.hgetall(_FAILED))
    answered = cast("dict[bytes, bytes]", redis.hgetall(_SPOKEN))
    return Vitals(
        jobs={name.value: _waiting(redis, name, now=now) for name in QueueName},
        receipts=redis.xlen(STREAM),
        receipts_lag_s=max(0.0, now.timestamp() - begun),
        failed_jobs={name.decode(): int(count) for name, count in failed.items()},
        answered_at={
            lane.decode(): datetime.fromtimestamp(float(at), UTC) for lane, at in answered.items()
        },
    )


def _waiting(redis: Redis, name: QueueName, *, now: datetime) -> tuple[int, float]:
    waiting = queue(name, redis)
    first = waiting.fetch_job(waiting.job_ids[0]) if waiting.job_ids else None
    return waiting.count, _age(first, now=now)


def _age(job: Job | None, *, now: datetime) -> float:
    if job is None or job.enqueued_at is None:
        return 0.0
    return max(0.0, (now - job.enqueued_at.replace(tzinfo=UTC)).total_seconds())

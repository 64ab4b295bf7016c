"""The queues, most urgent first, and the one way to put a job on them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any
from uuid import uuid4

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

JOB_TIMEOUT_S = 120
# Millions of rows are read and sealed one by one, or become deliveries.
LONG_TIMEOUT_S = 3600


class QueueName(StrEnum):
    """One queue for each urgency; a worker empties them in this order."""

    URGENT = "urgent"
    ERRANDS = "errands"
    RECEIPTS = "receipts"
    SENDING = "sending"
    UPKEEP = "upkeep"
    IMPORTS = "imports"


_LONG = (QueueName.ERRANDS, QueueName.IMPORTS)


def queue(name: QueueName, redis: Redis) -> Queue:
    return Queue(name, connection=redis, serializer=JSONSerializer)


def ask_for(redis: Redis, name: QueueName, job: Callable[..., Any], *args: Any) -> bool:
    """Put *job* on a queue unless the same one already waits there; return whether it was put.

    Call it only after the work it refers to is committed. A job that is running does not count
    as waiting: the one that waits behind it keeps every idle worker busy. Nothing is lost when
    the queue is, because upkeep asks again for whatever the tables still owe.
    """
    label = "-".join([job.__name__, *(str(arg) for arg in args)])
    waiting = queue(name, redis)
    if any(job_id.rpartition("--")[0] == label for job_id in waiting.job_ids):
        return False
    waiting.enqueue_call(
        job,
        args=args,
        timeout=LONG_TIMEOUT_S if name in _LONG else JOB_TIMEOUT_S,
        result_ttl=0,
        failure_ttl=0,
        job_id=f"{label}--{uuid4().hex[:12]}",
    )
    return True

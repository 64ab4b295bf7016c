"""Background processes: workers and the clock, given what their jobs may use."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from types import TracebackType

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from service.carrier_accounts import callback_tokens
from service.database import reading
from service.errands import do_errand
from service.gateways import open_gateway, open_voices
from service.logs import belonging_to, note
from service.pushes.addresses import PushAddresses
from service.pushes.pushers import Pushers
from service.resources import Resources
from service.stored_files import drop, store
from service.uploads import import_upload, remove_forsaken
from workers.context import JobContext, provide
from workers.imports import LEASE
from workers.queues import QueueName, queue
from workers.sending import send_batch
from workers.timetable import Clock
from workers.vitals import note_failed_job

_NICENESS = 10

log = logging.getLogger(__name__)


def job_context(resources: Resources, redis: Redis, *, worker: str) -> JobContext:
    """Put together what jobs of this process may use."""
    settings = resources.settings
    gateway = open_gateway(settings, callback_tokens(settings))
    return JobContext(
        sessions=resources.sessions,
        reading=partial(reading, resources.sessions),
        redis=redis,
        gateways={lane.name: gateway for lane in settings.lanes},
        lanes=settings.lanes,
        sealer=resources.sealer,
        lease=timedelta(seconds=settings.claim_lease_s),
        worker=worker,
        now=resources.now,
        voices=open_voices(settings),
        keep_file=partial(store, settings.data_dir),
        drop_file=partial(drop, settings.data_dir),
        import_upload=partial(import_upload, resources, lease=LEASE),
        remove_forsaken=partial(remove_forsaken, settings.data_dir),
        do_errand=partial(do_errand, resources, redis),
        pushes=Pushers(PushAddresses(settings.push_networks)),
    )


class _Worker(SimpleWorker):
    """Works in this very process, and logs each job under its own id."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Do *job*; one that had something to do is worth a line."""
        with belonging_to(**_ids(job)):
            begun = time.perf_counter()
            is_done = super().perform_job(job, queue)
            # Its public form would ask the queue server, which keeps no results.
            done = job._result  # noqa: SLF001
            if is_done and done:
                took_ms = round((time.perf_counter() - begun) * 1000, 1)
                note(log, "job", done=done, ms=took_ms)
        return is_done


def run_worker(resources: Resources, redis: Redis, *, queues: Sequence[QueueName]) -> None:
    """Work on *queues*, the first first, until SIGTERM; the running job is always finished.

    Jobs run in this very process: a fork for each would cost more than the batch it sends.
    """
    # Somebody on the telephone waits for the web; a text can wait for both.
    os.nice(_NICENESS)
    # Started again after being killed, we find what we left.
    remove_forsaken(resources.settings.data_dir)
    name = f"{socket.gethostname()[:24]}-{os.getpid()}-{int(time.time())}"
    provide(job_context(resources, redis, worker=name))
    worker = _Worker(
        [queue(each, redis) for each in queues],
        name=name.replace(".", "-"),
        connection=redis,
        serializer=JSONSerializer,
        log_job_description=False,
        exception_handlers=[_note_failure],
        disable_default_exception_handler=True,
    )
    # RQ logs a lost queue with every frame of it, and the library writes a frame's own words.
    logging.getLogger("rq.worker").addFilter(_name_only)
    worker.work(logging_level="WARNING")


def run_clock(redis: Redis) -> None:
    """Ask for the timetable's jobs when they are due, until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    clock = Clock()
    while not stopping.is_set():
        try:
            wait = clock.tick(redis, elapsed=time.monotonic())
        except RedisError as gone:
            log.warning("the queue server does not answer (%s); trying again", type(gone).__name__)
            wait = timedelta(seconds=1)
        stopping.wait(wait.total_seconds())


def _ids(job: Job) -> dict[str, object]:
    sends = job.func_name == f"{send_batch.__module__}.{send_batch.__name__}"
    return {"job": job.id} | ({"broadcast": job.args[0]} if sends else {})


def _name_only(record: logging.LogRecord) -> bool:
    """Let a record name the kind of its failure instead of printing the stack."""
    if record.exc_info and record.exc_info[0] is not None:
        record.msg, record.args = f"{record.getMessage()} ({record.exc_info[0].__name__})", ()
        record.exc_info = None
    return True


def _note_failure(
    job: Job,
    kind: type[BaseException],
    _failure: BaseException,
    _traceback: object,
) -> bool:
    # The message and the frames of an error may hold a number; its kind and place never do. For
    # a job that a dead worker left, RQ hands over a summary of its own stack, which is no place.
    place = _traceback if isinstance(_traceback, TracebackType) else None
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    log.error("job %s failed: %s at %s", job.id, kind.__name__, where)
    note_failed_job(job.connection, job.id.partition("-")[0])
    return False

"""Background processes: what their jobs are given."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pytest
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from campaigns.broadcasts.controls import pause_all
from service.background import _name_only, _note_failure, job_context
from service.queue_server import open_redis
from service.resources import open_resources
from service.settings import load_settings
from tests.builders import NOON, a_broadcast, a_province
from tests.service.cli.clerk import SEAL_KEY, SECRETS
from workers.context import JobContext, provide
from workers.upkeep import listen_again, wake_broadcasts
from workers.voice_messages import fetch_voice_messages


@pytest.fixture
def context(fresh_database: str, valkey_url: str, data_dir: Path) -> Iterator[JobContext]:
    """What a worker process gives its jobs, at noon."""
    settings = load_settings(
        data_dir=data_dir,
        database_url=fresh_database,
        secret_key=SECRETS["LOA_SECRET_KEY"],
        seal_key=SEAL_KEY,
        loopback_account_sid="AC",
        loopback_auth_token="t",  # noqa: S106 - it opens nothing
    )
    with open_resources(settings) as resources, open_redis(valkey_url) as redis:
        given = job_context(resources, redis, worker="worker-1")
        context = replace(given, now=lambda: NOON)
        provide(context)
        yield context
        provide(None)


def test_jobs_that_only_look_wait_for_no_writer(context: JobContext) -> None:
    """They run every second, beside imports and launches that write for many."""
    with context.sessions.begin() as session:
        a_province(session, context.sealer, people=1)
        a_broadcast(session)

    with context.sessions.begin() as writer:
        pause_all(writer, note="not yet committed")
        writer.flush()

        assert wake_broadcasts() == 1
        assert listen_again() == 0
        assert fetch_voice_messages() == 0


def test_a_job_that_a_dead_worker_left_is_noted_and_stops_nobody(
    valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """RQ hands over a summary of its own stack for it, and no traceback."""
    with open_redis(valkey_url) as redis:
        job = Job.create(wake_broadcasts, connection=redis, serializer=JSONSerializer)
        for place in (traceback.extract_stack(), None, _a_traceback()):
            assert _note_failure(job, AbandonedJobError, AbandonedJobError(), place) is False
    assert caplog.text.count(f"job {job.id} failed: AbandonedJobError at") == 3
    assert "test_background.py" in caplog.text


def _a_traceback() -> TracebackType | None:
    try:
        int("no number")
    except ValueError as failure:
        return failure.__traceback__
    return None


def test_a_lost_queue_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """A stack of it would be a hundred lines, with whatever the library writes into them."""
    logger = logging.getLogger("tests.worker")
    logger.addFilter(_name_only)
    try:
        int("+84961234567x")
    except ValueError:
        logger.exception("the queue is gone")
    assert caplog.messages == ["the queue is gone (ValueError)"]
    assert "Traceback" not in caplog.text
    assert "961234567" not in caplog.text

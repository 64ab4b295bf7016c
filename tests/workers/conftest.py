"""A job context with a real queue, a real database and a carrier that can misbehave."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from campaigns.lanes import Lane
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload
from service.database import reading
from service.pushes.addresses import PushAddresses
from service.pushes.pushers import Pushers
from service.queue_server import open_redis
from tests.builders import NOON
from tests.fakes.carrier import FakeCarrier
from tests.fakes.voices import FakeVoices
from workers.context import JobContext, provide


@dataclass
class Watch:
    """A clock that only tests move."""

    moment: datetime = field(default=NOON)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def carrier(watch: Watch) -> FakeCarrier:
    return FakeCarrier(now=watch)


@pytest.fixture
def voices() -> FakeVoices:
    return FakeVoices()


@pytest.fixture
def files() -> dict[str, bytes]:
    return {}


@pytest.fixture
def imported() -> list[Upload]:
    """The lists that jobs have imported."""
    return []


@pytest.fixture
def done() -> list[int]:
    """The errands that jobs have carried out, by number."""
    return []


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with open_redis(valkey_url) as client:
        yield client


@pytest.fixture
def job_context(
    sessions: sessionmaker[Session],
    redis: Redis,
    *,
    carrier: FakeCarrier,
    sealer: Sealer,
    watch: Watch,
    voices: FakeVoices,
    files: dict[str, bytes],
    imported: list[Upload],
    done: list[int],
) -> Iterator[JobContext]:
    context = JobContext(
        sessions=sessions,
        reading=partial(reading, sessions),
        redis=redis,
        gateways={"twilio": carrier},
        lanes=(Lane("twilio", 1000),),
        sealer=sealer,
        lease=timedelta(minutes=1),
        worker="worker-1",
        now=watch,
        voices=voices,
        keep_file=files.__setitem__,
        drop_file=lambda name: files.pop(name, None),
        import_upload=imported.append,
        remove_forsaken=lambda: None,
        do_errand=done.append,
        # Partners of tests are servers on this machine, whom nobody may otherwise push to.
        pushes=Pushers(PushAddresses(["127.0.0.1/32"])),
    )
    provide(context)
    yield context
    provide(None)

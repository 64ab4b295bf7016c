"""The job that imports lists: one at a time, and the next is asked for."""

import pytest
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload, Wish, keep_upload
from tests.builders import NOON, a_person
from workers.imports import import_uploads
from workers.queues import QueueName, queue


@pytest.mark.usefixtures("job_context")
def test_each_run_takes_one_list_and_asks_for_the_next(
    sessions: sessionmaker[Session],
    sealer: Sealer,
    redis: Redis,
    imported: list[Upload],
) -> None:
    with sessions.begin() as session:
        person = a_person(session, "minh", Role.SENDER)
        for name in ("a.csv", "b.csv"):
            keep_upload(
                session, b"phone", Wish(name), person=person, source="t", sealer=sealer, now=NOON
            )
    assert import_uploads() == 1
    assert queue(QueueName.IMPORTS, redis).count == 1
    assert (import_uploads(), import_uploads()) == (1, 0)
    assert [upload.name for upload in imported] == ["a.csv", "b.csv"]

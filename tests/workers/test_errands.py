"""The job that carries out errands: one at a time, and the next is asked for."""

import pytest
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from campaigns.errands import Errand, ErrandKind, keep_errand
from campaigns.people import Role
from tests.builders import NOON, a_person
from workers.context import JobContext
from workers.errands import do_errands
from workers.queues import QueueName, queue


@pytest.mark.usefixtures("job_context")
def test_each_run_takes_one_errand_and_asks_for_the_next(
    sessions: sessionmaker[Session], redis: Redis, job_context: JobContext, done: list[int]
) -> None:
    with sessions.begin() as session:
        person = a_person(session, "minh", Role.SENDER)
        kept = [
            keep_errand(
                session,
                Errand(
                    kind=ErrandKind.LAUNCH,
                    subject=subject,
                    person_id=person.id,
                    source="t",
                    key_id=1,
                    session_id=None,
                    asked_at=NOON,
                ),
            ).id
            for subject in ("1", "2")
        ]
    assert do_errands() == 1
    assert queue(QueueName.ERRANDS, redis).count == 1
    assert done == kept[:1]
    with job_context.sessions.begin() as session:
        for number in kept[:1]:
            session.get_one(Errand, number).end_with(7, now=NOON)
    assert do_errands() == 1
    assert done == kept

"""After a restore nothing is launched again that was launched since the backup."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from campaigns.errands import Errand, ErrandKind, keep_errand
from campaigns.people import Role
from service.backups.aftermath import settle_aftermath
from tests.builders import NOON, a_person


def test_launches_that_waited_are_withdrawn_and_plans_are_not(
    own_engine: Engine, commits: sessionmaker[Session]
) -> None:
    with commits.begin() as session:
        person = a_person(session, "minh", Role.SENDER)
        for kind in ErrandKind:
            keep_errand(
                session,
                Errand(
                    kind=kind,
                    subject="1",
                    person_id=person.id,
                    source="t",
                    key_id=1,
                    session_id=None,
                    asked_at=NOON,
                ),
            )
    settle_aftermath(own_engine, now=NOON)
    with commits.begin() as session:
        kept = {one.kind: one.withdrawn_at for one in session.query(Errand)}
    assert kept == {ErrandKind.LAUNCH: NOON, ErrandKind.SUBMIT: None}


def test_a_backup_from_before_there_were_errands_is_settled_too(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        connection.execute(text("DROP TABLE errands"))
    assert settle_aftermath(own_engine, now=NOON).paused == 0

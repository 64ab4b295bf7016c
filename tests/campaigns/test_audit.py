"""The audit chain: kept with the deed, never forked, and any change to it found."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, sessionmaker

from campaigns.audit import (
    BEGINNING,
    Actor,
    AuditEntry,
    act_as,
    list_entries,
    record,
    verify_chain,
)
from service.database import open_sessions
from tests.builders import NOON

WRITERS = 6
DEEDS = 15
# How each database is told to let its own rule be broken, as its owner could.
UNGUARD = {
    "sqlite": ["DROP TRIGGER audit_entries_no_update", "DROP TRIGGER audit_entries_no_delete"],
    "postgresql": ["ALTER TABLE audit_entries DISABLE TRIGGER ALL"],
}


@pytest.fixture
def commits(own_engine: Engine) -> sessionmaker[Session]:
    return open_sessions(own_engine, actor=Actor("lan", "command line"))


def do(sessions: sessionmaker[Session], *subjects: str) -> None:
    for subject in subjects:
        with sessions.begin() as session:
            record(session, "plan.signed", subject, now=NOON, digest="abc", after={"n": 1})


def test_an_entry_says_who_did_what_when_and_from_where(commits: sessionmaker[Session]) -> None:
    do(commits, "plan:1")
    with commits() as session:
        (entry,) = list_entries(session, after=0, limit=9)
        assert (entry.number, entry.at, entry.previous) == (1, NOON, BEGINNING)
        assert (entry.actor, entry.source) == ("lan", "command line")
        assert (entry.action, entry.subject) == ("plan.signed", "plan:1")
        assert entry.detail == '{"digest":"abc"}'
        assert entry.before == ""
        assert len(entry.after) == 64
        assert verify_chain(session).broken_at is None


def test_no_number_is_in_an_entry(commits: sessionmaker[Session]) -> None:
    """Entries are never forgotten, so they are the second lock on what people write."""
    with commits.begin() as session:
        said = {"vi": ["gọi 0912000001"]}
        record(session, "plan.signed", "plan:1", now=NOON, reason="0912 000 001", said=said, n=7)
    with commits() as session:
        (entry,) = list_entries(session, after=0, limit=9)
        assert entry.detail == '{"n":7,"reason":"xxx","said":{"vi":["gọi xxx"]}}'


def test_what_was_undone_was_never_done(commits: sessionmaker[Session]) -> None:
    """Neither a transaction that fails nor a part of one that is taken back leaves an entry."""
    with commits() as session:
        record(session, "plan.signed", "plan:1", now=NOON)
        session.rollback()
        session.commit()
    with commits.begin() as session:
        act_as(session, Actor("hoa", "api key 3"))
        record(session, "plan.signed", "plan:2", now=NOON)
        with session.begin_nested() as part:
            record(session, "plan.signed", "plan:3", now=NOON)
            part.rollback()
        record(session, "plan.signed", "plan:4", now=NOON)
    with commits() as session:
        kept = list_entries(session, after=0, limit=9)
        assert [(one.subject, one.actor) for one in kept] == [("plan:2", "hoa"), ("plan:4", "hoa")]
        assert verify_chain(session).entries == 2


def test_many_writers_at_once_make_one_chain(commits: sessionmaker[Session]) -> None:
    def write(writer: int) -> None:
        do(commits, *(f"plan:{writer}.{deed}" for deed in range(DEEDS)))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    with commits() as session:
        chain = verify_chain(session)
        subjects = set(session.scalars(select(AuditEntry.subject)))
    assert (chain.entries, chain.broken_at) == (WRITERS * DEEDS, None)
    assert len(subjects) == WRITERS * DEEDS


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'somebody else' WHERE number = 2",
        "DELETE FROM audit_entries WHERE number = 2",
        "DELETE FROM audit_entries",
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(
    commits: sessionmaker[Session], statement: str
) -> None:
    do(commits, "plan:1", "plan:2", "plan:3")
    with commits() as session, pytest.raises(DatabaseError, match="only ever added"):
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_entries SET actor = 'somebody else' WHERE number = 2", 2),
        ("UPDATE audit_entries SET detail = '{}' WHERE number = 1", 1),
        ("UPDATE audit_entries SET digest = previous WHERE number = 3", 3),
        ("DELETE FROM audit_entries WHERE number = 2", 2),
        ("DELETE FROM audit_entries WHERE number = 4", 4),
        ("DELETE FROM audit_entries", 1),
        ("UPDATE audit_head SET number = 3", 5),
    ],
)
def test_whatever_its_owner_changes_the_first_broken_link_is_named(
    commits: sessionmaker[Session], statement: str, broken_at: int
) -> None:
    do(commits, "plan:1", "plan:2", "plan:3", "plan:4")
    with commits.begin() as session:
        for freed in UNGUARD[session.get_bind().dialect.name]:
            session.execute(text(freed))
        session.execute(text(statement))
    with commits() as session:
        assert verify_chain(session).broken_at == broken_at

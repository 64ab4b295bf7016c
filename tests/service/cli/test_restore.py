"""``loa db restore``: what went on when the backup was made must not go on by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from campaigns.broadcasts.controls import pause, stop
from campaigns.deliveries import Broadcast, BroadcastState
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from tests.builders import NOON, a_broadcast, a_document, a_province
from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import SEAL_KEY, Clerk, a_campaign_file


def launch_four(url: str) -> list[int]:
    """Leave a running, a paused, a stopped and a finished broadcast in the database at *url*."""
    engine = open_engine(url)
    with open_sessions(engine).begin() as session:
        a_province(session, Sealer(SEAL_KEY.encode()))
        running, paused, stopped, finished = [
            a_broadcast(session, a_document(campaign=slug, **{"class": "emergency"}))
            for slug in ("mot", "hai", "ba", "bon")
        ]
        pause(session, paused.id, now=NOON, note="paused by an operator")
        stop(session, stopped.id, now=NOON)
        finished.state = BroadcastState.FINISHED
        ids = [one.id for one in (running, paused, stopped, finished)]
    engine.dispose()
    return ids


def broadcasts(url: str) -> list[tuple[int, str, str]]:
    engine = open_engine(url)
    with open_sessions(engine)() as session:
        found = session.scalars(select(Broadcast).order_by(Broadcast.id)).all()
    engine.dispose()
    return [(one.id, one.state.value, one.note) for one in found]


def test_what_was_under_way_comes_back_paused_and_says_why(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path
) -> None:
    """A broadcast that went on sending after the backup would send all of it again."""
    running, paused, stopped, finished = launch_four(fresh_database)
    file = tmp_path / "backup"
    Clerk(fresh_database, data_dir).answer("db", "backup", file)

    restored = Clerk(bare_database, data_dir).answer("db", "restore", file)

    assert restored["paused"] == 2
    states = broadcasts(bare_database)
    assert [(number, state) for number, state, _ in states] == [
        (running, "paused"),
        (paused, "paused"),
        (stopped, "stopped"),
        (finished, "finished"),
    ]
    for _, state, note in states:
        assert ("do not resume without checking at the carrier" in note) is (state == "paused")
    assert broadcasts(fresh_database)[0][1] == "running"


def test_a_person_who_restores_is_told_what_was_paused(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path
) -> None:
    launch_four(fresh_database)
    file = tmp_path / "backup"
    Clerk(fresh_database, data_dir).answer("db", "backup", file)

    shown = Clerk(bare_database, data_dir).run("db", "restore", file)

    assert shown.exit_code == 0
    assert "now paused: 2" in shown.stdout


def test_no_broadcast_after_a_restore_has_the_number_of_a_lost_one(
    fresh_database: str, bare_database: str, data_dir: Path, tmp_path: Path, valkey_url: str
) -> None:
    """Carriers still report about what was launched after the backup, and name it by number.

    A receipt that hit somebody else's delivery would call it accepted before it was sent.
    """
    file = tmp_path / "backup"
    Clerk(fresh_database, data_dir).answer("db", "backup", file)
    launched_and_lost = max(launch_four(fresh_database))
    clerk = Clerk(bare_database, data_dir, LOA_REDIS_URL=valkey_url)

    restored = clerk.answer("db", "restore", file)

    clerk.answer("areas", "load", "--lang-son")
    clerk.answer("subscribers", "import", a_list(tmp_path, "0912345678,06196"))
    clerk.answer("users", "add", "tacgia", "--agency", "A", "--role", "author")
    clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))
    for login, role in (("duyet", "content_approver"), ("gui", "sender")):
        clerk.answer("users", "add", login, "--agency", login, "--role", role)
        clerk.answer("campaigns", "sign", "1", "--user", login)
    number = clerk.answer("campaigns", "launch", "1")["broadcast"]
    assert number == restored["next_broadcast"] > launched_and_lost
    minutes = (datetime.now(UTC) - datetime(2025, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)
    assert abs(minutes - number) <= 60

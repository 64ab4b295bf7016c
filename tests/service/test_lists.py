"""Lists: imports that are killed, that others work beside, and what a stolen database shows."""

import base64
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from campaigns.errors import SubscriberFileError
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import opt_out
from campaigns.subscribers.models import ConsentEvent, Subscriber
from service.cli.output import sentence_for
from service.database import reading
from service.lists import Imported, import_list
from tests.builders import NOON, a_subscriber, an_area
from tests.campaigns.subscribers.lists import a_list
from tests.databases import someone_waits
from tests.fakes.processes import eventually

NUMBERS = [f"09{11 + at % 80}{100000 + at}" for at in range(300)]
# Imports the list that is its argument, and stops for ever before the row that is not there yet.
_STUCK = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from service.lists import import_list

def watch(sheet, rows):
    for number, row in enumerate(rows):
        if number == int(sys.argv[4]):
            print("reached", flush=True)
            time.sleep(600)
        yield row

import_list(
    open_sessions(open_engine(sys.argv[1])), Path(sys.argv[2]), sealer=Sealer(sys.argv[3].encode()),
    now=datetime.now(UTC), watch=watch,
)
"""
KEY = "a seal key that opens only tests"


@pytest.fixture
def real_sessions(commits: sessionmaker[Session]) -> sessionmaker[Session]:
    with commits.begin() as session:
        an_area(session, "06196")
    return commits


def how_many(sessions: sessionmaker[Session]) -> tuple[int, int]:
    with reading(sessions) as session:
        people = session.scalar(select(func.count()).select_from(Subscriber))
        events = session.scalar(select(func.count()).select_from(ConsentEvent))
    return people or 0, events or 0


def a_long_list(directory: Path, *first: str, name: str = "list.csv") -> Path:
    lines = (f"{number},06196" for number in NUMBERS)
    return a_list(directory, *first, *lines, heading="phone,area", name=name)


def test_an_import_killed_half_way_leaves_nothing_and_is_simply_run_again(
    fresh_database: str,
    real_sessions: sessionmaker[Session],
    sealer: Sealer,
    tmp_path: Path,
) -> None:
    """SIGKILL in the middle of the list: no row, no rejects file, no lock is left behind."""
    path = a_list(
        tmp_path, "1022,06196", *(f"{number},06196" for number in NUMBERS), heading="phone,area"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", _STUCK, fresh_database, str(path), KEY, "200"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "reached\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert how_many(real_sessions) == (0, 0)
    assert list(tmp_path.glob("*.rejects*.csv")) == []
    outcome = import_list(real_sessions, path, sealer=sealer, now=NOON).outcome
    assert outcome.merged.entered == len(NUMBERS)
    assert how_many(real_sessions) == (len(NUMBERS), len(NUMBERS))
    assert [found.name for found in tmp_path.iterdir() if "rejects" in found.name] == [
        "list.rejects.csv"
    ]


def test_nobody_waits_while_a_list_is_read(
    real_sessions: sessionmaker[Session], sealer: Sealer, tmp_path: Path
) -> None:
    """Somebody opts out in the middle of a long import; it is written at once, and holds."""
    written_at_row: list[int] = []

    def watch(_: object, rows: Iterator[object]) -> Iterator[object]:
        for number, row in enumerate(rows):
            if number == len(NUMBERS) // 2:
                with real_sessions.begin() as session:
                    a_subscriber(
                        session,
                        sealer,
                        area="06196",
                        phone=f"+84{NUMBERS[0][1:]}",
                        opted_out_at=NOON,
                    )
                written_at_row.append(number)
            yield row

    imported = import_list(
        real_sessions,
        a_long_list(tmp_path),
        sealer=sealer,
        now=NOON,
        watch=watch,  # type: ignore[arg-type]  # rows go through unchanged
    )

    assert written_at_row == [len(NUMBERS) // 2]
    merged = imported.outcome.merged
    assert (merged.entered, merged.unchanged + merged.changed) == (len(NUMBERS) - 1, 1)
    assert merged.opted_out == 1
    with reading(real_sessions) as session:
        out = select(func.count()).where(Subscriber.opted_out_at.is_not(None))
        assert session.scalar(out) == 1


def test_two_lists_with_the_same_people_at_once_make_nobody_twice(
    real_sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    both_staged = threading.Barrier(2)
    failures: list[BaseException] = []

    def watch(_: object, rows: Iterator[object]) -> Iterator[object]:
        yield from rows
        both_staged.wait(30)

    def run(name: str) -> None:
        try:
            path = a_long_list(tmp_path, name=name)
            import_list(
                real_sessions,
                path,
                sealer=Sealer(KEY.encode()),
                now=NOON,
                watch=watch,  # type: ignore[arg-type]  # rows go through unchanged
            )
        except BaseException as failure:  # noqa: BLE001 - shown by the assertion below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a.csv", "b.csv")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert how_many(real_sessions) == (len(NUMBERS), len(NUMBERS))


def test_a_refused_file_changes_nothing_and_leaves_no_rejects(
    real_sessions: sessionmaker[Session], sealer: Sealer, tmp_path: Path
) -> None:
    """The fault may come after many good rows: a quotation that never ends, in row 300."""
    path = a_long_list(tmp_path)
    with path.open("a") as file:
        file.write('1022,06196\n"0912345678,06196\n' + "x" * 200_000)

    with pytest.raises(SubscriberFileError, match="quotation marks"):
        import_list(real_sessions, path, sealer=sealer, now=NOON)

    assert how_many(real_sessions) == (0, 0)
    assert list(tmp_path.glob("*rejects*")) == []


def test_a_database_that_gives_up_in_the_middle_is_named_and_nothing_is_kept(
    own_engine: Engine, real_sessions: sessionmaker[Session], sealer: Sealer, tmp_path: Path
) -> None:
    """SQLite's disk is full, PostgreSQL's server drops us: one sentence, the data as it was."""
    on_sqlite = own_engine.dialect.name == "sqlite"
    if on_sqlite:
        narrow = "PRAGMA temp.max_page_count = 8"
        event.listen(own_engine, "connect", lambda driver, _: driver.execute(narrow))
        own_engine.dispose()

    def watch(_: object, rows: Iterator[object]) -> Iterator[object]:
        for number, row in enumerate(rows):
            if number == len(NUMBERS) // 2 and not on_sqlite:
                _drop_everybody_else(own_engine)
            yield row

    with pytest.raises(DBAPIError) as failure:
        import_list(
            real_sessions,
            a_long_list(tmp_path, "1022,06196"),
            sealer=sealer,
            now=NOON,
            watch=watch,  # type: ignore[arg-type]  # rows go through unchanged
        )

    said = sentence_for(failure.value) or ""
    assert ("The disk is full" if on_sqlite else "The database does not answer") in said
    assert how_many(real_sessions) == (0, 0)
    assert [found.name for found in tmp_path.glob("*list*")] == ["list.csv"]


def _drop_everybody_else(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_a_dump_of_the_database_shows_no_number_in_any_form(
    fresh_database: str,
    real_sessions: sessionmaker[Session],
    own_engine: Engine,
    sealer: Sealer,
    tmp_path: Path,
) -> None:
    import_list(real_sessions, a_long_list(tmp_path), sealer=sealer, now=NOON)
    forms = [form for number in NUMBERS[::37] for form in _forms(number)]
    # The search finds what is there, or it would prove nothing.
    assert _search(fresh_database, own_engine, tmp_path, [b"06196"]) == [b"06196"]

    assert _search(fresh_database, own_engine, tmp_path, forms) == []


def _forms(number: str) -> list[bytes]:
    national = number[1:]
    written = [number, national, f"84{national}", f"+84{national}"]
    plain = [form.encode() for form in written]
    return [
        *plain,
        *(form.hex().encode() for form in plain),
        *(form.encode("utf-16-le") for form in written),
        *(base64.b64encode(form)[:-4] for form in plain),
        int(national).to_bytes(4, "big"),
        int(f"84{national}").to_bytes(5, "big"),
    ]


def _search(url: str, engine: Engine, directory: Path, wanted: list[bytes]) -> list[bytes]:
    """Return which of *wanted* stand in the files or, on PostgreSQL, in any column of any row."""
    if url.startswith("sqlite"):
        engine.dispose()
        files = Path(url.removeprefix("sqlite:///")).parent.glob("*.sqlite3*")
        dump = b"".join(file.read_bytes() for file in files)
    else:
        dump = b"\n".join(_columns(engine))
    assert not list(directory.glob("*.part"))
    return [form for form in wanted if form in dump]


def _columns(engine: Engine) -> Iterator[bytes]:
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - our own table names
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
                    yield bytes(value).hex().encode() if isinstance(value, bytes) else b""


def test_a_number_that_comes_in_another_way_at_the_same_moment_is_no_obstacle(
    own_engine: Engine, real_sessions: sessionmaker[Session], sealer: Sealer, tmp_path: Path
) -> None:
    """Somebody opts out on the hotline while the list that names them is being written."""
    is_read = threading.Event()
    done: list[Imported] = []

    def watch(_: object, rows: Iterator[object]) -> Iterator[object]:
        yield from rows
        is_read.set()

    def run() -> None:
        path = a_long_list(tmp_path)
        done.append(
            import_list(
                real_sessions,
                path,
                sealer=Sealer(KEY.encode()),
                now=NOON,
                watch=watch,  # type: ignore[arg-type]  # rows go through unchanged
            )
        )

    thread = threading.Thread(target=run)
    with real_sessions.begin() as session:
        opt_out(session, f"+84{NUMBERS[0][1:]}", source="hotline", sealer=sealer, now=NOON)
        thread.start()
        assert is_read.wait(30)
        assert eventually(lambda: someone_waits(own_engine))
    thread.join()

    (imported,) = done
    assert (imported.outcome.merged.entered, imported.outcome.merged.opted_out) == (
        len(NUMBERS) - 1,
        1,
    )
    assert how_many(real_sessions) == (len(NUMBERS), len(NUMBERS))

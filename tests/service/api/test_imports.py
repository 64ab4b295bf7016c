"""Imports through the interface: handed over, imported by a worker, told about, forgotten."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.audit import AuditEntry
from campaigns.errors import UploadTakenError
from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.uploads import (
    KEPT_FOR,
    Upload,
    UploadPart,
    UploadState,
    claim_upload,
    end_upload,
    forget_uploads,
)
from service.api.imports import LARGEST_LIST
from service.settings import Settings
from service.uploads import a_directory, import_upload, remove_forsaken
from service.web.app import create_app
from tests.builders import NOON, a_person, an_area
from tests.fakes.telephones import Clock, ClockedResources
from tests.service.api.conftest import Program

LEASE = timedelta(minutes=5)
LIST = "phone,area\n0961234515,06196\n0961234516,06196\n1022,06196\n"


class Desk:
    """A sender's program, and a worker that imports when it is told to."""

    def __init__(self, resources: ClockedResources) -> None:
        self.resources = resources
        self.sessions = resources.sessions
        with self.sessions.begin() as session:
            an_area(session, "06196")
            person = a_person(session, "minh", Role.SENDER)
            key = add_key(session, person, name="nhập", scopes=(), now=NOON).text
        self.program = Program(create_app(resources), "minh", key)

    def hand_over(self, content: bytes | str, *, code: int = 202, **query: str) -> Any:
        asked = {"name": "danh sách.csv"} | query
        return self.program.ask(
            "POST", "/subscribers/imports", code=code, data=content, query_string=asked
        )

    def work(self) -> bool:
        """Import the next list, as a worker's job does; return whether there was one."""
        with self.sessions.begin() as session:
            upload = claim_upload(session, lease=LEASE, now=self.resources.now())
        if upload is not None:
            import_upload(self.resources, upload, lease=LEASE)
        return upload is not None

    def look(self, number: int) -> Any:
        return self.program.get(f"/subscribers/imports/{number}")

    def people(self) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(Subscriber)) or 0


@pytest.fixture
def desk(
    own_engine: Engine,
    commits: sessionmaker[Session],
    sealer: Sealer,
    *,
    data_dir: Path,
    valkey_url: str,
) -> Desk:
    settings = Settings.model_validate({"data_dir": data_dir, "redis_url": valkey_url})
    return Desk(ClockedResources(settings, own_engine, commits, sealer, Clock()))


def test_a_list_is_handed_over_imported_and_told_about(desk: Desk, data_dir: Path) -> None:
    """Sealed while it waits, in its sender's name, its refused rows ready to be mended."""
    accepted = desk.hand_over(LIST)
    assert (accepted["state"], accepted["by"], accepted["outcome"]) == ("waiting", "minh", None)
    with desk.sessions() as session:
        sealed = session.scalars(select(UploadPart.sealed)).all()
        assert len(sealed) == 1
        assert b"0961234515" not in sealed[0]
    assert desk.people() == 0

    assert desk.work()
    done = desk.look(accepted["import"])
    assert (done["state"], done["rows_read"]) == ("done", 3)
    assert (done["outcome"]["entered"], done["outcome"]["rejected"]) == (2, {"short_code": 1})
    assert desk.people() == 2
    assert list((data_dir / "uploads").iterdir()) == []
    headers = {"Authorization": f"Bearer {desk.program.key}"}
    rejects = desk.program.app.test_client().get(done["rejects"], headers=headers)
    lines = rejects.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "phone,area,row,reason"
    assert lines[1].startswith('1022,06196,4,"short_code:')
    with desk.sessions() as session:
        assert session.scalars(select(UploadPart.is_rejects)).all() == [True]
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        found = [(entry.actor, entry.action) for entry in entries if entry.actor == "minh"]
    assert found == [
        ("minh", "list.uploaded"),
        ("minh", "subscribers.imported"),
        ("minh", "rejects.fetched"),
    ]
    assert [one["import"] for one in desk.program.get("/subscribers/imports")["items"]] == [1]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(desk: Desk) -> None:
    number = desk.hand_over(LIST, dry_run="true")["import"]
    assert desk.work()
    found = desk.look(number)
    assert (found["state"], found["outcome"]["entered"]) == ("done", 2)
    assert found["rejects"]
    assert desk.people() == 0


def test_a_request_that_comes_twice_is_one_import(desk: Desk) -> None:
    path = "/subscribers/imports?name=l.csv"
    for _ in range(2):
        headers = {"Idempotency-Key": "list-1"}
        desk.program.ask("POST", path, code=202, data=LIST, headers=headers)
    assert len(desk.program.get("/subscribers/imports")["items"]) == 1


def a_zip_bomb(directory: Path) -> bytes:
    path = directory / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", b" " * 300_000_000)
        book.writestr("xl/workbook.xml", b" " * 300_000_000)
    return path.read_bytes()


HOSTILE: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "a picture": lambda _: b"\x89PNG\r\n\x1a\n" + b"x" * 1000,
    "no text": lambda _: bytes(range(256)) * 40,
    "zeros": lambda _: b"phone,area\n0961\x00234515,06196\n" + b"\x00" * 5000,
    "no area": lambda _: b"phone\n0961234515\n",
    "a long cell": lambda _: b"phone,area\n" + b"9" * 1_000_000 + b",06196\n",
    "many columns": lambda _: b"phone,area" + b",x" * 1_000_000 + b"\n0961234515,06196\n",
    "cut off": lambda _: b"PK\x03\x04" + b"\x00" * 100,
    "a bomb": a_zip_bomb,
    "json": lambda _: b'[{"phone": "0961234515"}]',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_list_is_refused_in_words_and_leaves_nothing(
    desk: Desk, tmp_path: Path, data_dir: Path, kind: str
) -> None:
    number = desk.hand_over(HOSTILE[kind](tmp_path))["import"]
    assert desk.work()
    found = desk.look(number)
    refused = found["state"] == "refused" and "Nothing was" in found["refused_because"]
    all_rejected = found["outcome"] and found["outcome"]["rows_rejected"] == found["rows_read"]
    assert refused or all_rejected, found
    assert desk.people() == 0
    assert list((data_dir / "uploads").iterdir()) == []


def test_formulas_and_other_encodings_are_read_as_on_the_command_line(desk: Desk) -> None:
    text = 'số điện thoại;mã xã\n="0961234515";06196\n=1+1;06196\n'
    number = desk.hand_over(text.encode("utf-16"))["import"]
    assert desk.work()
    outcome = desk.look(number)["outcome"]
    assert (outcome["entered"], outcome["rows_rejected"]) == (1, 1)


@pytest.mark.parametrize(
    "query", [{"name": ""}, {"name": "../x"}, {"name": ".."}, {"name": "ộ" * 80}, {"extra": "1"}]
)
def test_what_is_no_name_is_refused(desk: Desk, query: dict[str, str]) -> None:
    assert desk.hand_over(LIST, code=422, **query)["errors"]
    assert desk.hand_over(LIST, code=404, area="99999")["type"].endswith("unknown-area")


def test_too_much_is_refused_before_it_is_read(desk: Desk) -> None:
    length = {"CONTENT_LENGTH": str(LARGEST_LIST + 1)}
    refused = desk.program.ask(
        "POST",
        "/subscribers/imports?name=l.csv",
        code=413,
        data=LIST,
        environ_overrides=length,
    )
    assert refused["type"] == "/api/problems/too-large"
    assert not desk.work()


def test_a_list_whose_worker_has_died_is_imported_by_the_next(desk: Desk) -> None:
    """And by one of them only: what the first does after that is undone."""
    desk.hand_over(LIST)
    with desk.sessions.begin() as session:
        first = claim_upload(session, lease=LEASE, now=NOON)
        assert first is not None
        assert claim_upload(session, lease=LEASE, now=NOON) is None
    with desk.sessions.begin() as session:
        second = claim_upload(session, lease=LEASE, now=NOON + 2 * LEASE)
        assert second is not None
    with pytest.raises(UploadTakenError), desk.sessions.begin() as session:
        end_upload(session, first, UploadState.DONE, "{}", now=NOON)
    import_upload(desk.resources, first, lease=LEASE)
    assert (desk.people(), desk.look(first.id)["state"]) == (0, "importing")
    import_upload(desk.resources, second, lease=LEASE)
    assert (desk.people(), desk.look(second.id)["state"]) == (2, "done")


def test_a_list_that_ends_every_worker_is_given_up(desk: Desk) -> None:
    number = desk.hand_over(LIST)["import"]
    for hour in range(4):
        with desk.sessions.begin() as session:
            now = NOON + timedelta(hours=hour)
            found = claim_upload(session, lease=LEASE, now=now)
        assert (found is None) == (hour == 3)
    assert "3 times" in desk.look(number)["refused_because"]
    assert not desk.work()


def test_after_a_week_nothing_of_it_is_kept(desk: Desk) -> None:
    desk.hand_over(LIST)
    assert desk.work()
    for later, left in ((KEPT_FOR, 1), (KEPT_FOR + timedelta(hours=1), 0)):
        with desk.sessions.begin() as session:
            forget_uploads(session, now=NOON + later)
            assert session.scalar(select(func.count()).select_from(Upload)) == left
            assert session.scalar(select(func.count()).select_from(UploadPart)) == left


HOLDER = (
    "import sys, pathlib\n"
    "from service.uploads import a_directory\n"
    "with a_directory(pathlib.Path(sys.argv[1])) as directory:\n"
    "    (directory / 'list.csv').write_text(sys.argv[2])\n"
    "    print('written', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.mark.parametrize("by", ["the next import", "upkeep"])
def test_what_a_killed_process_left_on_the_disk_is_removed(data_dir: Path, by: str) -> None:
    """At once, and never what a living one still reads."""
    command = [sys.executable, "-c", HOLDER, str(data_dir), LIST]
    uploads = data_dir / "uploads"
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"written\n"
        remove_forsaken(data_dir)
        assert [one.name for one in uploads.rglob("*.csv")] == ["list.csv"]
        holder.kill()
    assert list(uploads.rglob("*.csv"))
    if by == "upkeep":
        remove_forsaken(data_dir)
    else:
        with a_directory(data_dir) as directory:
            assert list(uploads.iterdir()) == [directory]
    assert list(uploads.iterdir()) == []

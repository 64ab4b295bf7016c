"""``loa hotline``: from the files to what is spoken, and what callers left."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.declarations.records import Declaration
from hotline.library import SHIPPED, load_library
from hotline.tickets import Ticket
from hotline.voice_messages import VoiceMessage
from service.database import open_engine, open_sessions
from tests.hotline.builders import CallerOnTheLine
from tests.service.cli.clerk import SEAL_KEY, Clerk, everything
from tests.service.test_sounds import a_tone


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The province's own files, to be changed."""
    directory = tmp_path / "tong dai"
    shutil.copytree(Path(str(SHIPPED)), directory)
    return directory


SEALER = Sealer(SEAL_KEY.encode())


@pytest.fixture
def spoken(clerk: Clerk) -> Clerk:
    """A hotline whose shipped answers somebody else has approved."""
    for login, role in (
        ("yte", "health_data_owner"),
        ("tuyengiao", "content_approver"),
        ("truc", "hotline_operator"),
    ):
        clerk.answer("users", "add", login, "--agency", "Sở Y tế", "--role", role)
    clerk.answer("users", "add", "tacgia", "--agency", "A", "--role", "author")
    assert clerk.answer("hotline", "load")["answers_waiting"] == 43
    for login in ("yte", "tuyengiao"):
        assert clerk.answer("hotline", "approve", "--all", "--user", login)["approved"]
    return clerk


@contextmanager
def on_the_line(clerk: Clerk) -> Iterator[tuple[Session, CallerOnTheLine]]:
    """Somebody rings the clerk's hotline; what they did is kept when the block ends."""
    engine = open_engine(clerk.url)
    with open_sessions(engine).begin() as session:
        library = load_library(session)
        assert library is not None
        yield session, CallerOnTheLine(session, library, SEALER, number="+84963201999")
    engine.dispose()


def a_ticket(clerk: Clerk) -> str:
    """Let somebody leave a rumour; return its reference."""
    with on_the_line(clerk) as (session, caller):
        caller.press("151")
        caller.leave_message()
        return session.scalars(select(Ticket.reference)).one()


def bring_home(clerk: Clerk, sound: bytes) -> None:
    """Let the one voice message there is lie sealed in the data directory, as upkeep does."""
    voices = Path(clerk.settings["LOA_DATA_DIR"]) / "voices"
    voices.mkdir()
    (voices / "message").write_bytes(SEALER.seal_bytes(sound))
    engine = open_engine(clerk.url)
    with open_sessions(engine).begin() as session:
        session.scalars(select(VoiceMessage)).one().file = "message"
    engine.dispose()


def test_the_shipped_files_are_right_and_drawn(clerk: Clerk) -> None:
    checked = clerk.answer("hotline", "check")
    assert checked["valid"]
    assert set(checked["missing_recordings"]) == {"tyz", "ium"}
    assert "phrase.goodbye" in checked["missing_recordings"]["tyz"]
    assert checked["outline"]["choices"][0]["node"] == "main"
    shown = clerk.run("hotline", "check")
    assert "tiêm chủng" in shown.output
    assert "answer:V08" in shown.output


def test_a_set_with_a_fault_is_refused_with_its_line_and_nothing_changes(
    spoken: Clerk, files: Path
) -> None:
    script = files / "script.yaml"
    script.write_text(script.read_text().replace("{answer: V08}", "{answer: V98}"))
    before = everything(spoken.url)
    for command in (("hotline", "check", files), ("hotline", "load", files)):
        message = spoken.refusal(*command)
        assert "script.yaml: line " in message
        assert "V98" in message
    assert everything(spoken.url) == before


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00broken", b"\x00", b"a: &a [*a]", b"[" * 10_000, b"x" * 300_000]
)
def test_hostile_files_are_refused_in_one_sentence(
    clerk: Clerk, files: Path, content: bytes
) -> None:
    (files / "phrases.yaml").write_bytes(content)
    assert "phrases.yaml" in clerk.refusal("hotline", "check", files)


def test_answers_say_what_is_true_when_and_who_approved_it(spoken: Clerk) -> None:
    now = {one["code"]: one for one in spoken.answer("hotline", "answers")["answers"]}
    then = {
        one["code"]: one
        for one in spoken.answer("hotline", "answers", "--at", "2021-12-01T08:00+07:00")["answers"]
    }
    assert now["V01"]["approved_by"] == "yte"
    assert now["K01"]["spoken_now"] == "K08 v1"
    # Nobody had approved anything in 2021: nothing may claim to have been true then.
    assert then["K01"]["spoken_now"] is None


def test_the_author_cannot_approve_and_says_so(clerk: Clerk) -> None:
    clerk.answer("users", "add", "tacgia", "--agency", "A", "--role", "health_data_owner")
    clerk.answer("hotline", "load", "--user", "tacgia")
    assert "wrote" in clerk.refusal("hotline", "approve", "V01", "--user", "tacgia")
    refused = clerk.refusal("hotline", "approve", "--all", "--user", "tacgia")
    assert "may approve none" in refused


def test_a_recording_is_taken_over_and_no_longer_missing(spoken: Clerk, tmp_path: Path) -> None:
    sound = a_tone(tmp_path / "chao.wav")
    words = ("--utterance", "phrase.goodbye", "--language", "tyz", "--user", "yte")
    missing = spoken.answer("hotline", "recordings")["missing"]["tyz"]
    assert "phrase.goodbye" in missing
    kept = spoken.answer("hotline", "record", sound, *words)
    assert kept["seconds"] == pytest.approx(1.0, abs=0.01)
    assert "phrase.goodbye" not in spoken.answer("hotline", "recordings")["missing"]["tyz"]
    checked = spoken.answer("hotline", "check")["missing_recordings"]
    assert "phrase.goodbye" not in checked["tyz"]
    assert "phrase.goodbye" in checked["ium"]
    unknown = ("--utterance", "phrase.nothing", "--language", "tyz", "--user", "yte")
    assert "nothing called" in spoken.refusal("hotline", "record", sound, *unknown)


def test_tickets_are_worked_with_masked_numbers(spoken: Clerk) -> None:
    reference = a_ticket(spoken)
    listed = spoken.answer("hotline", "tickets")["tickets"]
    assert [one["reference"] for one in listed] == [reference]
    assert listed[0]["number"] == "+84 96x xxx 999"
    shown = spoken.run("hotline", "tickets")
    assert "963201999" not in shown.output
    whole = spoken.answer("hotline", "ticket", "number", reference, "--user", "truc")
    assert whole["number"] == "+84963201999"
    assert "tickets.reveal" in spoken.refusal(
        "hotline", "ticket", "number", reference, "--user", "yte"
    )
    spoken.answer("hotline", "ticket", "assign", reference, "--user", "truc")
    spoken.answer("hotline", "ticket", "answer", reference, "--text", "Đã kiểm tra")
    assert spoken.answer("hotline", "ticket", "close", reference)["state"] == "closed"
    assert "closed" in spoken.refusal("hotline", "ticket", "assign", reference, "--user", "truc")
    assert spoken.answer("hotline", "tickets")["tickets"] == []
    assert "No ticket" in spoken.refusal("hotline", "ticket", "close", "000000")


def test_a_voice_message_that_is_not_here_yet_is_explained(spoken: Clerk, tmp_path: Path) -> None:
    reference = a_ticket(spoken)
    out = tmp_path / "voice.wav"
    words = ("hotline", "ticket", "voice", reference, "--out", out, "--user", "truc")
    assert "not here" in spoken.refusal(*words)
    assert not out.exists()


def test_a_voice_message_is_given_to_operators_alone(spoken: Clerk, tmp_path: Path) -> None:
    reference = a_ticket(spoken)
    bring_home(spoken, b"RIFF sound")
    out = tmp_path / "voice.wav"
    words = ("hotline", "ticket", "voice", reference, "--out", out, "--user")
    assert "tickets.reveal" in spoken.refusal(*words, "yte")
    spoken.answer(*words, "truc")
    assert out.read_bytes() == b"RIFF sound"
    assert out.stat().st_mode & 0o077 == 0


def test_statistics_hold_no_number(spoken: Clerk) -> None:
    a_ticket(spoken)
    words = ("--from", "2026-03-01T00:00+07:00", "--to", "2026-03-31T00:00+07:00")
    counted = spoken.answer("hotline", "stats", *words)
    assert counted["calls"] == 1
    assert counted["tickets"] == {"rumour": 1}
    assert "963201" not in str(counted)
    assert "1 calls" in spoken.run("hotline", "stats", *words).output
    backwards = spoken.run("hotline", "stats", "--from", words[3], "--to", words[1])
    assert (backwards.exit_code, "before" in backwards.stderr) == (2, True)


def test_what_is_shown_is_never_cut(spoken: Clerk) -> None:
    """Also where no terminal says how wide it is, as in a pipe."""
    reference = a_ticket(spoken)
    listed = spoken.run("hotline", "tickets").output
    assert reference in listed
    assert re.search(r"\d\d/\d\d/\d{4} \d\d:\d\d ", listed)
    leaves = [
        line for line in spoken.run("hotline", "check").output.splitlines() if "  after " in line
    ]
    assert len(leaves) >= 40
    assert all(re.search(r"en \d+ s$", line) for line in leaves)


def test_declarations_are_listed_shown_to_the_health_department_and_erased(clerk: Clerk) -> None:
    clerk.answer("users", "add", "truc", "--agency", "A", "--role", "hotline_operator")
    assert clerk.answer("hotline", "declarations", "list") == {"declarations": []}
    words = ("hotline", "declarations", "show", "123456", "--user", "truc")
    assert "may not read" in clerk.refusal(*words)
    assert "No declaration" in clerk.refusal("hotline", "declarations", "erase", "123456")


def test_what_was_spoken_in_a_declaration_is_heard_by_the_health_department(
    spoken: Clerk, tmp_path: Path
) -> None:
    files = tmp_path / "lang-son"
    shutil.copytree(str(SHIPPED), files)
    switched = (files / "declaration.yaml").read_text().replace("enabled: false", "enabled: true")
    (files / "declaration.yaml").write_text(switched)
    spoken.answer("hotline", "load", files)
    with on_the_line(spoken) as (session, caller):
        assert "họ và tên" in caller.press("125111")
        caller.leave_message(seconds=3)
        reference = session.scalars(select(Declaration.reference)).one()
    bring_home(spoken, b"RIFF a name")
    words = ("hotline", "declarations")
    shown = spoken.answer(*words, "show", reference, "--user", "yte")
    assert (shown["answers"], shown["spoken_seconds"]) == ({"on-behalf": "1"}, {"name": 3})
    out = tmp_path / "name.wav"
    hear = (*words, "voice", reference, "name", "--out", out, "--user")
    assert "may not read" in spoken.refusal(*hear, "truc")
    spoken.answer(*hear, "yte")
    assert out.read_bytes() == b"RIFF a name"
    assert spoken.answer(*words, "erase", reference) == {"erased": reference}
    assert spoken.answer(*words, "list") == {"declarations": []}

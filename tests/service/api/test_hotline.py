"""The hotline through the interface: tickets are worked, answers approved, calls counted."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.people import Role
from campaigns.sealing import Sealer
from hotline.loading import load_set, read_set, shipped_files
from hotline.voice_messages import VoiceMessage
from tests.builders import NOON, a_phone
from tests.fakes.telephones import put_library
from tests.hotline.builders import CallerOnTheLine, a_library
from tests.service.api.conftest import Program

Make = Callable[..., Program]


def test_a_callback_is_taken_worked_and_closed(
    session: Session, sealer: Sealer, program: Make
) -> None:
    """Danger comes first; the number is masked until somebody who may asks, on record."""
    number = a_phone()
    for keys in ("14", "10"):
        caller = CallerOnTheLine(session, a_library(), sealer, number=number)
        caller.press(keys)
        if keys == "10":
            caller.be_transferred(was_answered=False)
        caller.leave_message()
    session.commit()
    lan, hoa = program("lan", Role.HOTLINE_OPERATOR), program("hoa", Role.HOTLINE_OPERATOR)
    listed = lan.get("/hotline/tickets")["items"]
    assert [one["kind"] for one in listed] == ["callback", "rumour"]
    assert number not in str(listed)
    path = f"/hotline/tickets/{listed[0]['reference']}"
    assert lan.post(f"{path}/assign", {})["assignee"] == "lan"
    assert hoa.post(f"{path}/assign", {}, code=409)["type"] == "/api/problems/refused"
    assert hoa.post(f"{path}/assign", {"instead_of": "lan"})["assignee"] == "hoa"
    assert hoa.post(f"{path}/reveal")["number"] == number
    refused = hoa.post(f"{path}/answer", {"text": f"đã gọi {number}"}, code=409)
    assert number not in str(refused)
    assert hoa.post(f"{path}/answer", {"text": "đã gọi lại"})["state"] == "answered"
    assert hoa.post(f"{path}/close")["state"] == "closed"
    assert len(lan.get("/hotline/tickets")["items"]) == 1
    assert len(lan.get("/hotline/tickets?with_closed=true")["items"]) == 2
    assert lan.post("/hotline/tickets/000000/close", code=404)["type"].endswith("unknown-ticket")
    deeds = [
        one["action"]
        for one in program("soat", Role.AUDITOR).get("/audit?limit=200")["items"]
        if one["subject"] == f"ticket:{listed[0]['reference']}"
    ]
    assert deeds == [
        "ticket.assigned",
        "ticket.assigned",
        "ticket.number_shown",
        "ticket.answered",
        "ticket.closed",
    ]
    assert lan.get("/hotline/statistics?until=2026-03-03T00:00:00%2B07:00")["calls"] == 2


def test_a_voice_message_is_heard_on_record(
    session: Session, sealer: Sealer, data_dir: Path, *, app: Flask, program: Make
) -> None:
    """Once it is here, and by whoever may call back."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("14")
    caller.leave_message()
    session.commit()
    lan = program("lan", Role.HOTLINE_OPERATOR)
    path = f"/hotline/tickets/{lan.get('/hotline/tickets')['items'][0]['reference']}/voice"
    assert lan.post(path, code=404)["type"].endswith("unknown-ticket")
    (data_dir / "voices").mkdir()
    (data_dir / "voices" / "message").write_bytes(sealer.seal_bytes(b"RIFF sound"))
    session.scalars(select(VoiceMessage)).one().file = "message"
    session.commit()
    headers = {"Authorization": f"Bearer {lan.key}"}
    heard = app.test_client().post(f"/api/v1{path}", headers=headers)
    assert (heard.data, heard.content_type) == (b"RIFF sound", "audio/wav")
    deeds = [one["action"] for one in program("soat", Role.AUDITOR).get("/audit")["items"]]
    assert deeds.count("ticket.voice_heard") == 1


def test_an_answer_is_approved_by_who_may_and_spoken_from_then_on(
    session: Session, program: Make
) -> None:
    """Medical answers wait for the health department, and nobody approves what they wrote."""
    health = program("yte", Role.HEALTH_DATA_OWNER, agency="Sở Y tế")
    content = program("duyet", Role.CONTENT_APPROVER)
    load_set(session, read_set(shipped_files()), author="tacgia", now=NOON)
    session.commit()
    waiting = {one["code"]: one for one in content.get("/hotline/answers")["items"]}
    assert waiting["V01"]["spoken_now"] is None
    refused = content.post("/hotline/answers/V01/approve", code=403)
    assert refused["type"] == "/api/problems/approval-refused"
    approved = health.post("/hotline/answers/V01/approve")
    assert (approved["approver"], approved["spoken_now"]) == ("yte", "V01 v1")
    assert health.post("/hotline/answers/V99/approve", code=404)


def test_what_no_database_keeps_is_refused_on_either(
    session: Session, sealer: Sealer, program: Make
) -> None:
    """A NUL in a text or an address; moments before there were calendars are no fault."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("14")
    caller.leave_message()
    session.commit()
    lan = program("lan", Role.HOTLINE_OPERATOR)
    reference = lan.get("/hotline/tickets")["items"][0]["reference"]
    lan.post(f"/hotline/tickets/{reference}/answer", {"text": "a\x00b"}, code=422)
    for deed in ("close", "reveal", "voice"):
        lan.post(f"/hotline/tickets/%00/{deed}", code=404)
    for moment in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        lan.get(f"/hotline/statistics?since={moment}")
        lan.get(f"/hotline/statistics?until={moment}")


def test_files_are_loaded_whole_and_every_edition_and_version_stays(
    program: Make, session: Session
) -> None:
    """An author loads, nobody else; a set with a fault is refused by file and line."""
    put_library(session)
    session.commit()
    author, operator = program("lan", Role.AUTHOR), program("truc", Role.HOTLINE_OPERATOR)
    files = shipped_files()
    operator.post("/hotline/editions", {"files": files}, code=403)
    broken = files | {"script.yaml": files["script.yaml"].replace("to: vaccination", "to: nowhere")}
    refused = author.post("/hotline/editions", {"files": broken}, code=409)
    assert refused["type"] == "/api/problems/edition"
    assert any(one["field"].startswith("script.yaml: ") for one in refused["errors"])
    before = author.get("/hotline/editions")["items"]
    loaded = author.post("/hotline/editions", {"files": files}, code=201)
    assert loaded["answers_waiting"] > 40
    listed = author.get("/hotline/editions")["items"]
    assert [one["edition"] for one in listed] == [loaded["edition"], before[0]["edition"]]
    assert author.get(f"/hotline/editions/{loaded['edition']}")["files"] == files
    (first,) = author.get("/hotline/answers/V01/versions")["items"]
    assert (first["version"], first["author"], first["approver"]) == (1, "lan", "")
    author.get("/hotline/answers/V99/versions", code=404)
    author.get("/hotline/editions/999", code=404)

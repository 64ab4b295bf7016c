"""Three people of two agencies take a campaign from draft to ledger, only through the interface."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry, verify_chain
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import a_document, a_province
from tests.service.api.conftest import Program

Make = Callable[..., Program]


def a_campaign(**changes: Any) -> dict[str, Any]:
    return a_document(**changes).model_dump(mode="json", by_alias=True, exclude_none=True)


def test_from_draft_to_ledger(session: Session, sealer: Sealer, program: Make) -> None:
    """Written, planned, signed twice, launched once, stopped, counted, and all of it on record."""
    a_province(session, sealer, people=3)
    session.commit()
    author = program("lan", Role.AUTHOR)
    approver = program("hoa", Role.CONTENT_APPROVER, agency="Ban Tuyên giáo")
    sender = program("minh", Role.SENDER)

    written = author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())
    assert (written["revision"], written["author"]) == (1, "lan")
    plan = author.post("/campaigns/cap-do-3/plans", code=201)
    assert (plan["recipients"], plan["needs"]) == (6, ["content_approver", "sender"])
    path = f"/plans/{plan['plan']}"
    assert author.post(f"{path}/signatures", {"digest": plan["digest"]}, code=403)["type"]
    early = sender.post(f"{path}/broadcast", code=409)
    assert early["type"] == "/api/problems/signature-missing"
    unread = approver.post(f"{path}/signatures", {"digest": "0" * 64}, code=409)
    assert unread["type"] == "/api/problems/digest-differs"
    assert "ETag" not in str(unread)
    approver.post(f"{path}/signatures", {"digest": plan["digest"]}, code=201)
    signed = sender.post(f"{path}/signatures", {"digest": plan["digest"]}, code=201)
    assert signed["needs"] == []
    assert [one["login"] for one in signed["signatures"]] == ["hoa", "minh"]

    once: dict[str, Any] = {"headers": {"Idempotency-Key": "launch-1"}}
    first = sender.post(f"{path}/broadcast", code=201, **once)
    again = sender.post(f"{path}/broadcast", code=201, **once)
    assert first == again
    assert sender.post(f"{path}/broadcast", code=409)["type"] == "/api/problems/broadcast-frozen"

    number = first["broadcast"]
    assert [one["broadcast"] for one in sender.get("/broadcasts")["items"]] == [number]
    assert sender.get(f"/broadcasts/{number}/ledger")["in_flight"] == 6
    assert sender.post(f"/broadcasts/{number}/pause")["state"] == "paused"
    assert sender.post(f"/broadcasts/{number}/resume")["state"] == "running"
    assert approver.post("/broadcasts/stop-all")["items"][0]["state"] == "stopped"
    ledger = author.get(f"/broadcasts/{number}/ledger")
    assert (ledger["planned"], ledger["cancelled"], ledger["balanced"]) == (6, 6, True)
    split = author.get(f"/broadcasts/{number}/communes")["items"]
    assert [one["states"] for one in split] == [{"cancelled": 3}] * 2

    assert verify_chain(session).broken_at is None
    entries = program("soat", Role.AUDITOR).get("/audit?limit=200")["items"]
    deeds = [(one["actor"], one["action"]) for one in entries if one["actor"]]
    assert deeds == [
        ("lan", "campaign.revised"),
        ("lan", "plan.submitted"),
        ("hoa", "plan.signed"),
        ("minh", "plan.signed"),
        ("minh", "broadcast.launched"),
        ("minh", "broadcast.paused"),
        ("minh", "broadcast.running"),
        ("hoa", "broadcast.all_stopped"),
        ("hoa", "broadcast.stopped"),
    ]
    assert all(one["source"].startswith("api key") for one in entries if one["actor"])
    assert session.query(AuditEntry).count() == len(entries)


def test_two_editors_never_lose_each_others_change(program: Make) -> None:
    """The slower one is told which fields the other has changed, and by whom."""
    lan, hoa = program("lan", Role.AUTHOR), program("hoa", Role.AUTHOR)
    first = lan.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())
    base: dict[str, Any] = {"headers": {"If-Match": f'"{first["digest"]}"'}}
    lan.ask("PUT", "/campaigns/cap-do-3", json=a_campaign(title="Của Lan"), **base)
    late = hoa.ask(
        "PUT", "/campaigns/cap-do-3", json=a_campaign(issuer="Sở Y tế"), code=412, **base
    )
    assert [(one["field"], one["problem"]) for one in late["errors"]] == [
        ("title", "was changed by lan")
    ]
    blind = hoa.ask("PUT", "/campaigns/cap-do-3", json=a_campaign(issuer="Sở Y tế"), code=428)
    assert blind["type"] == "/api/problems/etag-missing"
    strange: dict[str, Any] = {"headers": {"If-Match": '"abc"'}, "code": 412}
    for path, changed in (
        ("cap-do-3", {"issuer": "Sở Y tế"}),
        ("ten-moi", {"campaign": "ten-moi"}),
    ):
        unknown = hoa.ask("PUT", f"/campaigns/{path}", json=a_campaign(**changed), **strange)
        assert unknown["type"] == "/api/problems/etag-unknown"
    hoa.get("/campaigns/ten-moi", code=404)
    assert lan.get("/campaigns/cap-do-3")["title"] == "Của Lan"
    assert lan.get("/campaigns")["items"][0]["revision"] == 2


def test_a_faulty_campaign_is_refused_line_by_line_in_ones_own_language(program: Make) -> None:
    """The same complaints as on the command line, with a Vietnamese title and remedy."""
    refused = program("lan", Role.AUTHOR).ask(
        "PUT",
        "/campaigns/cap-do-3",
        data=b"campaign: cap-do-3\ntitle:\n",
        headers={"Content-Type": "application/yaml", "Accept-Language": "vi"},
        code=409,
    )
    assert refused["title"] == "Tệp chiến dịch có lỗi"
    assert "title" in {one["field"] for one in refused["errors"]}
    assert {one["line"] for one in refused["errors"]} >= {2}


def test_letters_may_be_written_in_two_halves_but_not_in_one(program: Make) -> None:
    """JSON writes some letters so; a half alone is refused, and not quoted back as it came."""
    lan = program("lan", Role.AUTHOR)
    title = "Bản tin \U0001f4e2"
    sent = json.dumps(a_campaign(title=title))
    assert "\\ud83d\\udce2" in sent
    assert lan.ask("PUT", "/campaigns/cap-do-3", data=sent)["title"] == title
    for half in ("\\ud83d", "\\uDCE2", "\\U0000d83d"):
        broken = sent.replace("\\ud83d\\udce2", half)
        refused = lan.ask("PUT", "/campaigns/cap-do-3", data=broken, code=409)
        assert refused["errors"][0]["problem"] == "half of a letter stands alone"
    assert lan.post("/people", {"\ud83d": 1}, code=403)["type"]
    admin = program("quantri", Role.ADMINISTRATOR)
    assert admin.post("/people", {"\ud83d": 1}, code=400)["type"] == "/api/problems/malformed"


def test_a_plan_is_sent_back_and_a_campaign_rejected(
    session: Session, sealer: Sealer, program: Make
) -> None:
    """Each once, with a reason that everybody reads."""
    a_province(session, sealer, people=1)
    session.commit()
    author, approver = program("lan", Role.AUTHOR), program("hoa", Role.CONTENT_APPROVER)
    author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())
    plan = author.post("/campaigns/cap-do-3/plans", code=201)
    path = f"/plans/{plan['plan']}"
    assert author.post(f"{path}/return", {"reason": "Không."}, code=403)["type"]
    back = approver.post(f"{path}/return", {"reason": "Thiếu giờ."})
    assert [(one["login"], one["reason"], one["is_final"]) for one in back["objections"]] == [
        ("hoa", "Thiếu giờ.", False)
    ]
    refused = approver.post(f"{path}/signatures", {"digest": plan["digest"]}, code=409)
    assert refused["type"] == "/api/problems/plan-returned"
    sender = program("minh", Role.SENDER)
    assert sender.post(f"{path}/reject", {"reason": "Thôi."})["objections"][1]["is_final"]
    refused = author.post("/campaigns/cap-do-3/plans", code=409)
    assert refused["type"] == "/api/problems/campaign-rejected"


def test_a_sensitive_text_needs_the_committee_and_its_document(
    session: Session, sealer: Sealer, program: Make
) -> None:
    """The signature is refused without a ground, and shows it afterwards."""
    a_province(session, sealer, people=1)
    session.commit()
    author = program("lan", Role.AUTHOR)
    member = program("bcd", Role.STEERING_COMMITTEE, agency="Ban Chỉ đạo tỉnh")
    text = "Lạng Sơn: {area} phong tỏa từ 6h. Hỏi đáp: {hotline}."
    author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign(texts={"vi": text}))
    plan = author.post("/campaigns/cap-do-3/plans", code=201)
    assert plan["needs"] == ["content_approver", "sender", "steering_committee"]
    path, signed = f"/plans/{plan['plan']}/signatures", {"digest": plan["digest"]}
    refused = member.post(path, signed, code=409)
    assert refused["type"] == "/api/problems/ground-missing"
    assert "colleague" not in str(refused)
    ground = {"document": "12/TB-BCĐ", "reason": "Đã thống nhất."}
    kept = member.post(path, signed | ground, code=201)
    assert kept["needs"] == ["content_approver", "sender"]
    assert {name: kept["signatures"][0][name] for name in ground} == ground

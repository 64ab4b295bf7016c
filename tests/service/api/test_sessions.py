"""Sessions: from an invitation to a signature, and everything that ends or never opens one."""

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access.credentials import Credentials
from campaigns.access.invitations import LIFE, Invitation
from campaigns.access.login_sessions import IDLE, LONGEST_LIFE, LoginSession
from campaigns.audit import AuditEntry, verify_chain
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import a_province
from tests.fakes.telephones import Clock
from tests.service.api.accounts import ELSEWHERE, PASSWORD, Member, a_member, post
from tests.service.api.conftest import Program
from tests.service.api.test_journey import a_campaign

Make = Callable[..., Program]


@pytest.fixture
def admin(program: Make) -> Program:
    return program("quantri", Role.ADMINISTRATOR)


@pytest.fixture
def hoa(admin: Program, clock: Clock) -> Member:
    """An approver with a password and an app."""
    return a_member(admin, clock, "hoa", "content_approver", agency="Ban Tuyên giáo")


@pytest.fixture
def lan(admin: Program, clock: Clock) -> Member:
    """An author with a password and an app, which nobody asked of her."""
    return a_member(admin, clock, "lan", "author")


def test_from_an_invitation_to_a_signature(
    session: Session, sealer: Sealer, program: Make, hoa: Member
) -> None:
    """Invited, set up, logged in, signed, logged out; each deed on record, no secret in a row."""
    a_province(session, sealer, people=1)
    session.commit()
    author = program("tacgia", Role.AUTHOR)
    author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())
    plan = author.post("/campaigns/cap-do-3/plans", code=201)

    opened = hoa.try_login()
    signing = Program(hoa.app, "hoa", opened["text"])
    me = signing.get("/me")
    assert (me["login"], me["roles"]) == ("hoa", ["content_approver"])
    signed = signing.post(f"/plans/{plan['plan']}/signatures", {"digest": plan["digest"]}, code=201)
    assert [one["login"] for one in signed["signatures"]] == ["hoa"]
    assert signing.ask("DELETE", "/sessions/current")["ended_at"]
    signing.get("/me", code=401)

    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    deeds = {(one.actor, one.action, one.subject) for one in entries}
    number = opened["session"]
    assert deeds >= {
        ("quantri", "person.invited", "person:hoa"),
        ("hoa", "invitation.accepted", "person:hoa"),
        ("hoa", "session.opened", f"session:{number}"),
        ("hoa", "plan.signed", f"plan:{plan['plan']}"),
        ("hoa", "session.ended", f"session:{number}"),
    }
    assert verify_chain(session).broken_at is None
    kept = session.scalars(select(Credentials)).one()
    assert (kept.password_hash or "").startswith("$argon2id$")
    assert hoa.totp_secret.encode() not in (kept.totp_sealed or b"")
    row = session.get_one(LoginSession, number)
    assert row.digest not in opened["text"]


def test_a_code_counts_once(hoa: Member) -> None:
    """Whoever looked over a shoulder comes too late, also with the code before it."""
    before = hoa.code()
    hoa.try_login()
    for code in (hoa.shown(), before):
        refused = hoa.try_login(code=code, status=401)
        assert refused["type"] == "/api/problems/credentials-refused"
    hoa.try_login()


def test_whatever_is_wrong_the_answer_is_the_same(
    hoa: Member, lan: Member, admin: Program, program: Make
) -> None:
    """Nobody learns from it who exists, who has a password, or which of the two was right."""
    program("chua-moi", Role.AUTHOR)
    admin.post("/people/lan/withdraw")
    answers = [
        hoa.try_login(status=401, password="x" * 200),
        hoa.try_login(status=401, password=f"{PASSWORD}."),
        hoa.try_login(status=401, code="000000"),
        hoa.try_login(status=401, code=""),
        hoa.try_login(status=401, login="khong-ai"),
        hoa.try_login(status=401, login="chua-moi"),
        lan.try_login(status=401),
    ]
    assert all(answer == answers[0] for answer in answers)


def test_without_an_app_an_approver_gets_no_session(admin: Program, clock: Clock) -> None:
    """Nor can they accept an invitation without one; who only writes may go without."""
    admin.post(
        "/people",
        {"login": "viet", "name": "Việt", "agency": "Sở Y tế", "roles": ["author"]},
        code=201,
    )
    viet = Member(admin.app, clock, "viet")
    text = admin.post("/people/viet/invitations", {}, code=201)["text"]
    viet.accept(text, code="")
    viet.totp_secret = ""
    working = viet.log_in()

    admin.ask("PATCH", "/people/viet", json={"roles": ["author", "sender"]})
    working.get("/me", code=401)
    refused = viet.try_login(status=403)
    assert refused["type"] == "/api/problems/totp-missing"
    text = admin.post("/people/viet/invitations", {}, code=201)["text"]
    assert viet.accept(text, status=409, code="")["type"] == "/api/problems/code-refused"
    viet.accept(text)
    assert viet.log_in().get("/me")["roles"] == ["author", "sender"]


def test_a_session_ends_by_itself(hoa: Member, clock: Clock) -> None:
    """After half an hour without a request, and after twelve hours in any case."""
    left, used = hoa.log_in(), hoa.log_in()
    opened_at = clock.moment
    while clock.moment < opened_at + LONGEST_LIFE - IDLE:
        clock.moment += IDLE - timedelta(minutes=1)
        assert used.get("/me")["login"] == "hoa"
    left.get("/me", code=401)
    assert len(used.get("/sessions")["items"]) == 1
    clock.moment = opened_at + LONGEST_LIFE
    used.get("/me", code=401)


def test_ones_own_sessions_are_seen_and_ended(hoa: Member, lan: Member) -> None:
    """One, or all; never another's. A key is no session."""
    first, second, other = hoa.log_in(), hoa.log_in(address=ELSEWHERE), lan.log_in()
    seen = second.get("/sessions")["items"]
    assert [(one["address"], one["login"]) for one in seen] == [
        (ELSEWHERE, "hoa"),
        ("10.0.0.7", "hoa"),
    ]
    other.ask("DELETE", f"/sessions/{seen[0]['session']}", code=404)
    second.ask("DELETE", f"/sessions/{seen[1]['session']}")
    first.get("/me", code=401)
    third = hoa.log_in()
    assert second.ask("DELETE", "/sessions") == {"ended": 2}
    third.get("/me", code=401)
    assert other.get("/me")["login"] == "lan"


def test_a_changed_password_ends_every_session(hoa: Member) -> None:
    """And is asked for by whoever has only found an open session."""
    first, second = hoa.log_in(), hoa.log_in()
    change = {"password": PASSWORD, "new_password": "bốn mùa hoa đào nở"}
    wrong = first.post("/me/password", change | {"password": "khong phai the"}, code=409)
    assert wrong["type"] == "/api/problems/password-refused"
    weak = first.post("/me/password", change | {"new_password": "matkhau123456"}, code=409)
    assert "a common one" in weak["detail"]
    assert first.post("/me/password", change) == {"ended": 2}
    second.get("/me", code=401)
    hoa.try_login(status=401)
    hoa.try_login(password=change["new_password"])


def test_what_was_lost_is_set_up_anew_and_what_was_not_is_shown(
    hoa: Member, admin: Program
) -> None:
    """Nobody takes over an account with one invitation that they intercepted."""
    working, old_secret = hoa.log_in(), hoa.totp_secret
    text = admin.post("/people/hoa/invitations", {"resets": ["totp"]}, code=201)["text"]
    working.get("/me", code=401)
    assert hoa.try_login(status=403)["type"] == "/api/problems/totp-missing"
    thief = Member(hoa.app, hoa.clock, "hoa", "ba con gấu trúc ngủ")
    assert thief.accept(text, status=409)["type"] == "/api/problems/password-refused"
    hoa.accept(text)
    assert hoa.totp_secret != old_secret
    hoa.log_in()

    text = admin.post("/people/hoa/invitations", {"resets": ["password"]}, code=201)["text"]
    hoa.try_login(status=401)
    thief.totp_secret = pyotp.random_base32()
    assert thief.accept(text, status=409)["type"] == "/api/problems/code-refused"
    hoa.password = "năm ngọn núi xa mờ"  # noqa: S105 - of nobody
    hoa.accept(text)
    hoa.log_in()


def test_an_invitation_is_accepted_once_in_time(
    admin: Program, hoa: Member, clock: Clock, session: Session
) -> None:
    """A later one, its own day, and a withdrawal end it."""
    admin.post("/people/hoa/withdraw")
    invite = "/people/hoa/invitations"
    assert admin.post(invite, {}, code=409)["type"] == "/api/problems/person-withdrawn"
    admin.post("/people/hoa/restore")
    first = admin.post(invite, {}, code=201)["text"]
    second = admin.post(invite, {}, code=201)["text"]
    hoa.accept(second)
    third = admin.post(invite, {}, code=201)["text"]
    clock.moment += LIFE
    for text in (first, second, third, third[:-1], "loai_1_x", "x"):
        refused = post(hoa.app, "/invitations/open", {"invitation": text}, status=403)
        assert refused["type"] == "/api/problems/invitation-refused"
    digests = session.scalars(select(Invitation.digest)).all()
    assert not any(digest in text for digest in digests for text in (first, second, third))


def test_the_withdrawn_act_no_more(
    session: Session, sealer: Sealer, program: Make, hoa: Member, admin: Program
) -> None:
    """Key and session end at once and stay ended; what was signed stays signed."""
    a_province(session, sealer, people=1)
    session.commit()
    author = program("tacgia", Role.AUTHOR)
    author.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())
    plan = author.post("/campaigns/cap-do-3/plans", code=201)
    signing, path = hoa.log_in(), f"/plans/{plan['plan']}"
    key = admin.post("/keys", {"login": "hoa", "name": "máy"}, code=201)["text"]
    by_key = Program(hoa.app, "hoa", key)
    signing.post(f"{path}/signatures", {"digest": plan["digest"]}, code=201)

    gone = admin.post("/people/hoa/withdraw")
    assert (gone["permissions"], bool(gone["withdrawn_at"])) == ([], True)
    for program_of_hoa in (signing, by_key):
        program_of_hoa.get("/me", code=401)
    hoa.try_login(status=401)
    assert [one["login"] for one in author.get(path)["signatures"]] == ["hoa"]
    assert admin.post("/people/hoa/restore")["withdrawn_at"] is None
    for program_of_hoa in (signing, by_key):
        program_of_hoa.get("/me", code=401)
    assert hoa.log_in().get("/me")["login"] == "hoa"


def test_nobody_is_their_own_administrator_and_somebody_always_is(
    admin: Program, program: Make
) -> None:
    """Not one's own roles or agency; not the last one's."""
    for change in ({"roles": ["administrator", "sender"]}, {"agency": "Sở Y tế"}):
        own = admin.ask("PATCH", "/people/quantri", json=change, code=409)
        assert own["type"] == "/api/problems/person-change-refused"
    assert admin.ask("PATCH", "/people/quantri", json={"name": "Quản trị"})["name"] == "Quản trị"
    assert "last administrator" in admin.post("/people/quantri/withdraw", code=409)["detail"]
    second = program("quantri2", Role.ADMINISTRATOR)
    assert second.ask("PATCH", "/people/quantri", json={"roles": ["author"]})
    admin.get("/people", code=403)
    assert "last administrator" in second.post("/people/quantri2/withdraw", code=409)["detail"]
    listed = {one["login"]: one for one in second.get("/people")["items"]}
    assert listed["quantri"]["roles"] == ["author"]
    assert not listed["quantri"]["has_password"]


def test_an_administrator_sees_and_ends_anybodys_sessions(hoa: Member, admin: Program) -> None:
    working = hoa.log_in()
    assert len(admin.get("/people/hoa/sessions")["items"]) == 1
    assert admin.ask("DELETE", "/people/hoa/sessions") == {"ended": 1}
    working.get("/me", code=401)


@pytest.mark.parametrize(
    "text", ["loas", "loas_1", "loas_1_", "loas_1_x", "loas_x_y", "loa_1_x", "loai_1_x"]
)
def test_what_is_no_session_opens_nothing(app: Flask, hoa: Member, text: str) -> None:
    hoa.log_in()
    Program(app, "", text).get("/me", code=401)

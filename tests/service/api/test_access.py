"""Who may ask what: every address with every role, and with keys that are none."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.routing import Rule

from campaigns.access.keys import ApiKey, add_key, revoke_key, rotate_key
from campaigns.access.login_sessions import open_session
from campaigns.access.permissions import GRANTS, Permission
from campaigns.audit import AuditEntry
from campaigns.errors import KeyRefusedError
from campaigns.people import Role, get_person
from service.api.access import access_table
from service.api.requests import NEEDS, OPEN
from tests.builders import NOON, a_person
from tests.fakes.telephones import Clock
from tests.service.api.conftest import Program

Make = Callable[..., Program]
TABLE = Path("docs/permissions.md")


def everything(app: Flask) -> list[tuple[Rule, str, Any]]:
    return [
        (rule, method, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def addresses(app: Flask) -> list[tuple[Rule, str, Permission]]:
    return [
        (rule, method, getattr(view, NEEDS))
        for rule, method, view in everything(app)
        if not getattr(view, OPEN, False)
    ]


def path_of(rule: Rule) -> str:
    # Nothing has this number: what is asked for must not end the key that asks.
    values = dict.fromkeys(rule.arguments, "999")
    _, path = rule.build(values) or ("", "")
    return path.removeprefix("/api/v1")


def test_every_address_needs_a_permission(app: Flask) -> None:
    """An address without one would fail the collecting itself; no permission is for nothing."""
    assert len(addresses(app)) > 25
    assert {needed for _, _, needed in addresses(app)} == set(Permission)


def test_only_where_people_prove_who_they_are_nothing_is_needed(app: Flask) -> None:
    """Whoever adds an open address has to say so here."""
    assert {
        f"{method} {rule.rule}"
        for rule, method, view in everything(app)
        if getattr(view, OPEN, False)
    } == {
        "POST /api/v1/sessions",
        "POST /api/v1/invitations/open",
        "POST /api/v1/invitations/accept",
    }


@pytest.mark.parametrize("role", Role)
def test_each_role_reaches_what_it_may_and_nothing_else(
    app: Flask, program: Make, role: Role
) -> None:
    """A refusal comes before anything of the request is read; whoever may is told of its faults."""
    asking = program("ai-do", role)
    for rule, method, needed in addresses(app):
        headers = {"Authorization": f"Bearer {asking.key}"}
        answer = app.test_client().open(
            f"/api/v1{path_of(rule)}", method=method, headers=headers, data=b"\xff{"
        )
        is_refused = answer.status_code == 403
        assert is_refused == (needed not in GRANTS[role]), (rule.rule, method, answer.data)
        assert answer.status_code != 401
        assert answer.status_code < 500, (rule.rule, method, answer.data)


def test_a_session_reaches_what_its_person_may(
    app: Flask, program: Make, sessions: sessionmaker[Session]
) -> None:
    """Just as a key that may do all of it."""
    program("gui", Role.SENDER)
    with sessions.begin() as session:
        person = get_person(session, "gui")
        text = open_session(session, person, address="", program="", now=NOON).text
    for rule, method, needed in addresses(app):
        if rule.rule.startswith("/api/v1/sessions"):
            continue
        answer = app.test_client().open(
            f"/api/v1{path_of(rule)}",
            method=method,
            headers={"Authorization": f"Bearer {text}"},
            data=b"\xff{",
        )
        assert (answer.status_code == 403) == (needed not in GRANTS[Role.SENDER]), rule.rule
        assert answer.status_code != 401


@pytest.mark.parametrize(
    "key", ["", "loa", "loa_1", "loa_1_", "loa_1_x", "loa_x_y", "Basic x", "é"]
)
def test_without_a_key_there_is_nothing(app: Flask, program: Make, key: str) -> None:
    program("lan", Role.AUDITOR)
    for rule, method, _ in addresses(app):
        answer = app.test_client().open(
            f"/api/v1{path_of(rule)}", method=method, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_ends(program: Make, sessions: sessionmaker[Session], clock: Clock) -> None:
    """At its day, when it is revoked, and a week after it was rotated."""
    admin = program("quantri", Role.ADMINISTRATOR)
    made = admin.post("/keys", {"login": "quantri", "name": "thử"}, code=201)
    other = Program(admin.app, "quantri", made["text"])
    new = Program(admin.app, "quantri", other.post(f"/keys/{made['key']}/rotate", code=201)["text"])
    assert new.get("/me")["login"] == other.get("/me")["login"] == "quantri"
    clock.moment = NOON + timedelta(days=8)
    other.get("/me", code=401)
    new.ask("DELETE", f"/keys/{made['key'] + 1}")
    new.get("/me", code=401)
    clock.moment = NOON + timedelta(days=91)
    admin.get("/me", code=401)
    with sessions() as session:
        kept = session.get_one(ApiKey, made["key"])
        assert made["text"] not in {kept.digest, kept.name}
        assert kept.used_at is not None


@pytest.mark.parametrize(
    ("given", "kept"),
    [("garbage", "nowhere"), ("0912000001", "nowhere"), ("10.0.0.7", "10.0.0.7")],
)
def test_only_an_address_is_kept_as_one(
    program: Make, session: Session, given: str, kept: str
) -> None:
    """A proxy hands on whatever stood in `X-Forwarded-For`, and the trail is never forgotten."""
    admin = program("quantri", Role.ADMINISTRATOR)
    wanted = {"login": "quantri", "name": "x"}
    admin.post("/keys", wanted, code=201, environ_base={"REMOTE_ADDR": given})
    said = session.scalars(select(AuditEntry.source).where(AuditEntry.actor == "quantri"))
    assert [one.partition(" from ")[2] for one in said] == [kept]


def test_no_administrator_makes_a_key_that_signs_for_somebody(program: Make) -> None:
    """Neither by asking for it, nor by leaving the scopes out, nor by rotating one they have."""
    admin = program("quantri", Role.ADMINISTRATOR)
    signer = program("hoa", Role.CONTENT_APPROVER)
    asked = {"login": "hoa", "name": "x", "scopes": ["plans.sign"]}
    assert "own word" in admin.post("/keys", asked, code=409)["detail"]
    made = admin.post("/keys", {"login": "hoa", "name": "x"}, code=201)
    assert "campaigns.read" in made["scopes"]
    assert {"plans.sign", "answers.approve"}.isdisjoint(made["scopes"])
    number = signer.key.split("_")[1]
    assert "own word" in admin.post(f"/keys/{number}/rotate", code=409)["detail"]


def test_a_key_may_never_do_more_than_its_person(session: Session) -> None:
    """Neither by its scopes, nor after the person has lost a role."""
    person = a_person(session, "lan", Role.AUTHOR, Role.SENDER)
    with pytest.raises(KeyRefusedError, match=r"lan has no permission for people\.manage, and"):
        add_key(session, person, name="x", scopes=[Permission.PEOPLE_MANAGE], now=NOON)
    with pytest.raises(KeyRefusedError, match="400 days"):
        add_key(session, person, name="x", scopes=(), now=NOON, expires_at=NOON)
    key = add_key(session, person, name="x", scopes=[Permission.BROADCASTS_LAUNCH], now=NOON).key
    assert key.scope_set == {Permission.BROADCASTS_LAUNCH}
    get_person(session, "lan").roles = "|author|"
    assert key.scope_set == frozenset()
    with pytest.raises(KeyRefusedError, match="may do nothing any more"):
        rotate_key(session, key.id, now=NOON)
    revoke_key(session, key.id, now=NOON)
    with pytest.raises(KeyRefusedError, match="ended"):
        rotate_key(session, key.id, now=NOON)


def test_the_page_of_permissions_says_what_the_code_does(app: Flask) -> None:
    """Where it differs, write the page anew with what `access_table` returns."""
    assert TABLE.read_text() == access_table(app)

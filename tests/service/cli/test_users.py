"""People at the command line: the first administrator, and what to do when somebody is lost."""

from datetime import UTC, datetime

import pyotp
import pytest

from campaigns.access.attempts import FREE
from campaigns.access.credentials import credentials_of, spend_code
from campaigns.access.login_sessions import open_session
from campaigns.access.logins import begin_login
from campaigns.access.passwords import Passwords
from campaigns.people import get_person
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from tests.service.cli.clerk import SEAL_KEY, Clerk

SOUND = "mười hai con trâu trắng"


@pytest.fixture
def staffed(clerk: Clerk) -> Clerk:
    """A clerk's installation with an administrator and an author."""
    clerk.answer("users", "add", "quantri", "--agency", "Sở KH&CN", "--role", "administrator")
    clerk.answer("users", "add", "lan", "--agency", "Sở KH&CN", "--role", "author")
    return clerk


def log_in(clerk: Clerk, login: str) -> int:
    """Open a session for *login* as the web does; return its number."""
    engine = open_engine(clerk.url)
    with open_sessions(engine).begin() as session:
        person = get_person(session, login)
        now = datetime.now(UTC)
        number = open_session(session, person, address="10.0.0.7", program="", now=now).opened.id
    engine.dispose()
    return number


def test_the_first_administrator_gets_a_password_and_an_app_here(staffed: Clerk) -> None:
    """Without any web; the app's secret is shown, and neither it nor the password is kept open."""
    staffed.answer("users", "password", "quantri", LOA_PASSWORD=SOUND)
    shown = staffed.answer("users", "totp", "quantri")
    assert shown["totp_address"].startswith("otpauth://totp/Loa:quantri?secret=")
    listed = {one["login"]: one for one in staffed.answer("users", "list")}
    assert (listed["quantri"]["has_password"], listed["quantri"]["has_totp"]) == (True, True)
    assert (listed["lan"]["has_password"], listed["lan"]["has_totp"]) == (False, False)

    engine = open_engine(staffed.url)
    with open_sessions(engine).begin() as session:
        kept, now = credentials_of(session, get_person(session, "quantri")), datetime.now(UTC)
        assert Passwords().is_right(kept.password_hash, SOUND)
        code = pyotp.TOTP(shown["totp_secret"]).at(now)
        assert spend_code(session, kept, code, sealer=Sealer(SEAL_KEY.encode()), now=now)
    engine.dispose()


def test_a_commune_editor_is_added_with_an_area(staffed: Clerk) -> None:
    refusal = staffed.refusal(
        "users", "add", "xa", "--agency", "UBND xã", "--role", "commune_editor"
    )
    assert "without an area" in refusal
    assert "--area" in refusal
    assert {one["login"] for one in staffed.answer("users", "list")} == {"quantri", "lan"}


def test_a_password_is_typed_twice_where_none_is_given(staffed: Clerk) -> None:
    result = staffed.run("users", "password", "lan")
    assert result.exit_code == 1
    common = "quantri12345"
    refused = staffed.refusal("users", "password", "lan", LOA_PASSWORD=common)
    assert "neither the login nor a common one" in refused


def test_an_invitation_is_shown_once_and_says_until_when(staffed: Clerk) -> None:
    made = staffed.answer("users", "invite", "lan", "--reset", "password", "--reset", "totp")
    assert made["text"].startswith(f"loai_{made['invitation']}_")
    shown = staffed.run("users", "invite", "lan").stdout
    assert "loai_" in shown
    assert "not shown again" in shown


def test_sessions_are_seen_and_ended(staffed: Clerk) -> None:
    """One, or all."""
    first, second = log_in(staffed, "lan"), log_in(staffed, "lan")
    assert [one["session"] for one in staffed.answer("users", "sessions", "lan")] == [second, first]
    assert "10.0.0.7" in staffed.run("users", "sessions", "lan").stdout
    staffed.answer("users", "end-sessions", "lan", "--number", str(second))
    assert staffed.answer("users", "end-sessions", "lan") == {"login": "lan", "ended": 1}
    assert staffed.answer("users", "sessions", "lan") == []
    refused = staffed.refusal("users", "end-sessions", "quantri", "--number", str(first))
    assert "quantri has no session" in refused


def test_people_are_changed_withdrawn_and_restored(staffed: Clerk) -> None:
    log_in(staffed, "lan")
    changed = staffed.answer("users", "change", "lan", "--role", "sender", "--agency", "Sở Y tế")
    assert (changed["roles"], changed["agency"]) == (["sender"], "Sở Y tế")
    assert staffed.answer("users", "sessions", "lan") == []
    assert staffed.answer("users", "withdraw", "lan")["withdrawn_at"]
    assert "withdrawn" in staffed.run("users", "list").stdout
    assert "was withdrawn" in staffed.refusal("users", "invite", "lan")
    assert "was withdrawn" in staffed.refusal("keys", "add", "lan", "--name", "máy")
    assert staffed.answer("users", "restore", "lan")["withdrawn_at"] is None


def test_the_rules_about_administrators_hold_here_too(staffed: Clerk) -> None:
    assert "last administrator" in staffed.refusal("users", "withdraw", "quantri")
    own = staffed.refusal("users", "change", "quantri", "--role", "author", LOA_USER="quantri")
    assert "Nobody changes their own roles" in own
    last = staffed.refusal("users", "change", "quantri", "--role", "author")
    assert "last administrator" in last


def test_who_has_to_wait_is_seen_and_forgiven(staffed: Clerk) -> None:
    engine = open_engine(staffed.url)
    with open_sessions(engine).begin() as session:
        for _ in range(FREE):
            begin_login(session, "lan", source="203.0.113.9", now=datetime.now(UTC))
    engine.dispose()
    seen = staffed.answer("users", "attempts")
    assert [(one["source"], one["login"], one["failures"]) for one in seen] == [
        ("203.0.113.9", "", FREE),
        ("203.0.113.9", "lan", FREE),
    ]
    assert "203.0.113.9" in staffed.run("users", "attempts").stdout
    assert staffed.answer("users", "attempts", "--forgive", "203.0.113.9") == []

"""Logins: from a login, a password and a code to a session; counted, verified, settled.

Verifying takes tens of milliseconds, so no transaction is open meanwhile: `begin_login` counts the
attempt in one, `settle_login` opens the session or lets the attempt stay counted in another.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.access.attempts import (
    Attempt,
    begin_attempt,
    forgive,
    note_failure,
    require_no_wait,
)
from campaigns.access.credentials import credentials_of, needs_totp, spend_code
from campaigns.access.login_sessions import NewSession, end_sessions_of, open_session
from campaigns.audit import act_as, actor_of, record
from campaigns.errors import TotpMissingError
from campaigns.people import Person, find_person, hold_person
from campaigns.sealing import Sealer


@dataclass(frozen=True, slots=True, repr=False)
class BegunLogin:
    """A counted attempt, and what was kept of the password; None for nobody's login."""

    attempt: Attempt
    password_hash: str | None


def begin_login(session: Session, login: str, *, source: str, now: datetime) -> BegunLogin:
    """Count an attempt for *login* from *source*; raise LoginThrottledError while it has to wait.

    Whoever has no password, or was withdrawn, is as nobody.
    """
    person = find_person(session, login)
    attempt = begin_attempt(session, login, person=person, source=source, now=now)
    if person is None or person.withdrawn_at is not None:
        return BegunLogin(attempt, None)
    return BegunLogin(attempt, credentials_of(session, person).password_hash)


def require_turn(session: Session, login: str, *, source: str, now: datetime) -> None:
    """Raise LoginThrottledError while *source* has to wait; it only reads."""
    person = find_person(session, login)
    require_no_wait(session, login, person=person, source=source, now=now)


def settle_login(
    session: Session,
    begun: BegunLogin,
    *,
    is_right: bool,
    code: str,
    address: str,
    program: str,
    sealer: Sealer,
    now: datetime,
) -> NewSession | None:
    """Open a session where the password *is_right* and the code too; else note that it failed.

    Returns None for what failed, whatever it was: the caller keeps the transaction, and says no.
    Raises TotpMissingError for who must have an app and has none.
    """
    person = settle_password(session, begun, is_right=is_right, now=now)
    if person is None:
        return None
    kept = credentials_of(session, person, to_change=True)
    if kept.totp_sealed is None:
        _require_no_totp(person)
    elif not spend_code(session, kept, code, sealer=sealer, now=now):
        note_failure(session, begun.attempt, person=person, now=now)
        return None
    forgive(session, begun.attempt, now=now)
    act_as(session, replace(actor_of(session), login=person.login))
    return open_session(session, person, address=address, program=program, now=now)


def settle_password(
    session: Session, begun: BegunLogin, *, is_right: bool, now: datetime
) -> Person | None:
    """Return whose password was right, held for a change; else note that it failed, return None.

    A password that was changed, or whose person was withdrawn, while it was verified is wrong.
    """
    person = find_person(session, begun.attempt.login)
    if person is not None and is_right:
        hold_person(session, person)
        kept = credentials_of(session, person, to_change=True)
        if person.withdrawn_at is None and kept.password_hash == begun.password_hash:
            return person
    note_failure(session, begun.attempt, person=person, now=now)
    return None


def set_password(session: Session, person: Person, password_hash: str, *, now: datetime) -> None:
    """Keep the hash of *person*'s password from now on; all their sessions end."""
    hold_person(session, person)
    credentials_of(session, person, to_change=True).password_hash = password_hash
    record(session, "password.changed", f"person:{person.login}", now=now)
    end_sessions_of(session, person, now=now)


def set_totp(
    session: Session, person: Person, secret: str, *, sealer: Sealer, now: datetime
) -> None:
    """Take codes from the app with *secret* from now on; all of *person*'s sessions end."""
    hold_person(session, person)
    kept = credentials_of(session, person, to_change=True)
    kept.totp_sealed, kept.totp_step = sealer.seal(secret), 0
    record(session, "totp.changed", f"person:{person.login}", now=now)
    end_sessions_of(session, person, now=now)


def renew_hash(session: Session, person: Person, password_hash: str) -> None:
    """Keep the same password at another price."""
    credentials_of(session, person, to_change=True).password_hash = password_hash


def _require_no_totp(person: Person) -> None:
    if needs_totp(person):
        raise TotpMissingError(
            f"{person.login} has a role that needs an authenticator app, and has set up none. "
            "No session was opened. Ask an administrator for an invitation and accept it with "
            "the code that the app shows."
        )

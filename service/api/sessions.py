"""Sessions: logging in, seeing and ending one's own sessions, changing one's password."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import Field
from sqlalchemy.orm import Session

from campaigns.access.attempts import forgive
from campaigns.access.login_sessions import (
    end_session,
    end_sessions_of,
    find_open_session,
    list_open_sessions,
)
from campaigns.access.logins import (
    begin_login,
    renew_hash,
    require_turn,
    set_password,
    settle_login,
    settle_password,
)
from campaigns.access.passwords import require_sound
from campaigns.access.permissions import Permission
from campaigns.audit import Actor
from campaigns.errors import PasswordRefusedError, UnknownSessionError
from service.api.given import Given
from service.api.kinds import WRONG_CREDENTIALS
from service.api.people import Login
from service.api.refusals import Refusal, RefusedError
from service.api.requests import (
    CHALLENGE,
    answer,
    caller,
    for_anybody,
    needs,
    reading,
    resources,
    shown_text,
    source_address,
    writing,
)
from service.api.session_views import (
    EndedSessions,
    NewSessionOut,
    SessionList,
    SessionOut,
    session_document,
)

sessions = APIBlueprint("sessions", __name__, tag="Sessions")
# What is longer than any password is refused as wrong, without the work of hashing it.
Password = Annotated[str, Field(min_length=1, max_length=256)]
Code = Annotated[str, Field(pattern=r"^([0-9]{6})?$")]


class LoginIn(Given):
    """Who wants a session; ``code`` is what the person's app shows, for who has set one up."""

    login: Login
    password: Password
    code: Code = ""


class PasswordIn(Given):
    """The password one has, and the one that takes its place."""

    password: Password
    new_password: Password


@sessions.post("/sessions")
@for_anybody
@sessions.input(LoginIn)
@sessions.output(NewSessionOut, status_code=201)
def log_in(json_data: LoginIn) -> Response:
    """Open a session.

    Whatever of the three is wrong, the answer is the same. After five wrong attempts for one
    login from one address the next one has to wait. Whoever shows a session that is still open
    waits only for their own mistakes.
    """
    wanted, now = json_data, resources().now()
    actor = Actor("", f"login from {source_address()}")
    passwords = resources().passwords
    with reading() as session:
        source = _own_session(session, wanted.login) or source_address()
        require_turn(session, wanted.login, source=source, now=now)
    with passwords.turn():
        with writing(actor) as session:
            begun = begin_login(session, wanted.login, source=source, now=now)
        is_right = passwords.is_right(begun.password_hash, wanted.password)
        is_outdated = is_right and passwords.is_outdated(begun.password_hash or "")
        renewed = passwords.hash(wanted.password) if is_outdated else None
    with writing(actor) as session:
        new = settle_login(
            session,
            begun,
            is_right=is_right,
            code=wanted.code,
            address=source_address(),
            program=request.user_agent.string,
            sealer=resources().sealer,
            now=now,
        )
        if new is not None and renewed is not None:
            renew_hash(session, new.opened.person, renewed)
    if new is None:
        raise RefusedError(Refusal(WRONG_CREDENTIALS, headers=CHALLENGE))
    document = session_document(new.opened) | {"text": new.text}
    return answer(document, 201, Cache_Control="no-store")


@sessions.get("/sessions")
@needs(Permission.ACCOUNT_MANAGE)
@sessions.output(SessionList)
def list_own() -> Response:
    """List your open sessions, the newest first."""
    with reading() as session:
        found = list_open_sessions(session, caller().person, now=resources().now())
        return answer({"items": [session_document(one) for one in found]})


@sessions.delete("/sessions")
@needs(Permission.ACCOUNT_MANAGE)
@sessions.output(EndedSessions)
def end_all() -> Response:
    """End all of your sessions, with this one."""
    with writing() as session:
        ended = end_sessions_of(session, caller().person, now=resources().now())
    return answer({"ended": ended})


@sessions.delete("/sessions/current")
@needs(Permission.ACCOUNT_MANAGE)
@sessions.output(SessionOut)
def log_out() -> Response:
    """End this session."""
    current = caller().session
    if current is None:
        raise UnknownSessionError("A key is no session; end it with `DELETE /keys`.")
    return _end(current.id)


@sessions.delete("/sessions/<int(max=9223372036854775807):number>")
@needs(Permission.ACCOUNT_MANAGE)
@sessions.output(SessionOut)
def end_one(number: int) -> Response:
    """End one of your sessions."""
    return _end(number)


@sessions.post("/me/password")
@needs(Permission.ACCOUNT_MANAGE)
@sessions.input(PasswordIn)
@sessions.output(EndedSessions)
def change_password(json_data: PasswordIn) -> Response:
    """Change your password.

    All of your sessions end, with this one: log in again.
    """
    asking, passwords, now = caller(), resources().passwords, resources().now()
    require_sound(json_data.new_password, login=asking.person.login)
    with passwords.turn():
        with writing() as session:
            begun = begin_login(session, asking.person.login, source=asking.shown, now=now)
        is_right = passwords.is_right(begun.password_hash, json_data.password)
        password_hash = passwords.hash(json_data.new_password) if is_right else ""
    ended = 0
    with writing() as session:
        person = settle_password(session, begun, is_right=is_right, now=now)
        if person is not None:
            ended = len(list_open_sessions(session, person, now=now))
            set_password(session, person, password_hash, now=now)
            forgive(session, begun.attempt, now=now)
    if person is None:
        raise PasswordRefusedError(
            "That is not the password you have now. Nothing was changed. Send the one that you "
            "log in with."
        )
    return answer({"ended": ended})


def _end(number: int) -> Response:
    with writing() as session:
        ended = end_session(session, caller().person, number, now=resources().now())
        return answer(session_document(ended))


def _own_session(session: Session, login: str) -> str | None:
    """Return what to count attempts of *login* under, where the request shows its own session."""
    found = find_open_session(session, shown_text(), now=resources().now())
    return f"session {found.id}" if found is not None and found.person.login == login else None

"""Sessions as the interface shows them."""

from datetime import datetime

from pydantic import BaseModel

from campaigns.access.login_sessions import IDLE, LoginSession


class SessionOut(BaseModel):
    """One session: opened where and with what; it ends, too, after ``idle_s`` without a request."""

    session: int
    login: str
    address: str
    program: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    idle_s: int


class SessionList(BaseModel):
    items: list[SessionOut]


class NewSessionOut(SessionOut):
    """A session just opened: ``text`` goes into `Authorization: Bearer` and is not shown again."""

    text: str


class EndedSessions(BaseModel):
    """How many sessions were open and have ended."""

    ended: int


def session_document(found: LoginSession) -> dict[str, object]:
    return {
        "session": found.id,
        "login": found.person.login,
        "address": found.address,
        "program": found.program,
        "opened_at": found.opened_at,
        "used_at": found.used_at,
        "expires_at": found.expires_at,
        "ended_at": found.ended_at,
        "idle_s": int(IDLE.total_seconds()),
    }

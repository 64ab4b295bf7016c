"""Login sessions: a person who has proven who they are, for as long as one shift."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, delete, exists, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.access.shown_once import digest_of, draw_secret, is_proven, number_in, write
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import change
from campaigns.errors import UnknownSessionError
from campaigns.people import Person, hold_person

PREFIX = "loas"
# NIST SP 800-63B §4.2.3: again after 12 hours at the latest, and after 30 minutes of rest.
LONGEST_LIFE = timedelta(hours=12)
IDLE = timedelta(minutes=30)
# For as long an address counts as one that the person comes from.
_REMEMBERED = timedelta(days=90)
_NOTED_EVERY = timedelta(minutes=1)
LONGEST_PROGRAM = 120


class LoginSession(Base):
    """One login: from where, with which program, until when; of its secret only a digest."""

    __tablename__ = "login_sessions"
    __table_args__ = (Index(None, "person_id", "opened_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    digest: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    program: Mapped[str] = mapped_column(String(LONGEST_PROGRAM))
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    person: Mapped[Person] = relationship(lazy="joined", init=False)

    def is_open(self, now: datetime) -> bool:
        """Whether it was neither ended, nor left alone or open for too long, by who still acts."""
        is_ended = self.ended_at is not None or self.person.withdrawn_at is not None
        return not is_ended and now < min(self.expires_at, self.used_at + IDLE)


@dataclass(frozen=True, slots=True, repr=False)
class NewSession:
    """A session just opened, and its text, which is shown once and kept nowhere."""

    opened: LoginSession
    text: str


def open_session(
    session: Session, person: Person, *, address: str, program: str, now: datetime
) -> NewSession:
    """Open a session for *person*, who has proven who they are and is held by the caller."""
    _forget(session, person, now=now)
    secret = draw_secret()
    opened = LoginSession(
        person_id=person.id,
        digest=digest_of(secret),
        address=address,
        program=program[:LONGEST_PROGRAM],
        opened_at=now,
        expires_at=now + LONGEST_LIFE,
        used_at=now,
    )
    session.add(opened)
    session.flush()
    session.refresh(opened)
    record(session, "session.opened", f"session:{opened.id}", now=now, person=person.login)
    return NewSession(opened, write(PREFIX, opened.id, secret))


def find_open_session(session: Session, text: str, *, now: datetime) -> LoginSession | None:
    """Return the session that *text* is, if it is one, and is open, and its person still acts."""
    number = number_in(text, prefix=PREFIX)
    found = session.get(LoginSession, number) if number is not None else None
    if found is None or not is_proven(text, found.digest):
        return None
    return found if found.is_open(now) else None


def list_open_sessions(session: Session, person: Person, *, now: datetime) -> list[LoginSession]:
    """Return the sessions in which *person* may act now, the newest first."""
    return list(
        session.scalars(
            select(LoginSession)
            .where(
                LoginSession.person_id == person.id,
                LoginSession.ended_at.is_(None),
                LoginSession.expires_at > now,
                LoginSession.used_at > now - IDLE,
            )
            .order_by(LoginSession.id.desc())
        )
    )


def end_session(session: Session, person: Person, number: int, *, now: datetime) -> LoginSession:
    """End one of *person*'s sessions at once; ending it again changes nothing.

    Raises UnknownSessionError, also for another person's.
    """
    found = session.get(LoginSession, number)
    if found is None or found.person_id != person.id:
        raise UnknownSessionError(f"{person.login} has no session {number}. Nothing was changed.")
    if found.ended_at is None:
        found.ended_at = now
        record(session, "session.ended", f"session:{number}", now=now, person=person.login)
    return found


def end_sessions_of(session: Session, person: Person, *, now: datetime) -> int:
    """End all of *person*'s sessions at once, and return how many were open."""
    hold_person(session, person)
    ended = list_open_sessions(session, person, now=now)
    for one in ended:
        one.ended_at = now
    if ended:
        numbers = [one.id for one in ended]
        record(session, "sessions.ended", f"person:{person.login}", now=now, sessions=numbers)
    return len(ended)


def note_session_use(session: Session, used: LoginSession, *, now: datetime) -> None:
    """Keep when *used* was used last; what has ended meanwhile stays ended."""
    change(session, update(LoginSession).where(LoginSession.id == used.id).values(used_at=now))


def is_use_noted(used: LoginSession, *, now: datetime) -> bool:
    """Whether it is known already that *used* is in use, to the minute."""
    return now - used.used_at < _NOTED_EVERY


def came_from(session: Session, person: Person, address: str) -> bool:
    """Whether *person* has opened a session at *address* in the last 90 days."""
    known = (LoginSession.person_id == person.id) & (LoginSession.address == address)
    return bool(session.scalar(select(exists().where(known))))


def _forget(session: Session, person: Person, *, now: datetime) -> None:
    """Delete what *person* opened so long ago that nobody asks for it."""
    old = LoginSession.person_id == person.id, LoginSession.opened_at < now - _REMEMBERED
    session.execute(
        delete(LoginSession).where(*old), execution_options={"synchronize_session": False}
    )

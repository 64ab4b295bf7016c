"""Attempts: how often somebody may try to be who they say, without shutting anybody else out.

An attempt is counted as failed before anything is verified, and forgiven once it was right: of a
hundred that come at the same moment no more are verified than of a hundred that come in a row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.access.login_sessions import came_from
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import insert_new
from campaigns.errors import LoginThrottledError
from campaigns.people import Person

# For one login from one source: five slips are free, then each costs twice the wait before it.
FREE = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=24)
# For all logins from one source, behind which there may be a whole office.
FREE_OF_SOURCE = 60
WINDOW_OF_SOURCE = timedelta(minutes=15)
LONGEST_SOURCE = 64
# Stands for all logins: nobody's login is empty.
_ALL = ""
_FORGOTTEN_AT_ONCE = 100


class FailedAttempts(Base):
    """What failed from one source for one login, or for all of them, since a moment."""

    __tablename__ = "failed_attempts"
    __table_args__ = (UniqueConstraint("source", "login"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    source: Mapped[str] = mapped_column(String(LONGEST_SOURCE))
    login: Mapped[str] = mapped_column(String(LONGEST_SOURCE))
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(index=True)
    waits_until: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was let through, and whether its failing will lock its source out."""

    login: str
    source: str
    locks_login: bool
    locks_source: bool


def require_no_wait(
    session: Session, login: str, *, person: Person | None, source: str, now: datetime
) -> None:
    """Raise LoginThrottledError while *source* has to wait, for *login* or for all logins.

    The second does not hold *person*, whose login it is, where they have come from before. It
    only reads, so that whoever hammers at the door keeps no writer waiting.
    """
    waiting = session.scalars(
        select(FailedAttempts).where(
            FailedAttempts.source == source,
            FailedAttempts.login.in_([login, _ALL]),
            FailedAttempts.waits_until > now,
        )
    ).all()
    if not waiting:
        return
    if person is not None and came_from(session, person, source):
        waiting = [row for row in waiting if row.login != _ALL]
    if waiting:
        raise LoginThrottledError(
            "Too many attempts from here were wrong. Nothing was changed. Try again at the moment "
            "that is given, or from another machine.",
            wait=max(row.waits_until for row in waiting) - now,
        )


def begin_attempt(
    session: Session, login: str, *, person: Person | None, source: str, now: datetime
) -> Attempt:
    """Count an attempt for *login* from *source*: an address, or something that was proven already.

    Raises LoginThrottledError as `require_no_wait` does.
    """
    forget_attempts(session, now=now)
    of_source = _counted(session, source, _ALL, forgotten_after=WINDOW_OF_SOURCE, now=now)
    of_login = _counted(session, source, login, forgotten_after=FORGOTTEN_AFTER, now=now)
    require_no_wait(session, login, person=person, source=source, now=now)
    of_source.failures += 1
    of_login.failures += 1
    over = of_login.failures - FREE
    if over >= 0:
        # Beyond a dozen doublings there is nothing but the longest wait.
        of_login.waits_until = now + min(FIRST_WAIT * 2 ** min(over, 12), LONGEST_WAIT)
    if of_source.failures >= FREE_OF_SOURCE:
        of_source.waits_until = of_source.since + WINDOW_OF_SOURCE
    return Attempt(login, source, over == 0, of_source.failures == FREE_OF_SOURCE)


def forgive(session: Session, attempt: Attempt, *, now: datetime) -> None:
    """Forget what failed for this login from this source, for the right person has come."""
    of_source = _counted(session, attempt.source, _ALL, forgotten_after=WINDOW_OF_SOURCE, now=now)
    of_login = _counted(
        session, attempt.source, attempt.login, forgotten_after=FORGOTTEN_AFTER, now=now
    )
    of_login.failures, of_login.waits_until = 0, now
    of_source.failures = max(0, of_source.failures - 1)
    if of_source.failures < FREE_OF_SOURCE:
        of_source.waits_until = of_source.since


def note_failure(
    session: Session, attempt: Attempt, *, person: Person | None, now: datetime
) -> None:
    """Record that a source is locked out, once for each lock; single failures are counted only.

    What was typed as a login and is nobody's is not written down: it may be a password.
    """
    if attempt.locks_login:
        subject = f"person:{person.login}" if person else "person:nobody"
        record(session, "login.locked", subject, now=now, source=attempt.source, failures=FREE)
    if attempt.locks_source:
        record(
            session,
            "source.locked",
            f"source:{attempt.source}",
            now=now,
            failures=FREE_OF_SOURCE,
        )


def list_failed_attempts(session: Session, *, now: datetime) -> list[FailedAttempts]:
    """Return what failed in the last day and was not forgiven, the most first."""
    return list(
        session.scalars(
            select(FailedAttempts)
            .where(FailedAttempts.failures > 0, FailedAttempts.since > now - FORGOTTEN_AFTER)
            .order_by(FailedAttempts.failures.desc(), FailedAttempts.id)
        )
    )


def forget_source(session: Session, source: str, *, now: datetime) -> int:
    """Let whoever is at *source* try again at once; return how many counts were forgotten."""
    forgotten = session.scalars(
        delete(FailedAttempts).where(FailedAttempts.source == source).returning(FailedAttempts.id)
    ).all()
    if forgotten:
        record(session, "source.forgiven", f"source:{source}", now=now)
    return len(forgotten)


def _counted(
    session: Session, source: str, login: str, *, forgotten_after: timedelta, now: datetime
) -> FailedAttempts:
    """Return the row of *source* and *login*, which nobody else changes until the end."""
    values = {"source": source, "login": login, "failures": 0, "since": now, "waits_until": now}
    session.execute(insert_new(session, FailedAttempts).values(**values))
    row = session.scalars(
        select(FailedAttempts)
        .where(FailedAttempts.source == source, FailedAttempts.login == login)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if max(row.since + forgotten_after, row.waits_until) <= now:
        row.failures, row.since, row.waits_until = 0, now, now
    return row


def forget_attempts(session: Session, *, now: datetime) -> None:
    """Delete some of what no longer counts, so that the table grows for no longer than a day."""
    over = (
        select(FailedAttempts.id)
        .where(FailedAttempts.since <= now - FORGOTTEN_AFTER)
        .limit(_FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(FailedAttempts).where(FailedAttempts.id.in_(over)),
        execution_options={"synchronize_session": False},
    )

"""Credentials: the password and the app by which a person proves who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.access.totp import step_of
from campaigns.base import Base, BigId
from campaigns.bulk import change, insert_new
from campaigns.people import Person, Role
from campaigns.sealing import Sealer

# Whoever lets a text leave, or lets others do so, proves it with two things.
NEED_TOTP = frozenset(
    {
        Role.CONTENT_APPROVER,
        Role.HEALTH_DATA_OWNER,
        Role.STEERING_COMMITTEE,
        Role.SENDER,
        Role.ADMINISTRATOR,
    }
)
_LONGEST_HASH = 200


class Credentials(Base):
    """One person's password, hashed, and the secret of their app, sealed.

    ``totp_step`` is the last step of time of which a code was used: none up to it counts again.
    """

    __tablename__ = "credentials"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey(Person.id), primary_key=True, autoincrement=False
    )
    password_hash: Mapped[str | None] = mapped_column(String(_LONGEST_HASH), default=None)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    totp_step: Mapped[int] = mapped_column(BigId, default=0)


def credentials_of(session: Session, person: Person, *, to_change: bool = False) -> Credentials:
    """Return what *person* proves themselves by; without anything in it where nothing was set up.

    *to_change* lets nobody else change it until the transaction ends.
    """
    if to_change:
        session.execute(insert_new(session, Credentials).values(person_id=person.id, totp_step=0))
    wanted = select(Credentials).where(Credentials.person_id == person.id)
    if to_change:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalar(wanted) or Credentials(person_id=person.id)


def all_credentials(session: Session) -> dict[int, Credentials]:
    """Return what everybody proves themselves by, under the number of the person's row."""
    return {kept.person_id: kept for kept in session.scalars(select(Credentials))}


def needs_totp(person: Person) -> bool:
    """Whether no session is opened for *person* without a code."""
    return not NEED_TOTP.isdisjoint(person.roles_given)


def can_log_in(session: Session, person: Person) -> bool:
    """Whether *person* has set up all that a session is opened for."""
    kept = credentials_of(session, person)
    return kept.password_hash is not None and (
        kept.totp_sealed is not None or not needs_totp(person)
    )


def spend_code(
    session: Session, kept: Credentials, code: str, *, sealer: Sealer, now: datetime
) -> bool:
    """Whether *code* is one that the person's app shows about *now*; it counts this once only.

    Of two that bring the same code at the same moment, one is told no.
    """
    if kept.totp_sealed is None:
        return False
    step = step_of(sealer.unseal(kept.totp_sealed), code, now=now)
    if step is None:
        return False
    is_unused = Credentials.person_id == kept.person_id, Credentials.totp_step < step
    return change(session, update(Credentials).where(*is_unused).values(totp_step=step)) == 1

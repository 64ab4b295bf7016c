"""Invitations: with one, shown once, a person sets up the password and the app of their own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.access.credentials import Credentials, credentials_of, needs_totp, spend_code
from campaigns.access.login_sessions import end_sessions_of
from campaigns.access.shown_once import digest_of, draw_secret, is_proven, number_in, write
from campaigns.access.totp import draw_totp_secret, step_of
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import change
from campaigns.errors import CodeRefusedError, InvitationRefusedError
from campaigns.people import Person, hold_person, require_active
from campaigns.sealing import Sealer

PREFIX = "loai"
LIFE = timedelta(days=3)


class Proof(StrEnum):
    """What a person proves themselves by."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    TOTP = "totp"


class Invitation(Base):
    """One invitation; of its secret only a digest.

    ``totp_sealed`` is what the app makes codes from, once it is accepted with one of them.
    """

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    person: Mapped[Person] = relationship(lazy="joined", init=False)


@dataclass(frozen=True, slots=True, repr=False)
class NewInvitation:
    """An invitation just made, and its text, which is shown once and kept nowhere."""

    invitation: Invitation
    text: str


def invite(
    session: Session, person: Person, *, resets: Collection[Proof] = (), now: datetime
) -> NewInvitation:
    """Invite *person* to set up what they have not; what *resets* names they have no more.

    What is not reset stays, and must be shown when the invitation is accepted: who has lost one
    of the two proves themselves by the other. Sessions and earlier invitations end. Raises
    PersonWithdrawnError.
    """
    hold_person(session, person)
    require_active(person)
    kept = credentials_of(session, person, to_change=True)
    if Proof.PASSWORD in resets:
        kept.password_hash = None
    if Proof.TOTP in resets:
        kept.totp_sealed = None
    if resets:
        end_sessions_of(session, person, now=now)
    end_invitations_of(session, person, now=now)
    secret = draw_secret()
    invitation = Invitation(
        person_id=person.id, digest=digest_of(secret), made_at=now, expires_at=now + LIFE
    )
    session.add(invitation)
    session.flush()
    session.refresh(invitation)
    record(
        session,
        "person.invited",
        f"person:{person.login}",
        now=now,
        resets=sorted(resets),
        invitation=invitation.id,
        expires_at=invitation.expires_at,
    )
    return NewInvitation(invitation, write(PREFIX, invitation.id, secret))


def get_invitation(session: Session, text: str, *, now: datetime) -> Invitation:
    """Return the invitation that *text* is, or raise InvitationRefusedError."""
    number = number_in(text, prefix=PREFIX)
    found = session.get(Invitation, number) if number is not None else None
    is_good = (
        found is not None
        and is_proven(text, found.digest)
        and found.ended_at is None
        and now < found.expires_at
        and found.person.withdrawn_at is None
    )
    if found is None or not is_good:
        raise InvitationRefusedError(
            "This is no invitation, or it has ended: each can be accepted once, within "
            f"{LIFE.days} days, and a later one takes its place. Nothing was changed. Ask an "
            "administrator for another."
        )
    return found


def offer_totp(session: Session, invitation: Invitation, *, sealer: Sealer) -> str | None:
    """Return the secret that *invitation*'s person gives to their app; None for who has one.

    Each call draws another, and the one before it no longer counts.
    """
    if credentials_of(session, invitation.person).totp_sealed is not None:
        return None
    secret = draw_totp_secret()
    invitation.totp_sealed = sealer.seal(secret)
    return secret


def accept_invitation(
    session: Session,
    invitation: Invitation,
    *,
    password_hash: str,
    code: str,
    sealer: Sealer,
    now: datetime,
) -> None:
    """Keep what *invitation*'s person set up; it ends, and so do all their sessions.

    *password_hash* is of the password they chose, or have shown to be theirs. Raises
    CodeRefusedError without a code where there must be one, and for one that is wrong;
    InvitationRefusedError for whoever comes second.
    """
    person = invitation.person
    hold_person(session, person)
    is_open = Invitation.id == invitation.id, Invitation.ended_at.is_(None)
    if change(session, update(Invitation).where(*is_open).values(ended_at=now)) != 1:
        raise InvitationRefusedError("This invitation has just been accepted. Nothing was changed.")
    kept = credentials_of(session, person, to_change=True)
    has_app = _keep_totp(session, kept, invitation, code=code, sealer=sealer, now=now)
    kept.password_hash = password_hash
    end_sessions_of(session, person, now=now)
    record(
        session,
        "invitation.accepted",
        f"person:{person.login}",
        now=now,
        invitation=invitation.id,
        totp=has_app,
    )


def end_invitations_of(session: Session, person: Person, *, now: datetime) -> None:
    """End whatever *person* was invited with."""
    is_open = Invitation.person_id == person.id, Invitation.ended_at.is_(None)
    change(session, update(Invitation).where(*is_open).values(ended_at=now))


def _keep_totp(
    session: Session,
    kept: Credentials,
    invitation: Invitation,
    *,
    code: str,
    sealer: Sealer,
    now: datetime,
) -> bool:
    """Take over the app that made *code*; return whether the person has one now."""
    if kept.totp_sealed is not None:
        if not spend_code(session, kept, code, sealer=sealer, now=now):
            raise CodeRefusedError(_WRONG_CODE)
        return True
    if not code and not needs_totp(invitation.person):
        return False
    drawn = invitation.totp_sealed
    step = step_of(sealer.unseal(drawn), code, now=now) if drawn else None
    if step is None:
        raise CodeRefusedError(_WRONG_CODE)
    kept.totp_sealed, kept.totp_step = drawn, step
    return True


_WRONG_CODE = (
    "That is not the code which the app shows now, or it was used already. Nothing was changed. "
    "Look whether the telephone's clock is right, and send the next code."
)

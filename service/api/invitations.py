"""Invitations: with one a person sets up their own password and app, before they have a session."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.attempts import forgive, note_failure
from campaigns.access.credentials import credentials_of, needs_totp
from campaigns.access.invitations import accept_invitation, get_invitation, offer_totp
from campaigns.access.logins import BegunLogin, begin_login, settle_password
from campaigns.access.passwords import require_sound
from campaigns.access.totp import totp_address
from campaigns.audit import Actor
from campaigns.errors import CodeRefusedError, PasswordRefusedError
from service.api.given import Given
from service.api.people import PersonOut, person_document
from service.api.requests import answer, for_anybody, reading, resources, source_address, writing
from service.api.sessions import Code, Password

invitations = APIBlueprint("invitations", __name__, tag="Invitations")
Text = Annotated[str, Field(min_length=1, max_length=100)]


class InvitationIn(Given):
    """An invitation, as it was handed over."""

    invitation: Text


class OpenedInvitation(BaseModel):
    """Whom it is for and what to set up.

    Where there is an app already, ``totp_secret`` and ``totp_address`` are empty: the code is
    that app's. Where there is a password already, it is the one to send.
    """

    login: str
    name: str
    agency: str
    has_password: bool
    has_totp: bool
    needs_totp: bool
    totp_secret: str
    totp_address: str


class AcceptedIn(InvitationIn):
    """The password, and the code that the app shows now; empty without an app."""

    password: Password
    code: Code = ""


@invitations.post("/invitations/open")
@for_anybody
@invitations.input(InvitationIn)
@invitations.output(OpenedInvitation)
def open_one(json_data: InvitationIn) -> Response:
    """Look at an invitation, and draw the secret for an app.

    Each look draws another secret; the last one counts.
    """
    _require_invitation(json_data)
    with writing(_unproven()) as session:
        found = get_invitation(session, json_data.invitation, now=resources().now())
        person, kept = found.person, credentials_of(session, found.person)
        secret = offer_totp(session, found, sealer=resources().sealer)
        document = {
            "login": person.login,
            "name": person.name,
            "agency": person.agency,
            "has_password": kept.password_hash is not None,
            "has_totp": kept.totp_sealed is not None,
            "needs_totp": needs_totp(person),
            "totp_secret": secret or "",
            "totp_address": totp_address(secret, login=person.login) if secret else "",
        }
    return answer(document, Cache_Control="no-store")


@invitations.post("/invitations/accept")
@for_anybody
@invitations.input(AcceptedIn)
@invitations.output(PersonOut)
def accept(json_data: AcceptedIn) -> Response:
    """Accept an invitation: it ends, and you can log in.

    A new password has 12 to 128 characters and is neither the login nor a common one.
    """
    _require_invitation(json_data)
    passwords = resources().passwords
    with passwords.turn():
        with writing(_unproven()) as session:
            begun = _begin(session, json_data)
        kept = begun.password_hash
        is_right = kept is None or passwords.is_right(kept, json_data.password)
        password_hash = kept or passwords.hash(json_data.password)
    try:
        with writing(Actor(begun.attempt.login, begun.attempt.source)) as session:
            person = settle_password(session, begun, is_right=is_right, now=resources().now())
            if person is not None:
                _accept(session, json_data, begun, password_hash=password_hash)
    except CodeRefusedError:
        with writing(_unproven()) as session:
            note_failure(session, begun.attempt, person=None, now=resources().now())
        raise
    if person is None:
        raise PasswordRefusedError(
            "That is not the password you have. Nothing was changed. If it is lost, ask an "
            "administrator for an invitation that resets it."
        )
    with reading() as session:
        return answer(person_document(session, person))


def _require_invitation(wanted: InvitationIn) -> None:
    """Turn away whoever brings none, without keeping a writer waiting."""
    with reading() as session:
        get_invitation(session, wanted.invitation, now=resources().now())


def _begin(session: Session, wanted: AcceptedIn) -> BegunLogin:
    """Count the attempt for this invitation alone, and look at a password that is to be set."""
    now = resources().now()
    found = get_invitation(session, wanted.invitation, now=now)
    source = f"invitation {found.id}"
    begun = begin_login(session, found.person.login, source=source, now=now)
    if begun.password_hash is None:
        require_sound(wanted.password, login=found.person.login)
    return begun


def _accept(session: Session, wanted: AcceptedIn, begun: BegunLogin, *, password_hash: str) -> None:
    now = resources().now()
    accept_invitation(
        session,
        get_invitation(session, wanted.invitation, now=now),
        password_hash=password_hash,
        code=wanted.code,
        sealer=resources().sealer,
        now=now,
    )
    forgive(session, begun.attempt, now=now)


def _unproven() -> Actor:
    return Actor("", f"invitation from {source_address()}")

"""People: who may act, for which agency, as what; added, changed, invited, withdrawn."""

from datetime import datetime
from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.credentials import Credentials, all_credentials
from campaigns.access.invitations import Proof, invite
from campaigns.access.login_sessions import end_sessions_of, list_open_sessions
from campaigns.access.permissions import Permission, permissions_of
from campaigns.access.standing import Standing, change_person, restore_person, withdraw_person
from campaigns.people import (
    Person,
    Role,
    add_person,
    all_person_areas,
    areas_of,
    get_person,
    list_people,
)
from service.api.given import Code, Given, Line
from service.api.kept import kept
from service.api.once import Deed, once
from service.api.paging import PageQuery, page, text_in
from service.api.requests import answer, caller, needs, reading, resources, writing
from service.api.session_views import EndedSessions, SessionList, session_document
from service.api.stores import STEADY

people = APIBlueprint("people", __name__, tag="People")
Login = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Name = Annotated[Line, Field(min_length=1, max_length=120)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
Areas = Annotated[tuple[Code, ...], Field(max_length=200)]


class PersonOut(BaseModel):
    """One person: for which agency they act, and as what; nothing is permitted once withdrawn.

    `areas` are those that a commune editor writes for, each with everything below it.
    """

    login: str
    name: str
    agency: str
    roles: list[str]
    areas: list[str]
    permissions: list[str]
    withdrawn_at: datetime | None


class ListedPerson(PersonOut):
    """One person, and by what they can prove who they are."""

    has_password: bool
    has_totp: bool


class PersonPage(BaseModel):
    items: list[ListedPerson]
    next: str | None


class PersonIn(Given):
    """A new person; agency and roles decide what they may sign, areas what they fill in."""

    login: Login
    name: Name
    agency: Name
    roles: Roles
    areas: Areas = ()


class StandingIn(Given):
    """What changes about a person; what is left out stays."""

    name: Name | None = None
    agency: Name | None = None
    roles: Roles | None = None
    areas: Areas | None = None


class InvitationIn(Given):
    """What the person has lost and sets up anew; whatever else they have they must show."""

    resets: Annotated[tuple[Literal["password", "totp"], ...], Field(max_length=2)] = ()


class InvitationOut(BaseModel):
    """An invitation just made: hand ``text`` to the person now, it is not shown again."""

    invitation: int
    login: str
    expires_at: datetime
    text: str


@people.get("/me")
@needs(Permission.AREAS_READ)
@people.output(PersonOut)
def show_me() -> Response:
    """Show who you are and what this key or session may do."""
    with reading() as session:
        document = person_document(session, caller().person)
    return answer(document | {"permissions": sorted(caller().permissions)})


@people.get("/people")
@needs(Permission.PEOPLE_READ)
@people.input(PageQuery, location="query")
@people.output(PersonPage)
def list_all(query_data: PageQuery) -> Response:
    """List everybody who may act, or once might.

    By login.
    """
    after = text_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        credentials, areas = all_credentials(session), all_person_areas(session)

        def write(one: Person) -> dict[str, object]:
            return _written(one, areas.get(one.id, [])) | _proofs(credentials.get(one.id))

        found = list_people(session, after=after, limit=query_data.limit + 1)
        return page(found, query_data.limit, key=lambda one: one.login, write=write)

    return kept(read, fresh=STEADY)


@people.post("/people")
@needs(Permission.PEOPLE_MANAGE)
@people.input(PersonIn)
@people.output(PersonOut, status_code=201)
@once(status=201)
def add(json_data: PersonIn) -> Deed:
    """Add a person."""

    def do(session: Session) -> dict[str, object]:
        wanted = json_data
        person = add_person(
            session,
            wanted.login,
            name=wanted.name,
            agency=wanted.agency,
            roles=wanted.roles,
            areas=wanted.areas,
            now=resources().now(),
        )
        return person_document(session, person)

    return do


@people.patch("/people/<login>")
@needs(Permission.PEOPLE_MANAGE)
@people.input(StandingIn)
@people.output(PersonOut)
def change(login: str, json_data: StandingIn) -> Response:
    """Change a person's name, agency, roles or areas.

    Not your own roles, agency or areas. With other roles the person's sessions end; areas go with
    the role of a commune editor.
    """
    wanted = Standing(json_data.name, json_data.agency, json_data.roles, json_data.areas)
    with writing() as session:
        person = get_person(session, login)
        change_person(session, person, wanted, now=resources().now())
        return answer(person_document(session, person))


@people.post("/people/<login>/withdraw")
@needs(Permission.PEOPLE_MANAGE)
@people.output(PersonOut)
@once()
def withdraw(login: str) -> Deed:
    """End all that a person may do, at once.

    Their keys, sessions and invitations end; what they wrote and signed stays.
    """

    def do(session: Session) -> dict[str, object]:
        person = get_person(session, login)
        withdraw_person(session, person, now=resources().now())
        return person_document(session, person)

    return do


@people.post("/people/<login>/restore")
@needs(Permission.PEOPLE_MANAGE)
@people.output(PersonOut)
@once()
def restore(login: str) -> Deed:
    """Let a person act again who was withdrawn.

    With the same roles, password and app; keys and sessions stay ended.
    """

    def do(session: Session) -> dict[str, object]:
        person = get_person(session, login)
        restore_person(session, person, now=resources().now())
        return person_document(session, person)

    return do


@people.post("/people/<login>/invitations")
@needs(Permission.PEOPLE_MANAGE)
@people.input(InvitationIn)
@people.output(InvitationOut, status_code=201)
def make_invitation(login: str, json_data: InvitationIn) -> Response:
    """Invite a person to set up their password and app.

    Earlier invitations end. What `resets` names is forgotten at once, and the person's sessions
    end; what it does not name must be shown when the invitation is accepted.
    """
    with writing() as session:
        person = get_person(session, login)
        resets = [Proof(one) for one in json_data.resets]
        new = invite(session, person, resets=resets, now=resources().now())
        document = {
            "invitation": new.invitation.id,
            "login": person.login,
            "expires_at": new.invitation.expires_at,
            "text": new.text,
        }
    return answer(document, 201, Cache_Control="no-store")


@people.get("/people/<login>/sessions")
@needs(Permission.PEOPLE_MANAGE)
@people.output(SessionList)
def list_sessions(login: str) -> Response:
    """List a person's open sessions."""
    with reading() as session:
        found = list_open_sessions(session, get_person(session, login), now=resources().now())
        return answer({"items": [session_document(one) for one in found]})


@people.delete("/people/<login>/sessions")
@needs(Permission.PEOPLE_MANAGE)
@people.output(EndedSessions)
def end_sessions(login: str) -> Response:
    """End all of a person's sessions at once."""
    with writing() as session:
        ended = end_sessions_of(session, get_person(session, login), now=resources().now())
    return answer({"ended": ended})


def person_document(session: Session, person: Person) -> dict[str, object]:
    return _written(person, areas_of(session, person))


def _written(person: Person, areas: list[str]) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "agency": person.agency,
        "roles": sorted(person.roles_given),
        "areas": areas,
        "permissions": sorted(permissions_of(person.role_set)),
        "withdrawn_at": person.withdrawn_at,
    }


def _proofs(kept: Credentials | None) -> dict[str, object]:
    return {
        "has_password": kept is not None and kept.password_hash is not None,
        "has_totp": kept is not None and kept.totp_sealed is not None,
    }

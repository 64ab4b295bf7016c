"""People, the keys their programs use, and the audit trail of what they did."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.keys import (
    ApiKey,
    NewKey,
    add_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from campaigns.access.permissions import Permission, permissions_of
from campaigns.audit import AuditEntry, list_entries
from campaigns.people import Person, Role, add_person, get_person, list_people
from service.api.given import Given, Line
from service.api.once import once
from service.api.paging import PageQuery, cursor_of, number_in
from service.api.requests import answer, caller, needs, reading, resources, writing

people = APIBlueprint("people", __name__, tag="People, keys and audit")
Login = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class PersonOut(BaseModel):
    """One person: for which agency they act, and as what."""

    login: str
    name: str
    agency: str
    roles: list[str]
    permissions: list[str]


class PersonList(BaseModel):
    items: list[PersonOut]


class PersonIn(Given):
    """A new person; agency and roles decide what they may sign."""

    login: Login
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    agency: Annotated[Line, Field(min_length=1, max_length=120)]
    roles: Annotated[list[Role], Field(min_length=1, max_length=8)]


class KeyOut(BaseModel):
    """One key; its text was shown when it was made and is kept nowhere."""

    key: int
    login: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """A key just made: keep ``text`` now, it is not shown again."""

    text: str


class KeyList(BaseModel):
    items: list[KeyOut]


class KeyIn(Given):
    """A new key: for whom, what it is for, what it may do, until when."""

    login: Login
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Permission, ...], Field(max_length=40)] = ()
    expires_at: AwareDatetime | None = None


class EntryOut(BaseModel):
    """One link of the audit chain."""

    number: int
    at: datetime
    actor: str
    source: str
    action: str
    subject: str
    detail: dict[str, Any]
    before: str
    after: str
    previous: str
    digest: str


class EntryPage(BaseModel):
    items: list[EntryOut]
    next: str | None


@people.get("/me")
@needs(Permission.AREAS_READ)
@people.output(PersonOut)
def show_me() -> Response:
    """Show who you are and what this key may do."""
    document = _person(caller().person) | {"permissions": sorted(caller().permissions)}
    return answer(document)


@people.get("/people")
@needs(Permission.PEOPLE_READ)
@people.output(PersonList)
def list_all() -> Response:
    """List everybody who may act."""
    with reading() as session:
        return answer({"items": [_person(one) for one in list_people(session)]})


@people.post("/people")
@needs(Permission.PEOPLE_MANAGE)
@people.input(PersonIn)
@people.output(PersonOut, status_code=201)
def add(json_data: PersonIn) -> Response:
    """Add a person."""

    def do(session: Session) -> dict[str, object]:
        wanted = json_data
        return _person(
            add_person(
                session,
                wanted.login,
                name=wanted.name,
                agency=wanted.agency,
                roles=wanted.roles,
                now=resources().now(),
            )
        )

    return once(do, status=201)


@people.get("/keys")
@needs(Permission.KEYS_MANAGE)
@people.output(KeyList)
def list_all_keys() -> Response:
    """List all keys.

    Also those that have ended.
    """
    with reading() as session:
        return answer({"items": [_key(one) for one in list_keys(session)]})


@people.post("/keys")
@needs(Permission.KEYS_MANAGE)
@people.input(KeyIn)
@people.output(NewKeyOut, status_code=201)
def make_key(json_data: KeyIn) -> Response:
    """Make a key for a person's programs.

    Without scopes it may do all that the person may.
    """
    with writing() as session:
        new = add_key(
            session,
            get_person(session, json_data.login),
            name=json_data.name,
            scopes=json_data.scopes,
            expires_at=json_data.expires_at,
            now=resources().now(),
        )
    return answer(_new(new), 201)


@people.post("/keys/<int(max=9223372036854775807):number>/rotate")
@needs(Permission.KEYS_MANAGE)
@people.output(NewKeyOut, status_code=201)
def rotate(number: int) -> Response:
    """Make a successor of a key.

    The old key works for another week, so that programs can be changed.
    """
    with writing() as session:
        new = rotate_key(session, number, now=resources().now())
    return answer(_new(new), 201)


@people.delete("/keys/<int(max=9223372036854775807):number>")
@needs(Permission.KEYS_MANAGE)
@people.output(KeyOut)
def revoke(number: int) -> Response:
    """End a key at once."""
    with writing() as session:
        return answer(_key(revoke_key(session, number, now=resources().now())))


@people.get("/audit")
@needs(Permission.AUDIT_READ)
@people.input(PageQuery, location="query")
@people.output(EntryPage)
def list_audit(query_data: PageQuery) -> Response:
    """List the audit trail.

    From its beginning, so that a program can follow it and check every link.
    """
    after = number_in(query_data.after) or 0
    with reading() as session:
        found = list_entries(session, after=after, limit=query_data.limit + 1)
    page = found[: query_data.limit]
    more = cursor_of(page[-1].number) if len(found) > len(page) else None
    return answer({"items": [_entry(one) for one in page], "next": more})


def _person(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "agency": person.agency,
        "roles": sorted(person.role_set),
        "permissions": sorted(permissions_of(person.role_set)),
    }


def _key(key: ApiKey) -> dict[str, object]:
    return {
        "key": key.id,
        "login": key.person.login,
        "name": key.name,
        "scopes": key.scopes.split(),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "used_at": key.used_at,
        "revoked_at": key.revoked_at,
    }


def _new(new: NewKey) -> dict[str, object]:
    return _key(new.key) | {"text": new.text}


def _entry(entry: AuditEntry) -> dict[str, object]:
    document = {name: getattr(entry, name) for name in EntryOut.model_fields}
    return document | {"detail": orjson.loads(entry.detail)}

"""Keys: what programs show when they act for somebody."""

from datetime import datetime
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from campaigns.access.keys import ApiKey, NewKey, add_key, list_keys, revoke_key, rotate_key
from campaigns.access.permissions import Permission
from campaigns.people import get_person
from service.api.given import Given, Line, Moment
from service.api.paging import PageQuery, number_in, page
from service.api.people import Login
from service.api.requests import answer, caller, needs, reading, resources, writing

keys = APIBlueprint("keys", __name__, tag="Keys")


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


class KeyPage(BaseModel):
    items: list[KeyOut]
    next: str | None


class KeyIn(Given):
    """A new key: for whom, what it is for, what it may do, until when."""

    login: Login
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Permission, ...], Field(max_length=40)] = ()
    expires_at: Moment | None = None


@keys.get("/keys")
@needs(Permission.KEYS_MANAGE)
@keys.input(PageQuery, location="query")
@keys.output(KeyPage)
def list_all_keys(query_data: PageQuery) -> Response:
    """List all keys.

    Also those that have ended; the oldest first.
    """
    after = number_in(query_data.after)
    with reading() as session:
        found = list_keys(session, after=after, limit=query_data.limit + 1)
        return answer(page(found, query_data.limit, key=lambda one: one.id, write=_key))


@keys.post("/keys")
@needs(Permission.KEYS_MANAGE)
@keys.input(KeyIn)
@keys.output(NewKeyOut, status_code=201)
def make_key(json_data: KeyIn) -> Response:
    """Make a key for a person's programs.

    Without scopes it may do all that the person may, but for signing and approving where it is
    somebody else's: people do that in a session of their own.
    """
    with writing() as session:
        new = add_key(
            session,
            get_person(session, json_data.login),
            name=json_data.name,
            scopes=json_data.scopes,
            expires_at=json_data.expires_at,
            now=resources().now(),
            made_by=caller().person,
        )
    return answer(_new(new), 201)


@keys.post("/keys/<int(max=9223372036854775807):number>/rotate")
@needs(Permission.KEYS_MANAGE)
@keys.output(NewKeyOut, status_code=201)
def rotate(number: int) -> Response:
    """Make a successor of a key.

    The old key works for another week, so that programs can be changed.
    """
    with writing() as session:
        new = rotate_key(session, number, now=resources().now(), made_by=caller().person)
    return answer(_new(new), 201)


@keys.delete("/keys/<int(max=9223372036854775807):number>")
@needs(Permission.KEYS_MANAGE)
@keys.output(KeyOut)
def revoke(number: int) -> Response:
    """End a key at once."""
    with writing() as session:
        return answer(_key(revoke_key(session, number, now=resources().now())))


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

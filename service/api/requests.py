"""Requests: who asks, whether they may, and the session their request works in."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar, cast

import orjson
from flask import Response, current_app, g, request
from sqlalchemy.orm import Session

from campaigns.access.keys import find_valid_key, is_noted, note_use
from campaigns.access.permissions import Permission, require
from campaigns.audit import Actor, act_as, last_deed
from campaigns.local_time import ZONE
from campaigns.people import Person
from service.api.kinds import NO_KEY
from service.api.limits import Limits
from service.api.problems import Refusal, RefusedError
from service.api.stores import FRESH, Moment, Store
from service.database import reading as reading_session
from service.resources import Resources

View = TypeVar("View", bound=Callable[..., Any])
NEEDS = "loa_needs"
_BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the person a key acts for, and what that key may do."""

    key: int
    person: Person
    permissions: frozenset[Permission]
    actor: Actor


def needs(permission: Permission) -> Callable[[View], View]:
    """Let only callers with *permission* reach the view; nothing of a request is read before."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = _know()
            limits().count_program(g.caller.key)
            require(permission, g.caller.permissions)
            return view(*args, **kwargs)

        setattr(guarded, NEEDS, permission)
        return cast("View", guarded)

    return guard


def caller() -> Caller:
    """Return who asks; only inside a view that needs a permission."""
    return cast("Caller", g.caller)


def resources() -> Resources:
    return cast("Resources", current_app.extensions["loa"])


def limits() -> Limits:
    return cast("Limits", current_app.extensions["loa_limits"])


def store(of_what: str) -> Store:
    """Return what this process has read a moment ago: ``answers`` or ``callers``."""
    return cast("Store", current_app.extensions.setdefault(f"loa_{of_what}", Store()))


def moment() -> Moment:
    """Return when the request came in, and what had been done by then."""
    if "moment" not in g:
        with reading() as session:
            g.moment = Moment(last_deed(session), resources().now())
    return cast("Moment", g.moment)


@contextmanager
def reading() -> Iterator[Session]:
    """Lend a session that only reads."""
    with reading_session(resources().sessions) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Lend a session whose changes are kept when the block ends, in the caller's name."""
    with resources().sessions.begin() as session:
        act_as(session, caller().actor)
        yield session


def as_json(document: object) -> bytes:
    """Write *document* as JSON; moments in the province's time, with its offset."""
    return orjson.dumps(document, default=_local, option=orjson.OPT_PASSTHROUGH_DATETIME)


def answer(document: object, status: int = 200, **headers: str) -> Response:
    """Answer with *document* as JSON; header names take ``_`` for ``-``."""
    written = Response(as_json(document), status=status, content_type="application/json")
    written.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return written


def _local(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(ZONE).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written as JSON")


def _know() -> Caller:
    """Return who asks; whoever only reads is known from before for a second.

    Whatever ends a key is on record, and from then on nobody is known by it.
    """
    shown = request.headers.get("Authorization", "")
    if request.method != "GET" or not shown:
        return _identify()
    digest = hashlib.sha256(shown.encode()).hexdigest()
    # In a store of their own: whoever tries out keys pushes no answer out of the other.
    known: Caller = store("callers").get(digest, _identify, moment(), FRESH)
    return known


def _identify() -> Caller:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    now = resources().now()
    key = None
    if scheme.lower() == _BEARER:
        with reading() as session:
            key = find_valid_key(session, text.strip(), now=now)
    if key is None:
        limits().count_stranger(request.remote_addr or "nowhere")
        raise RefusedError(Refusal(NO_KEY, headers={"WWW-Authenticate": 'Bearer realm="loa"'}))
    if not is_noted(key, now=now):
        with resources().sessions.begin() as session:
            note_use(session, key, now=now)
    source = f"api key {key.id} from {request.remote_addr or 'nowhere'}"
    return Caller(key.id, key.person, key.scope_set, Actor(key.person.login, source))

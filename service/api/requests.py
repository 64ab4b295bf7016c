"""Requests: who asks, whether they may, and the session their request works in."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from ipaddress import IPv6Network, ip_address
from typing import Any, TypeVar, cast

import orjson
from flask import Response, current_app, g, request
from sqlalchemy.orm import Session

from campaigns.access.keys import ApiKey, find_valid_key, is_noted, note_use
from campaigns.access.login_sessions import (
    LoginSession,
    find_open_session,
    is_use_noted,
    note_session_use,
)
from campaigns.access.permissions import Permission, permissions_of, require
from campaigns.audit import Actor, act_as, last_deed
from campaigns.local_time import local_iso
from campaigns.people import Person
from service.api.kinds import NO_KEY
from service.api.limits import Limits
from service.api.refusals import Refusal, RefusedError
from service.api.stores import FRESH, Moment, Store, Together
from service.database import reading as reading_session
from service.database import reading_connection
from service.resources import Resources

View = TypeVar("View", bound=Callable[..., Any])
NEEDS = "loa_needs"
# What views of partners are marked with, whose door knows their keys.
NEEDS_SCOPE = "loa_needs_scope"
OPEN = "loa_open"
_BEARER = "bearer"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="loa"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the person, what they may do by what they showed, and how that is called."""

    person: Person
    permissions: frozenset[Permission]
    shown: str
    session: LoginSession | None = None
    key: ApiKey | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.person.login, f"{self.shown} from {source_address()}")


def needs(permission: Permission) -> Callable[[View], View]:
    """Let only callers with *permission* reach the view; nothing of a request is read before."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = _know()
            limits().count_program(g.caller.shown)
            require(permission, g.caller.permissions)
            return view(*args, **kwargs)

        setattr(guarded, NEEDS, permission)
        return cast("View", guarded)

    return guard


def takes(largest: int) -> Callable[[View], View]:
    """Let the view read a body of up to *largest* bytes; put it below `needs`."""

    def allow(view: View) -> View:
        @wraps(view)
        def allowed(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = largest
            return view(*args, **kwargs)

        return cast("View", allowed)

    return allow


def for_anybody(view: View) -> View:
    """Let everybody reach the view: it is where people prove who they are."""
    setattr(view, OPEN, True)
    return view


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
        asked_at = resources().now()
        deeds: Together[int] = current_app.extensions["loa_deeds"]
        g.moment = Moment(deeds.get(_last_deed), asked_at)
    return cast("Moment", g.moment)


def _last_deed() -> int:
    with reading_connection(resources().sessions) as connection:
        return last_deed(connection)


@contextmanager
def reading() -> Iterator[Session]:
    """Lend a session that only reads."""
    with reading_session(resources().sessions) as session:
        yield session


@contextmanager
def writing(actor: Actor | None = None) -> Iterator[Session]:
    """Lend a session whose changes are kept when the block ends, in the caller's name.

    Where nobody has proven who they are, *actor* says who is behind the changes.
    """
    with resources().sessions.begin() as session:
        act_as(session, actor or caller().actor)
        yield session


def source_address() -> str:
    """Return where the request comes from: an address, of IPv6 the network of one household.

    Whoever has one address of IPv6 has 2^64 of them. What a proxy hands on that is no address
    could be anything, and is not kept.
    """
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "nowhere"
    if address.version == 4:  # noqa: PLR2004 - the protocol's number
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or IPv6Network((address, 64), strict=False))


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
        return local_iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written as JSON")


def _know() -> Caller:
    """Return who asks; whoever only reads is known from before for a second.

    Whatever ends a key or a session is on record, and from then on nobody is known by it.
    """
    shown = shown_text()
    if request.method != "GET" or not shown:
        return _identify()
    digest = hashlib.sha256(shown.encode()).hexdigest()
    # In a store of their own: whoever tries out keys pushes no answer out of the other.
    known: Caller = store("callers").get(digest, _identify, moment(), FRESH)
    return known


def shown_text() -> str:
    """Return the key or session that the request shows, or nothing."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == _BEARER else ""


def _identify() -> Caller:
    now, text = resources().now(), shown_text()
    with reading() as session:
        key = find_valid_key(session, text, now=now)
        opened = find_open_session(session, text, now=now)
    if key is not None:
        return _by_key(key, now=now)
    if opened is not None:
        return _by_session(opened, now=now)
    limits().count_stranger(source_address())
    raise RefusedError(Refusal(NO_KEY, headers=CHALLENGE))


def _by_key(key: ApiKey, *, now: datetime) -> Caller:
    if not is_noted(key, now=now):
        with resources().sessions.begin() as session:
            note_use(session, key, now=now)
    return Caller(key.person, key.scope_set, f"api key {key.id}", key=key)


def _by_session(opened: LoginSession, *, now: datetime) -> Caller:
    if not is_use_noted(opened, now=now):
        with resources().sessions.begin() as session:
            note_session_use(session, opened, now=now)
    held = permissions_of(opened.person.role_set)
    return Caller(opened.person, held, f"session {opened.id}", opened)

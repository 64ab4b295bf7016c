"""Keeping: the few statements that every turn runs, written once and prepared by the driver.

They name tables rather than classes: building statements and objects anew for each turn would
take longer than the database does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, bindparam, literal, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigns.base import Base
from campaigns.subscribers.models import Subscriber
from hotline.call_records import Call, CallState, Turn
from hotline.callers import Caller
from hotline.editions import LibraryRevision


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return table


_calls, _turns, _revisions = _table(Call), _table(Turn), _table(LibraryRevision)
_preferences, _subscribers = _table(Caller), _table(Subscriber)

_REVISION = select(_revisions.c.number).where(_revisions.c.id == 1).scalar_subquery()
_FOUND = (
    select(
        _turns.c.number,
        _turns.c.visit,
        _turns.c.reply,
        _turns.c.call_id,
        _calls.c.fingerprint,
        _calls.c.sealed,
        _REVISION,
    )
    .join(_calls, _calls.c.id == _turns.c.call_id)
    .where(_calls.c.sid == bindparam("sid"))
    .order_by(_turns.c.number.desc())
    .limit(1)
)
TURN_AT = _FOUND.where(
    or_(_turns.c.number == bindparam("number"), _turns.c.number == bindparam("before"))
)
_LATEST = (
    select(_turns.c.number, _turns.c.reply)
    .join(_calls, _calls.c.id == _turns.c.call_id)
    .where(_calls.c.sid == bindparam("sid"))
    .order_by(_turns.c.number.desc())
    .limit(1)
    .subquery("latest")
)
_BEFORE = (
    select(_turns.c.visit, _turns.c.reply, _turns.c.at, _calls.c.state)
    .join(_calls, _calls.c.id == _turns.c.call_id)
    .where(
        _calls.c.fingerprint == bindparam("fingerprint"),
        _calls.c.started_at >= bindparam("since", type_=_calls.c.started_at.type),
        _calls.c.sid != bindparam("sid"),
    )
    .order_by(_calls.c.id.desc(), _turns.c.number.desc())
    .limit(1)
    .subquery("before")
)
_one = select(literal(1).label("one")).subquery("one")
# Everything that a new call begins with, and whether it is new, in one look.
OPENING = select(
    _REVISION,
    _preferences.c.language,
    _preferences.c.area_code,
    _subscribers.c.area_code,
    _LATEST.c.number,
    _LATEST.c.reply,
    _BEFORE.c.visit,
    _BEFORE.c.reply,
    _BEFORE.c.at,
    _BEFORE.c.state,
).select_from(
    _one.outerjoin(_preferences, _preferences.c.fingerprint == bindparam("fingerprint"))
    .outerjoin(
        _subscribers,
        and_(
            _subscribers.c.fingerprint == bindparam("fingerprint"),
            _subscribers.c.erased_at.is_(None),
        ),
    )
    .outerjoin(_LATEST, true())
    .outerjoin(_BEFORE, true())
)
_CALL_ID = select(_calls.c.id).where(_calls.c.sid == bindparam("sid"))
ADD_TURN = {
    "postgresql": postgresql.insert(_turns).on_conflict_do_nothing().returning(_turns.c.number),
    "sqlite": sqlite.insert(_turns).on_conflict_do_nothing().returning(_turns.c.number),
}
ADD_CALL = {
    "postgresql": postgresql.insert(_calls).on_conflict_do_nothing().returning(_calls.c.id),
    "sqlite": sqlite.insert(_calls).on_conflict_do_nothing().returning(_calls.c.id),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a call rings: its latest turn if it is known, and of its caller.

    ``before`` is where the caller's last call was; ``listed`` the commune a list names.
    """

    revision: int | None
    language: str | None
    area_code: str | None
    listed: str | None
    number: int | None
    reply: str | None
    before_visit: str | None
    before_reply: str | None
    before_at: datetime | None
    before_state: CallState | None


@dataclass(frozen=True, slots=True)
class Found:
    """A turn that was taken, with what its call keeps; ``revision`` is the library's by now."""

    number: int
    visit: str
    reply: str
    call_id: int
    fingerprint: bytes | None
    sealed: bytes | None
    revision: int | None


def find_turn(session: Session, sid: str, number: int) -> Found | None:
    """Return turn *number* of call *sid*, else the one before it, else the call's latest."""
    row = session.execute(TURN_AT, {"sid": sid, "number": number, "before": number - 1}).first()
    return find_latest(session, sid) if row is None else Found(*row)


def find_latest(session: Session, sid: str) -> Found | None:
    """Return the latest turn of call *sid*; None for a call that nobody has heard of."""
    row = session.execute(_FOUND, {"sid": sid}).first()
    return None if row is None else Found(*row)


def find_opening(
    session: Session, sid: str, fingerprint: bytes | None, *, since: datetime
) -> Opening:
    """Return what is known of call *sid* and of its caller's calls begun *since*."""
    given = {"sid": sid, "fingerprint": fingerprint, "since": since}
    return Opening(*tuple(session.execute(OPENING, given).one()))


def keep_call(
    session: Session,
    sid: str,
    *,
    fingerprint: bytes | None,
    sealed: bytes | None,
    now: datetime,
) -> int:
    """Keep that call *sid* rang, and return its id; a call that is known already stays as it is."""
    values = {
        "sid": sid,
        "fingerprint": fingerprint,
        "sealed": sealed,
        "started_at": now,
        "state": CallState.GOING,
    }
    call_id = session.execute(ADD_CALL[_dialect(session)], values).scalar()
    if call_id is None:
        call_id = session.execute(_CALL_ID, {"sid": sid}).scalar_one()
    return int(call_id)


def keep_turn(session: Session, values: dict[str, Any]) -> bool:
    """Keep one turn; return False when another process has kept it already."""
    kept = session.execute(ADD_TURN[_dialect(session)], values).scalar()
    return kept is not None


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name

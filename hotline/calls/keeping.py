"""Keeping: the few statements that every turn runs, written once and prepared by the driver.

They name tables rather than classes: building statements and objects anew for each turn would
take longer than the database does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline.call_records import Call, CallState, Turn
from hotline.editions import LibraryRevision

_calls, _turns, _revisions = Call.__table__, Turn.__table__, LibraryRevision.__table__
assert isinstance(_calls, Table)  # noqa: S101 - for the type checker
assert isinstance(_turns, Table)  # noqa: S101 - the same

_FOUND = (
    select(
        _turns.c.number,
        _turns.c.visit,
        _turns.c.reply,
        _turns.c.call_id,
        _calls.c.fingerprint,
        _calls.c.sealed,
        select(_revisions.c.number).where(_revisions.c.id == 1).scalar_subquery(),
    )
    .join(_calls, _calls.c.id == _turns.c.call_id)
    .where(_calls.c.sid == bindparam("sid"))
    .order_by(_turns.c.number.desc())
    .limit(1)
)
_AT = _FOUND.where(
    or_(_turns.c.number == bindparam("number"), _turns.c.number == bindparam("before"))
)
_CALL_ID = select(_calls.c.id).where(_calls.c.sid == bindparam("sid"))
_ADD_TURN = {
    "postgresql": postgresql.insert(_turns).on_conflict_do_nothing().returning(_turns.c.number),
    "sqlite": sqlite.insert(_turns).on_conflict_do_nothing().returning(_turns.c.number),
}
_ADD_CALL = {
    "postgresql": postgresql.insert(_calls).on_conflict_do_nothing().returning(_calls.c.id),
    "sqlite": sqlite.insert(_calls).on_conflict_do_nothing().returning(_calls.c.id),
}


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


def find_turn(connection: Session | Connection, sid: str, number: int) -> Found | None:
    """Return turn *number* of call *sid*, else the one before it, else the call's latest."""
    row = connection.execute(_AT, {"sid": sid, "number": number, "before": number - 1}).first()
    return find_latest(connection, sid) if row is None else Found(*row)


def find_latest(connection: Session | Connection, sid: str) -> Found | None:
    """Return the latest turn of call *sid*; None for a call that nobody has heard of."""
    row = connection.execute(_FOUND, {"sid": sid}).first()
    return None if row is None else Found(*row)


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
    call_id = session.execute(_ADD_CALL[_dialect(session)], values).scalar()
    if call_id is None:
        call_id = session.execute(_CALL_ID, {"sid": sid}).scalar_one()
    return int(call_id)


def keep_turn(connection: Session | Connection, values: dict[str, Any]) -> bool:
    """Keep one turn; return False when another process has kept it already."""
    kept = connection.execute(_ADD_TURN[_dialect(connection)], values).scalar()
    return kept is not None


def _dialect(connection: Session | Connection) -> str:
    bound = connection.get_bind() if isinstance(connection, Session) else connection
    return bound.dialect.name

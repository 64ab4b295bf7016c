"""Keeping: the few statements that every turn runs, each for many turns at once.

Rows are written in the order of their keys, so that processes that take the same turns wait for
each other in one direction only.

They name tables rather than classes: building statements and objects anew for each turn would
take longer than the database does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import cast as cast_type

import orjson
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    String,
    Table,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from campaigns.base import Base
from campaigns.sealing import Sealer
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

# Written out, so that a plan made beforehand knows it.
_ONE: ColumnElement[int] = literal_column("1")
_IDS = (_calls.c.sid, _calls.c.id)
_KNOWN = select(*_IDS).where(_calls.c.sid.in_(bindparam("sids", expanding=True)))
_A_TURN = (
    select(
        _calls.c.sid,
        _turns.c.number,
        _turns.c.visit,
        _turns.c.reply,
        _turns.c.call_id,
        _calls.c.fingerprint,
        _calls.c.sealed,
        select(_revisions.c.number).where(_revisions.c.id == 1).scalar_subquery(),
    )
    .select_from(_calls)
    .join(_turns, _turns.c.call_id == _calls.c.id)
)
_later = _turns.alias("later")
_last_number = select(func.max(_later.c.number)).where(_later.c.call_id == _calls.c.id)
# PostgreSQL looks each call up by itself: told to look for several at once, it may well read all
# there are, and stay with that plan.
_sids = (
    func.unnest(bindparam("sids", type_=postgresql.ARRAY(String)))
    .table_valued("sid")
    .render_derived()
)
_each = (
    _A_TURN.where(_calls.c.sid == _sids.c.sid)
    .order_by(_turns.c.number.desc())
    .limit(_ONE)
    .lateral()
)
_LATEST = {
    "postgresql": select(_each).select_from(_sids.join(_each, true())),
    "sqlite": _A_TURN.where(
        _calls.c.sid.in_(bindparam("sids", expanding=True)),
        _turns.c.number == _last_number.scalar_subquery(),
    ),
}
_REPLY = select(_turns.c.reply).where(
    _turns.c.call_id == bindparam("call_id"), _turns.c.number == bindparam("number")
)
# The call first and alone: joined with its turns, a planner may well read every call there was.
_last_call = (
    select(_calls.c.id, _calls.c.state)
    .where(
        _calls.c.fingerprint == bindparam("fingerprint"),
        _calls.c.started_at >= bindparam("since", type_=_calls.c.started_at.type),
    )
    .order_by(_calls.c.started_at.desc(), _calls.c.id.desc())
    .limit(_ONE)
    .subquery("last_call")
)
_BEFORE = (
    select(_turns.c.visit, _turns.c.reply, _turns.c.at, _last_call.c.state)
    .join(_last_call, _last_call.c.id == _turns.c.call_id)
    .order_by(_turns.c.number.desc())
    .limit(_ONE)
    .subquery("before")
)
_one = select(literal(1).label("one")).subquery("one")
# Everything that a new call begins with, in one look.
_OPENING = select(
    _preferences.c.language,
    _preferences.c.area_code,
    _subscribers.c.area_code,
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
    .outerjoin(_BEFORE, true())
)
_ADD_CALL = {
    "postgresql": postgresql.insert(_calls).on_conflict_do_nothing().returning(*_IDS),
    "sqlite": sqlite.insert(_calls).on_conflict_do_nothing().returning(*_IDS),
}
# PostgreSQL is sent all the rows at once, as one value: row by row, each is a message of its own.
_turn_rows = (
    func.jsonb_to_recordset(cast(bindparam("rows", type_=String), JSONB))
    .table_valued(*(column(one.name, one.type) for one in _turns.c))
    .render_derived(with_types=True)
)
_ADD_TURNS = (
    postgresql.insert(_turns)
    .from_select(list(_turns.c.keys()), select(*_turn_rows.c))
    .on_conflict_do_nothing()
)
_ADD_TURN = sqlite.insert(_turns).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest turn of a call, with what the call keeps of its caller.

    ``revision`` is the library's by now, read along to spare a statement.
    """

    sid: str
    number: int
    visit: str
    reply: str
    call_id: int
    fingerprint: bytes | None
    sealed: bytes | None
    revision: int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a caller when a call rings.

    ``before_...`` is where the caller's last call was; ``listed`` the commune a list names.
    """

    fingerprint: bytes | None
    sealed: bytes | None
    language: str | None
    area_code: str | None
    listed: str | None
    before_visit: str | None
    before_reply: str | None
    before_at: datetime | None
    before_state: CallState | None


def find_latest(session: Session, sids: Iterable[str]) -> dict[str, Latest]:
    """Return the latest turns of the calls *sids*; a call that nobody has heard of is missing."""
    found = session.execute(_LATEST[_dialect(session)], {"sids": list(sids)})
    return {row[0]: Latest(*row) for row in found}


def find_reply(session: Session, call_id: int, number: int) -> str:
    """Return what was said in a turn that was taken."""
    return str(session.execute(_REPLY, {"call_id": call_id, "number": number}).scalar_one())


def find_opening(
    session: Session, caller: str | None, *, since: datetime, sealer: Sealer
) -> Opening:
    """Return what is known of the E.164 number *caller* and of its calls begun *since*."""
    if caller is None:
        return Opening(*[None] * 9)
    fingerprint = sealer.fingerprint(caller)
    row = session.execute(_OPENING, {"fingerprint": fingerprint, "since": since}).one()
    return Opening(fingerprint, sealer.seal(caller), *row)


def keep_calls(
    session: Session, ringing: Mapping[str, Opening], *, now: datetime
) -> dict[str, int]:
    """Keep the calls that ring, by sid, and return their ids; known ones stay as they are."""
    rows = [
        {
            "sid": sid,
            "fingerprint": opening.fingerprint,
            "sealed": opening.sealed,
            "started_at": now,
            "state": CallState.GOING,
        }
        for sid, opening in sorted(ringing.items())
    ]
    if not rows:
        return {}
    ids = {row[0]: row[1] for row in session.execute(_ADD_CALL[_dialect(session)], rows)}
    if known := ringing.keys() - ids:
        ids |= {row[0]: row[1] for row in session.execute(_KNOWN, {"sids": list(known)})}
    return ids


def keep_turns(session: Session, rows: Sequence[dict[str, Any]]) -> bool:
    """Keep turns; return False when another process has kept one of them already.

    Then the transaction must not be committed, since nothing tells which of them it was.
    """
    if not rows:
        return True
    ordered = sorted(rows, key=lambda row: (row["call_id"], row["number"]))
    counting = {"preserve_rowcount": True}
    if _dialect(session) == "postgresql":
        together = {"rows": orjson.dumps(ordered).decode()}
        kept = session.execute(_ADD_TURNS, together, execution_options=counting)
    else:
        kept = session.execute(_ADD_TURN, ordered, execution_options=counting)
    return cast_type("CursorResult[Any]", kept).rowcount == len(rows)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name

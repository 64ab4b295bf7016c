"""Turns: one request of the carrier in, one reply out, each taken exactly once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.bulk import change
from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState
from hotline.calls.conversing import enter, respond
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.keeping import (
    Found,
    Opening,
    find_latest,
    find_opening,
    find_turn,
    keep_call,
    keep_turn,
)
from hotline.calls.opening import LONGEST_CALL, open_talk
from hotline.calls.talks import Talk
from hotline.calls.visits import Visit
from hotline.errors import TurnTakenError
from hotline.library import Library
from hotline.steps import HangUp, Reply, waits_for_keys


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn thought out but not yet kept: its row, and the reply that is in it.

    ``owes_text``: once it is kept, somebody should be asked to send a text.
    """

    values: dict[str, Any]
    reply: Reply
    owes_text: bool


def begin_call(
    session: Session,
    library: Library,
    *,
    sid: str,
    caller: str | None,
    sealer: Sealer,
    now: datetime,
) -> tuple[int, Reply]:
    """Answer the call *sid* of the E.164 number *caller* (None: withheld).

    Returns the number of the turn that the reply belongs to, and the reply; asked again, the
    call's latest turn.
    """
    fingerprint = sealer.fingerprint(caller) if caller else None
    sealed = sealer.seal(caller) if caller else None
    opening = find_opening(session, sid, fingerprint, since=now - LONGEST_CALL)
    if opening.number is not None:
        return opening.number, Reply.from_json(opening.reply or "")
    taken = think_opening(
        session,
        library,
        opening,
        call_id=keep_call(session, sid, fingerprint=fingerprint, sealed=sealed, now=now),
        fingerprint=fingerprint,
        sealed=sealed,
        sealer=sealer,
        now=now,
    )
    return 0, _keep(session, taken)


def think_opening(
    session: Session,
    library: Library,
    opening: Opening,
    *,
    call_id: int,
    fingerprint: bytes | None,
    sealed: bytes | None,
    sealer: Sealer,
    now: datetime,
) -> Taken:
    """Think out the first turn of a call; it needs nothing of *session* for a menu or greeting."""
    talk = open_talk(
        session,
        library,
        opening,
        call_id=call_id,
        fingerprint=fingerprint,
        sealed=sealed,
        sealer=sealer,
        now=now,
    )
    enter(talk)
    return _written(talk, 0, Heard(HeardKind.RANG))


def take_turn(
    session: Session,
    library: Library,
    *,
    sid: str,
    number: int,
    heard: Heard,
    sealer: Sealer,
    now: datetime,
) -> tuple[int, Reply] | None:
    """Take turn *number* of call *sid*, or repeat the reply that it had; None for a strange call.

    A turn that was taken is answered as it was, whatever is heard now. One too far ahead, which
    nobody can have been sent to, is answered with the latest.
    """
    found = find_turn(session, sid, number)
    if found is None:
        return None
    if is_taken(found, number):
        return found.number, Reply.from_json(found.reply)
    return number, _keep(
        session, think(session, library, found, heard=heard, sealer=sealer, now=now)
    )


def is_taken(found: Found, number: int) -> bool:
    """Whether turn *number* has its reply already, or can have been asked of nobody."""
    return found.number != number - 1


def think(
    session: Session,
    library: Library,
    before: Found,
    *,
    heard: Heard,
    sealer: Sealer,
    now: datetime,
) -> Taken:
    """Think out the turn that follows *before*; most turns need nothing of *session* for that."""
    talk = Talk(
        session=session,
        library=library,
        visit=Visit.from_json(before.visit),
        call_id=before.call_id,
        fingerprint=before.fingerprint,
        sealed=before.sealed,
        sealer=sealer,
        now=now,
    )
    number = before.number + 1
    respond(talk, heard, number=number, waited_for_keys=waits_for_keys(before.reply))
    return _written(talk, number, heard)


def end_call(session: Session, *, sid: str, now: datetime) -> None:
    """Record that call *sid* is over; a call nobody has heard of is none of ours."""
    latest = find_latest(session, sid)
    if latest is None:
        return
    is_closed = isinstance(Reply.from_json(latest.reply).ending, HangUp)
    change(
        session,
        update(Call)
        .where(Call.sid == sid, Call.state == CallState.GOING)
        .values(state=CallState.CLOSED if is_closed else CallState.DROPPED, ended_at=now),
    )


def _written(talk: Talk, number: int, heard: Heard) -> Taken:
    reply = talk.reply()
    return Taken(
        {
            "call_id": talk.call_id,
            "number": number,
            "at": talk.now,
            "heard": heard.kind.value,
            "node": talk.visit.node[:64],
            "topic": talk.visit.topic[:40],
            "answer": talk.answer,
            "language": talk.visit.language,
            "area_code": talk.visit.area_code,
            "visit": talk.visit.to_json(),
            "reply": reply.to_json(),
        },
        reply,
        talk.owes_text,
    )


def _keep(session: Session, taken: Taken) -> Reply:
    """Keep the turn; raise TurnTakenError when another process was faster.

    Then nothing that this turn did may stay, and asking again gives the other's reply.
    """
    if not keep_turn(session, taken.values):
        raise TurnTakenError("Another process took this turn. Nothing was changed; ask again.")
    return taken.reply

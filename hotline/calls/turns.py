"""Turns: one request of the carrier in, one reply out, each taken exactly once."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.bulk import change
from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState, Turn
from hotline.callers import remember_callers
from hotline.calls.conversing import enter, respond
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.keeping import (
    Latest,
    Opening,
    find_latest,
    find_opening,
    find_reply,
    keep_calls,
    keep_turns,
)
from hotline.calls.opening import LONGEST_CALL, open_talk
from hotline.calls.talks import Talk
from hotline.calls.visits import Visit
from hotline.errors import TurnTakenError
from hotline.library import Library
from hotline.steps import AwaitVoice, HangUp, Reply, keys_awaited
from hotline.voice_messages import tell_of_voice

# The number of a turn, and what is said in it.
Answer = tuple[int, Reply]


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn thought out but not yet kept: its row, and the reply that is in it.

    ``remembers`` is the caller's row if that changes; ``owes_text``: once the turn is kept,
    somebody should be asked to send a text.
    """

    row: dict[str, Any]
    reply: Reply
    remembers: dict[str, Any] | None
    owes_text: bool

    @property
    def answer(self) -> Answer:
        return self.row["number"], self.reply

    def of_call(self, call_id: int) -> "Taken":
        """Return the same turn as one of the call *call_id*."""
        return replace(self, row=self.row | {"call_id": call_id})


def begin_call(
    session: Session,
    library: Library,
    *,
    sid: str,
    caller: str | None,
    sealer: Sealer,
    now: datetime,
) -> Answer:
    """Answer the call *sid* of the E.164 number *caller* (None: withheld).

    Returns the number of the turn that the reply belongs to, and the reply; asked again, the
    call's latest turn.
    """
    latest = find_latest(session, [sid]).get(sid)
    if latest is not None:
        return latest.number, Reply.from_json(latest.reply)
    opening = find_opening(session, caller, since=now - LONGEST_CALL, sealer=sealer)
    call_id = keep_calls(session, {sid: opening}, now=now)[sid]
    taken = think_opening(session, library, opening, call_id=call_id, sealer=sealer, now=now)
    keep(session, taken)
    return taken.answer


def think_opening(
    session: Session,
    library: Library,
    opening: Opening,
    *,
    call_id: int,
    sealer: Sealer,
    now: datetime,
) -> Taken:
    """Think out the first turn of a call; it needs nothing of *session* for a menu or greeting."""
    talk = open_talk(session, library, opening, call_id=call_id, sealer=sealer, now=now)
    enter(talk)
    return _written(talk, 0, Heard(HeardKind.RANG))


def repeat(session: Session, latest: Latest, number: int | None) -> Answer | None:
    """Return what was said in turn *number*, None when it is the next to be taken.

    A turn that was taken is answered as it was, whatever is heard now. One too far ahead, which
    nobody can have been sent to, is answered with the latest, and so is a call that rings again
    (None).
    """
    if number == latest.number + 1:
        return None
    if number is None or number >= latest.number:
        return latest.number, Reply.from_json(latest.reply)
    return number, Reply.from_json(find_reply(session, latest.call_id, number))


def think(
    session: Session,
    library: Library,
    latest: Latest,
    *,
    heard: Heard,
    sealer: Sealer,
    now: datetime,
) -> Taken:
    """Think out the turn that follows *latest*; most turns need nothing of *session* for that."""
    talk = Talk(
        session=session,
        library=library,
        visit=Visit.from_json(latest.visit),
        call_id=latest.call_id,
        fingerprint=latest.fingerprint,
        sealed=latest.sealed,
        sealer=sealer,
        now=now,
    )
    number = latest.number + 1
    if heard.kind is HeardKind.VOICE:
        tell_of_voice(session, heard.voice_sid, seconds=heard.seconds, now=now)
    respond(talk, heard, number=number, keys_awaited=keys_awaited(latest.reply))
    return _written(talk, number, heard)


def keep(session: Session, taken: Taken) -> None:
    """Keep a turn; raise TurnTakenError when another process was faster.

    Then nothing that this turn did may stay, and asking again gives the other's reply.
    """
    if not keep_all(session, [taken]):
        raise TurnTakenError("Another process took this turn. Nothing was changed; ask again.")


def keep_all(session: Session, turns: Collection[Taken]) -> bool:
    """Keep *turns*; return False when another process has taken one of them.

    Then nothing that they did may stay.
    """
    remember_callers(session, [taken.remembers for taken in turns if taken.remembers])
    return keep_turns(session, [taken.row for taken in turns])


def waits_for_message(session: Session, sid: str) -> bool:
    """Whether the call *sid* waited for a voice message when it was last heard of."""
    latest = find_latest(session, [sid]).get(sid)
    if latest is None or not latest.reply:
        return False
    return isinstance(Reply.from_json(latest.reply).ending, AwaitVoice)


def last_turn_at(session: Session, sid: str) -> datetime | None:
    """Return when the call *sid* was last heard of; None for a call that nobody knows."""
    return session.scalar(
        select(Turn.at)
        .join(Call, Call.id == Turn.call_id)
        .where(Call.sid == sid)
        .order_by(Turn.number.desc())
        .limit(1)
    )


def take_missed(
    session: Session, library: Library, *, sid: str, heard: Heard, sealer: Sealer, now: datetime
) -> None:
    """Take the next turn of the call *sid*, whose request never reached us, as if it had.

    Raises TurnTakenError when the request has come at this very moment.
    """
    latest = find_latest(session, [sid])[sid]
    keep(session, think(session, library, latest, heard=heard, sealer=sealer, now=now))


def end_call(session: Session, *, sid: str, now: datetime) -> None:
    """Record that call *sid* is over; a call nobody has heard of is none of ours."""
    latest = find_latest(session, [sid]).get(sid)
    if latest is None:
        return
    # What was said is emptied after a day; who is told of the end later does not know it.
    is_closed = bool(latest.reply) and isinstance(Reply.from_json(latest.reply).ending, HangUp)
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
        _remembered(talk),
        talk.owes_text,
    )


def _remembered(talk: Talk) -> dict[str, Any] | None:
    if talk.fingerprint is None or not talk.remembers:
        return None
    nothing_new = {"language": "", "area_code": ""}
    known = {"fingerprint": talk.fingerprint, "seen_at": talk.now}
    return known | nothing_new | talk.remembers

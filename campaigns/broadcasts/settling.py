"""Settling: what the carrier answered about a claimed batch becomes rows, in bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Exists,
    Integer,
    Row,
    String,
    exists,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim
from campaigns.broadcasts.locks import share_broadcasts
from campaigns.broadcasts.stops import heed_stops
from campaigns.broadcasts.withdrawing import in_batch, withdraw_batch
from campaigns.bulk import change, rows_of
from campaigns.deliveries import (
    Batch,
    BatchState,
    Broadcast,
    BroadcastState,
    Delivery,
    DeliveryState,
)
from campaigns.gateway import Accepted, Answer, Blocked, Postponed, Refused, Uncertain
from campaigns.partners.feed import Step, feed_state, tell

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
ERASED = "erased"
# The whole key is given: told the broadcast apart, SQLite reads all of it for each row given.
_ANSWERED = {
    "broadcast_id": BigInteger,
    "position": Integer,
    "state": String,
    "reason": String,
    "sid": String,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What one batch came to: how many texts went each way, and how long to hold the lane."""

    accepted: int
    refused: int
    postponed: int
    unknown: int
    hold: timedelta


def settle(session: Session, claim: Claim, answers: Sequence[Answer], *, now: datetime) -> Settled:
    """Record one answer for each text of *claim*, in order.

    A receipt may have come in before its answer was settled, and then knows better: only rows
    that are still claimed are touched. If the lease was lost meanwhile, only what stays true is
    recorded: that a text was accepted or refused, not that somebody should try again. A Blocked
    answer pauses the broadcast, because the next text would be refused for the same reason.
    Whoever told the carrier to stop is opted out.
    """
    share_broadcasts(session, [claim.broadcast_id])
    batch = _held_batch(session, claim)
    before = lock_in_order(session, claim.broadcast_id, [text.position for text in claim.texts])
    rows = [
        (text.broadcast_id, text.position, *_as_row(answer))
        for text, answer in zip(claim.texts, answers, strict=True)
    ]
    given = rows_of(session, _ANSWERED, rows)
    changed = session.execute(
        update(Delivery)
        .where(
            Delivery.broadcast_id == given.c.broadcast_id,
            Delivery.position == given.c.position,
            _may_become(given.c.state, is_ours=batch is not None),
        )
        .values(state=given.c.state, reason=given.c.reason, sid=given.c.sid)
        .returning(Delivery.position, Delivery.state, Delivery.reason),
        execution_options={"synchronize_session": False},
    ).all()
    stopped = {
        (text.broadcast_id, text.position)
        for text, answer in zip(claim.texts, answers, strict=True)
        if isinstance(answer, Refused) and answer.is_stop
    }
    heed_stops(session, stopped, now=now)
    settled = _summarise(answers)
    if batch is not None:
        wait = max(settled.hold, waits_after(batch.attempts)) if settled.postponed else timedelta()
        release(session, batch, due_at=now + wait)
    blocked = next((answer for answer in answers if isinstance(answer, Blocked)), None)
    if blocked is not None:
        _pause(session, claim.broadcast_id, blocked)
    tell(session, _steps(claim.broadcast_id, before, changed, now=now))
    return settled


def _steps(
    broadcast_id: int,
    before: Mapping[int, DeliveryState],
    changed: Sequence[Row[int, DeliveryState, str]],
    *,
    now: datetime,
) -> list[Step]:
    """Return what partners hear of the positions *changed*; what is owed again is no news."""
    return [
        Step(
            broadcast_id,
            position,
            feed_state(before[position]),
            feed_state(state),
            now,
            code=reason if state is DeliveryState.REFUSED else "",
        )
        for position, state, reason in sorted(changed)
        if state is not DeliveryState.PLANNED
    ]


def release(session: Session, batch: Batch, *, due_at: datetime) -> None:
    """Open a locked batch again for what is still owed in it, close it if nothing is.

    Owed is what was postponed, and what was found out meanwhile never to have reached the
    carrier. A stopped broadcast owes nothing.
    """
    is_owed = session.scalar(select(exists().where(*in_batch(batch, DeliveryState.PLANNED))))
    if is_owed and is_stopped(session, batch.broadcast_id):
        withdraw_batch(session, batch, DeliveryState.CANCELLED)
    elif is_owed:
        batch.state, batch.due_at = BatchState.OPEN, due_at
    else:
        batch.state = BatchState.DONE
    session.flush()


def finish_if_done(session: Session, broadcast_id: int, *, now: datetime) -> bool:
    """Mark a running broadcast finished once nothing of it is in flight or unknown."""
    in_flight = (DeliveryState.PLANNED, DeliveryState.CLAIMED)
    open_batch = exists().where(Batch.broadcast_id == broadcast_id, Batch.state != BatchState.DONE)
    if session.scalar(select(open_batch)):
        return False
    if session.scalar(select(any_unknown(broadcast_id))):
        return False
    undecided = exists().where(Delivery.broadcast_id == broadcast_id, Delivery.state.in_(in_flight))
    finished = change(
        session,
        update(Broadcast)
        .where(
            Broadcast.id == broadcast_id,
            Broadcast.state == BroadcastState.RUNNING,
            ~undecided,
        )
        .values(state=BroadcastState.FINISHED, finished_at=now),
    )
    return bool(finished)


def any_unknown(broadcast_id: int) -> Exists:
    """The condition that a delivery's fate is still to be found out; answered from an index.

    Nobody can ask about somebody whose number was erased meanwhile: theirs stays unknown.
    """
    return exists().where(
        Delivery.broadcast_id == broadcast_id,
        Delivery.state == literal_column("'unknown'"),
        Delivery.reason != ERASED,
    )


def lock_in_order(
    session: Session, broadcast_id: int, positions: Sequence[int]
) -> dict[int, DeliveryState]:
    """Lock deliveries from the lowest position up, so that two writers never wait in a circle.

    Return their states, by position.
    """
    if not positions:
        return {}
    found = session.execute(
        select(Delivery.position, Delivery.state)
        .where(
            Delivery.broadcast_id == broadcast_id,
            Delivery.position.between(min(positions), max(positions)),
        )
        .order_by(Delivery.position)
        .with_for_update()
    )
    return {row.position: row.state for row in found}


def waits_after(attempts: int) -> timedelta:
    """Return how long a batch waits after its *attempts*-th postponement: doubling, to 5 min."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_WAIT)


def _as_row(answer: Answer) -> tuple[str, str, str]:
    match answer:
        case Accepted(sid):
            return DeliveryState.ACCEPTED, "", sid
        case Refused(code=code):
            return DeliveryState.REFUSED, code, ""
        case Postponed() | Blocked():
            return DeliveryState.PLANNED, "", ""
        case Uncertain():
            return DeliveryState.UNKNOWN, "no_answer", ""


def _held_batch(session: Session, claim: Claim) -> Batch | None:
    """Return and lock the batch if it is still in the hands of exactly this claim."""
    return session.scalar(
        select(Batch)
        .where(
            Batch.id == claim.batch_id,
            Batch.attempts == claim.attempt,
            Batch.state == BatchState.CLAIMED,
        )
        .with_for_update()
    )


def _may_become(state: ColumnElement[str], *, is_ours: bool) -> ColumnElement[bool]:
    """The condition on a delivery that the answer *state* may be written to it.

    Without the lease the row may be another worker's by now; then an acceptance still settles
    what was found unknown or is owed again, and a refusal what was found unknown.
    """
    accepted = state == DeliveryState.ACCEPTED.value
    clear = accepted | (state == DeliveryState.REFUSED.value)
    found_out = (Delivery.state == DeliveryState.UNKNOWN) & clear
    if is_ours:
        return (Delivery.state == DeliveryState.CLAIMED) | found_out
    return found_out | ((Delivery.state == DeliveryState.PLANNED) & accepted)


def _summarise(answers: Sequence[Answer]) -> Settled:
    def tally(kind: type | tuple[type, ...]) -> int:
        return sum(isinstance(answer, kind) for answer in answers)

    waits = [answer.wait for answer in answers if isinstance(answer, Postponed)]
    return Settled(
        accepted=tally(Accepted),
        refused=tally(Refused),
        postponed=tally((Postponed, Blocked)),
        unknown=tally(Uncertain),
        hold=max(waits, default=timedelta()),
    )


def is_stopped(session: Session, broadcast_id: int) -> bool:
    state = session.scalar(select(Broadcast.state).where(Broadcast.id == broadcast_id))
    return state is BroadcastState.STOPPED


def _pause(session: Session, broadcast_id: int, blocked: Blocked) -> None:
    change(
        session,
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.state == BroadcastState.RUNNING)
        .values(state=BroadcastState.PAUSED, note=f"{blocked.code}: {blocked.why}"),
    )

"""Controls: pausing, resuming and stopping a broadcast between its batches."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import campaigns.plans.models  # noqa: F401 - a broadcast's row points to its plan's table
from campaigns.audit import record
from campaigns.base import LARGEST_ID
from campaigns.broadcasts.brake import pull
from campaigns.broadcasts.locks import hold_alone
from campaigns.broadcasts.withdrawing import withdraw
from campaigns.bulk import change
from campaigns.deliveries import Broadcast, BroadcastState, DeliveryState
from campaigns.errands import withdraw_launches
from campaigns.errors import BroadcastFrozenError, UnknownBroadcastError

OPERATOR_PAUSED = "paused by an operator"
_GOING = (BroadcastState.RUNNING, BroadcastState.PAUSED)


def get_broadcast(session: Session, broadcast_id: int, *, lock: bool = False) -> Broadcast:
    """Return the broadcast, or raise UnknownBroadcastError."""
    query = select(Broadcast).where(Broadcast.id == broadcast_id)
    broadcast = None
    if 0 < broadcast_id <= LARGEST_ID:
        broadcast = session.scalar(query.with_for_update() if lock else query)
    if broadcast is None:
        raise UnknownBroadcastError(
            f"There is no broadcast {broadcast_id}. See them with `loa broadcasts list`."
        )
    return broadcast


def list_broadcasts(session: Session) -> list[Broadcast]:
    return list(session.scalars(select(Broadcast).order_by(Broadcast.id.desc())))


def find_broadcasts(session: Session, *, before: int | None, limit: int) -> list[Broadcast]:
    """Return up to *limit* broadcasts launched before broadcast *before*, the newest first."""
    query = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(Broadcast.id < before)))


def pause(session: Session, broadcast_id: int, *, now: datetime, note: str = "") -> Broadcast:
    """Let no further batch be claimed; what carriers have already is not called back.

    Pausing a paused broadcast changes nothing. Raises BroadcastFrozenError when it is over.
    """
    broadcast = get_broadcast(session, broadcast_id, lock=True)
    _refuse_if_over(broadcast, "paused")
    _pause_if_running(session, broadcast, note=note, now=now)
    return broadcast


def pause_all(session: Session, *, note: str) -> int:
    """Pause every broadcast that is not over, each with *note*, and return how many.

    Nothing of a broadcast is read but its state, so it also works on an older version's rows.
    """
    return change(
        session,
        update(Broadcast)
        .where(Broadcast.state.in_(_GOING))
        .values(state=BroadcastState.PAUSED, note=note),
    )


def pause_stranded(session: Session, broadcast_id: int, *, lane: str, now: datetime) -> None:
    """Pause a running broadcast that waits for a *lane* which this installation no longer has."""
    note = f"waits for the lane {lane}, which is not in LOA_LANES: add it again and resume"
    broadcast = get_broadcast(session, broadcast_id, lock=True)
    _pause_if_running(session, broadcast, note=note, now=now)


def expire_if_due(session: Session, broadcast_id: int, *, now: datetime) -> None:
    """Settle as expired whatever a broadcast past its time still owes."""
    if get_broadcast(session, broadcast_id).is_expired(now):
        hold_alone(session, broadcast_id)
        withdraw(session, get_broadcast(session, broadcast_id, lock=True), DeliveryState.EXPIRED)


def resume(session: Session, broadcast_id: int, *, now: datetime) -> Broadcast:
    """Go on with a paused broadcast; resuming a running one changes nothing."""
    broadcast = get_broadcast(session, broadcast_id, lock=True)
    _refuse_if_over(broadcast, "resumed")
    if broadcast.state is BroadcastState.PAUSED:
        broadcast.state = BroadcastState.RUNNING
        broadcast.note = ""
        _record(session, broadcast, now=now)
    return broadcast


def stop(session: Session, broadcast_id: int, *, now: datetime) -> Broadcast:
    """End a broadcast for good: whatever no worker has claimed is cancelled.

    Stopping a stopped broadcast changes nothing. Raises BroadcastFrozenError when it finished.
    """
    hold_alone(session, broadcast_id)
    broadcast = get_broadcast(session, broadcast_id, lock=True)
    if broadcast.state is BroadcastState.STOPPED:
        return broadcast
    _refuse_if_over(broadcast, "stopped")
    broadcast.state, broadcast.note = BroadcastState.STOPPED, ""
    broadcast.finished_at = now
    session.flush()
    withdraw(session, broadcast, DeliveryState.CANCELLED)
    _record(session, broadcast, now=now)
    return broadcast


def stop_all(session: Session, *, now: datetime) -> list[Broadcast]:
    """Stop every broadcast that is not over, and return them.

    Launches that wait, or are being written at this moment, do not happen.
    """
    pull(session, now=now)
    withdraw_launches(session, now=now)
    going = session.scalars(
        select(Broadcast.id).where(Broadcast.state.in_(_GOING)).order_by(Broadcast.id)
    ).all()
    return [stop(session, broadcast_id, now=now) for broadcast_id in going]


def _record(session: Session, broadcast: Broadcast, *, now: datetime) -> None:
    record(session, f"broadcast.{broadcast.state}", f"broadcast:{broadcast.id}", now=now)


def _pause_if_running(session: Session, broadcast: Broadcast, *, note: str, now: datetime) -> None:
    if broadcast.state is BroadcastState.RUNNING:
        broadcast.state = BroadcastState.PAUSED
        broadcast.note = note
        _record(session, broadcast, now=now)


def _refuse_if_over(broadcast: Broadcast, wanted: str) -> None:
    if broadcast.is_over:
        raise BroadcastFrozenError(
            f"Broadcast {broadcast.id} is {broadcast.state} and cannot be {wanted}. "
            "Nothing was changed."
        )

"""Locks: what keeps workers, receipts and operators out of each other's way on PostgreSQL.

Whoever changes deliveries takes, in this order and never back: the broadcast's lock (shared, or
alone to withdraw everything), batches, deliveries from the lowest position up, and last of all
the partners' rows, to tell them. Whoever launches shares all launches at its end, and whoever
stops everything holds them alone before anything else.

On SQLite a writing transaction is alone from its beginning.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaigns.deliveries import Batch

# Tells these advisory locks from any other use of PostgreSQL's.
_CLASS = 7_205
_LAUNCHES = 7_206
_LARGEST_INT4 = 2**31


def share_broadcasts(session: Session, broadcast_ids: Iterable[int]) -> None:
    """Keep everybody from withdrawing these broadcasts until the transaction ends.

    The server's queue is fair: who wants a broadcast alone waits for those who share it now, and
    not for those who come later.
    """
    for broadcast_id in sorted(set(broadcast_ids)):
        _lock(session, func.pg_advisory_xact_lock_shared, _CLASS, broadcast_id % _LARGEST_INT4)


def hold_alone(session: Session, broadcast_id: int) -> None:
    """Keep everybody from changing deliveries of *broadcast_id* until the transaction ends."""
    _lock(session, func.pg_advisory_xact_lock, _CLASS, broadcast_id % _LARGEST_INT4)


def share_launches(session: Session) -> None:
    """Keep everybody from stopping everything until the transaction ends."""
    _lock(session, func.pg_advisory_xact_lock_shared, _LAUNCHES, 0)


def hold_launches(session: Session) -> None:
    """Wait for launches that are at their end, and keep others from it until ours."""
    _lock(session, func.pg_advisory_xact_lock, _LAUNCHES, 0)


def lock_batch(session: Session, batch_id: int) -> Batch:
    """Return the batch as it is now, for this transaction alone."""
    query = select(Batch).where(Batch.id == batch_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def _lock(session: Session, lock: Callable[..., ColumnElement[Any]], *named: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(lock(*named)))

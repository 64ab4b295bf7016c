"""Jobs for telecom partners: what of whole batches they are told."""

from campaigns.broadcasts.telling import tell_batches
from workers.context import context
from workers.queues import QueueName, ask_for

# The partners' rows are held meanwhile, and whoever claims or settles waits for them.
BATCHES_AT_ONCE = 10
_TRANSACTIONS_A_JOB = 20


def tell_partners() -> int:
    """Tell partners of batches that are planned or were withdrawn; return of how many."""
    ctx = context()
    told = 0
    for _ in range(_TRANSACTIONS_A_JOB):
        with ctx.sessions.begin() as session:
            found = tell_batches(session, limit=BATCHES_AT_ONCE, now=ctx.now())
        told += found
        if found < BATCHES_AT_ONCE:
            return told
    ask_for(ctx.redis, QueueName.UPKEEP, tell_partners)
    return told

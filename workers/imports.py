"""The job that imports lists handed over by programs, one after the other."""

from datetime import timedelta

from campaigns.subscribers.uploads import claim_upload
from workers.context import context
from workers.queues import QueueName, ask_for

# Held on to while rows are read; a merge of millions takes less.
LEASE = timedelta(minutes=5)


def import_uploads() -> int:
    """Import the next list that waits; return how many were taken on.

    The next one is asked for at once, so that another idle worker imports beside this one.
    """
    ctx = context()
    with ctx.sessions.begin() as session:
        upload = claim_upload(session, lease=LEASE, now=ctx.now())
    if upload is None:
        return 0
    ask_for(ctx.redis, QueueName.IMPORTS, import_uploads)
    ctx.import_upload(upload)
    return 1

"""The job that empties and deletes what may no longer be kept."""

from campaigns.access.answered import forget_answered
from campaigns.access.attempts import forget_attempts
from campaigns.errands import forget_errands
from campaigns.subscribers.uploads import forget_uploads
from hotline.declarations.records import delete_expired
from hotline.retention import close_forgotten_calls, empty_expired
from workers.context import context


def keep_retention() -> int:
    """Empty or delete what may no longer be kept; return how many rows of calls were emptied."""
    ctx = context()
    with ctx.sessions.begin() as session:
        emptied = empty_expired(session, now=ctx.now())
        close_forgotten_calls(session, now=ctx.now())
        delete_expired(session, now=ctx.now())
        forget_answered(session, now=ctx.now())
        forget_attempts(session, now=ctx.now())
        forget_uploads(session, now=ctx.now())
        forget_errands(session, now=ctx.now())
    return emptied

"""The job that carries out errands, one after the other."""

from campaigns.errands import take_errand
from workers.context import context
from workers.queues import QueueName, ask_for


def do_errands() -> int:
    """Carry out the next errand that waits; return how many were taken on.

    The next one is asked for at once, so that another idle worker does it beside this one.
    """
    ctx = context()
    with ctx.sessions.begin() as session:
        number = take_errand(session)
    if number is None:
        return 0
    ask_for(ctx.redis, QueueName.ERRANDS, do_errands)
    ctx.do_errand(number)
    return 1

"""The job that looks for carriers that have gone quiet, and says so once."""

import logging

from campaigns.carriers.quiet import Quiet, look_at_carriers, quiet_carriers
from workers.context import context

log = logging.getLogger(__name__)


def watch_carriers() -> int:
    """Look whether a carrier has gone quiet or is back; return how many carriers were counted.

    Every change is a line in the log. Whoever is on duty sees it in the metrics, too.
    """
    ctx = context()
    with ctx.sessions.begin() as session:
        before = quiet_carriers(session, now=ctx.now())
        counted = look_at_carriers(session, now=ctx.now())
        after = quiet_carriers(session, now=ctx.now())
    _note_changes(before, after)
    return counted


def _note_changes(before: list[Quiet], after: list[Quiet]) -> None:
    known = {(quiet.carrier, quiet.verdict) for quiet in before}
    for quiet in after:
        if (quiet.carrier, quiet.verdict) not in known:
            log.warning("a carrier is %s: %s", quiet.verdict.value, quiet.sentence)
    still = {quiet.carrier for quiet in after}
    for quiet in before:
        if quiet.carrier not in still:
            log.warning("the alarm about a carrier has ended: %s", quiet.carrier)

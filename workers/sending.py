"""Jobs that send a broadcast, one batch at a time: claim, speak, settle."""

from datetime import timedelta

from redis import Redis

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.launching import BATCH_SECONDS, LARGEST_BATCH
from campaigns.broadcasts.settling import finish_if_done, settle
from campaigns.lanes import Lane
from workers.context import JobContext, context
from workers.pacing import correct_turn, hold, take_turn
from workers.queues import QueueName, ask_for
from workers.vitals import note_answer

# Speaking ends this much before the lease does, so that no text leaves after others may look.
SAFETY = timedelta(seconds=5)


def ask_for_batch(redis: Redis, broadcast_id: int, lane: str, *, is_urgent: bool) -> None:
    """Ask some worker to send the next batch of *broadcast_id* on *lane*."""
    name = QueueName.URGENT if is_urgent else QueueName.SENDING
    ask_for(redis, name, send_batch, broadcast_id, lane, name.value)


def send_batch(broadcast_id: int, lane: str, queue: str) -> int:
    """Send one batch on *lane*, asked for on *queue*; return how many texts were tried.

    The next batch is asked for as soon as this one is claimed, so another idle worker speaks
    while this one does. When the lane has to rest, upkeep asks again in time.
    """
    ctx = context()
    served = next((known for known in ctx.lanes if known.name == lane), None)
    if served is None or lane not in ctx.gateways:
        return 0
    nominal = min(served.rate_per_s * BATCH_SECONDS, LARGEST_BATCH)
    if take_turn(ctx.redis, served, segments=nominal):
        return 0
    claim = _claim(ctx, broadcast_id, lane)
    correct_turn(ctx.redis, served, segments=(claim.segments if claim else 0) - nominal)
    if claim is None:
        return 0
    ask_for(ctx.redis, QueueName(queue), send_batch, broadcast_id, lane, queue)
    if claim.texts:
        _speak_and_settle(ctx, served, claim)
    _finish(ctx, broadcast_id)
    return len(claim.texts)


def _claim(ctx: JobContext, broadcast_id: int, lane: str) -> Claim | None:
    with ctx.sessions.begin() as session:
        return claim_batch(
            session,
            broadcast_id,
            lane=lane,
            claimant=ctx.worker,
            lease=ctx.lease,
            sealer=ctx.sealer,
            now=ctx.now(),
        )


def _speak_and_settle(ctx: JobContext, lane: Lane, claim: Claim) -> None:
    until = min(claim.lease_until - min(SAFETY, ctx.lease / 4), claim.closes_at)
    answers = ctx.gateways[lane.name].send_all(claim.texts, until=until)
    with ctx.sessions.begin() as session:
        settled = settle(session, claim, answers, now=ctx.now())
    if settled.accepted:
        note_answer(ctx.redis, lane.name, now=ctx.now())
    if settled.hold:
        hold(ctx.redis, lane, settled.hold)


def _finish(ctx: JobContext, broadcast_id: int) -> None:
    with ctx.sessions.begin() as session:
        finish_if_done(session, broadcast_id, now=ctx.now())

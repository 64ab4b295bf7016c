"""Jobs that send what callers asked for on the phone, by the same lanes as every other text."""

from redis import Redis

from hotline.texting import (
    LostCallerText,
    claim_texts,
    find_lost_texts,
    release_expired_texts,
    resolve_text,
    settle_texts,
)
from workers.context import JobContext, context
from workers.pacing import correct_turn, take_turn
from workers.queues import QueueName, ask_for
from workers.sending import SAFETY

AT_ONCE = 50


def ask_for_caller_texts(redis: Redis) -> None:
    """Ask some worker to send what callers have just asked for; call it after the commit."""
    ask_for(redis, QueueName.URGENT, send_caller_texts)


def send_caller_texts() -> int:
    """Send what is due, on the first lane there is; return how many texts were tried."""
    ctx = context()
    lane = next((one for one in ctx.lanes if one.name in ctx.gateways), None)
    if lane is None or take_turn(ctx.redis, lane, segments=1):
        return 0
    with ctx.sessions.begin() as session:
        claim = claim_texts(
            session, limit=AT_ONCE, lease=ctx.lease, sealer=ctx.sealer, now=ctx.now()
        )
    correct_turn(ctx.redis, lane, segments=claim.segments - 1)
    if not claim.texts:
        return 0
    margin = min(SAFETY, ctx.lease / 4)
    answers = ctx.gateways[lane.name].send_all(claim.texts, until=claim.lease_until - margin)
    with ctx.sessions.begin() as session:
        settle_texts(session, claim, answers, now=ctx.now())
    if len(claim.texts) == AT_ONCE:
        ask_for_caller_texts(ctx.redis)
    return len(claim.texts)


def recover_caller_texts() -> int:
    """Find out at the carrier what became of texts that a dead worker left; return how many."""
    ctx = context()
    with ctx.sessions.begin() as session:
        release_expired_texts(session, now=ctx.now())
        lost = find_lost_texts(session, sealer=ctx.sealer, limit=AT_ONCE, now=ctx.now())
    return _resolve(ctx, lost) if lost else 0


def _resolve(ctx: JobContext, lost: list[LostCallerText]) -> int:
    lane = next((one for one in ctx.lanes if one.name in ctx.gateways), None)
    if lane is None:
        return 0
    lists = ctx.gateways[lane.name].find_sent([one.inquiry for one in lost])
    with ctx.sessions.begin() as session:
        settled = [
            resolve_text(session, one, sent, now=ctx.now())
            for one, sent in zip(lost, lists, strict=True)
            if sent is not None
        ]
    return sum(state is not None for state in settled)

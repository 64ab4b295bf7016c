"""Jobs that bring voice messages home, delete the carrier's copies, and keep retention."""

import hashlib
from datetime import timedelta

from campaigns.access.answered import forget_answered
from hotline.declarations.records import delete_expired
from hotline.retention import NUMBERS_KEPT, close_forgotten_calls, empty_expired
from hotline.voice_messages import (
    AwaitedVoice,
    awaited_voices,
    expired_voices,
    forget_carrier_copy,
    forget_recording,
    keep_voice,
    old_recordings,
)
from workers.context import JobContext, context

DIRECTORY = "voices"
_AT_ONCE = 20
# A carrier that is away lets each message take half a minute; the job ends before its time does.
_LONGEST_RUN = timedelta(seconds=50)
_CURSOR = "loa:voice-cursor"
_CURSOR_LIFE = timedelta(days=1)


def fetch_voice_messages() -> int:
    """Fetch what callers left, seal and keep it, then delete it at the carrier; return how many.

    Killed in between, the next run finds it here already, or fetches the same once more. Each run
    takes the next few, round and round, so that one that cannot be had keeps none waiting.
    """
    ctx = context()
    begun_at = ctx.now()
    after = int(ctx.redis.get(_CURSOR) or 0)
    with ctx.reading() as session:
        awaited = awaited_voices(session, after=after, limit=_AT_ONCE, now=begun_at)
    brought = 0
    for voice in awaited:
        if ctx.now() - begun_at > _LONGEST_RUN:
            return brought
        ctx.redis.set(_CURSOR, voice.ticket_id, ex=_CURSOR_LIFE)
        brought += _bring_home(ctx, voice)
    if len(awaited) < _AT_ONCE:
        ctx.redis.delete(_CURSOR)
    _delete_unclaimed(ctx)
    return brought


def keep_retention() -> int:
    """Empty what may no longer be kept, of calls and of answered requests; return how many rows."""
    ctx = context()
    with ctx.sessions.begin() as session:
        emptied = empty_expired(session, now=ctx.now())
        close_forgotten_calls(session, now=ctx.now())
        delete_expired(session, now=ctx.now())
        forget_answered(session, now=ctx.now())
    return emptied + _drop_voices(ctx)


def _bring_home(ctx: JobContext, voice: AwaitedVoice) -> bool:
    if not voice.is_here:
        sound = ctx.voices.fetch_voice(voice.sid)
        if sound is None:
            return False
        # The same name however often it is fetched, so that no copy is ever left over.
        name = hashlib.sha256(voice.sid.encode()).hexdigest()
        ctx.keep_file(f"{DIRECTORY}/{name}", ctx.sealer.seal_bytes(sound))
        with ctx.sessions.begin() as session:
            keep_voice(session, voice.ticket_id, name)
    if not ctx.voices.delete_voice(voice.sid):
        return False
    with ctx.sessions.begin() as session:
        forget_carrier_copy(session, voice.ticket_id)
    return True


def _delete_unclaimed(ctx: JobContext) -> None:
    """Delete at the carrier what nobody works on: too short, or left when we could not answer."""
    with ctx.reading() as session:
        old = old_recordings(session, limit=_AT_ONCE, now=ctx.now())
    for sid, is_held in old:
        if is_held or ctx.voices.delete_voice(sid):
            with ctx.sessions.begin() as session:
                forget_recording(session, sid)


def _drop_voices(ctx: JobContext) -> int:
    before = ctx.now() - NUMBERS_KEPT
    with ctx.sessions.begin() as session:
        expired = expired_voices(session, closed_before=before, limit=_AT_ONCE)
        for ticket in expired:
            ctx.drop_file(f"{DIRECTORY}/{ticket.voice}")
            ticket.voice = ""
    return len(expired)

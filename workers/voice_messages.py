"""Jobs that bring voice messages home, delete the carrier's copies, and keep retention."""

import hashlib

from hotline.declarations.records import delete_expired
from hotline.retention import NUMBERS_KEPT, close_forgotten_calls, empty_expired
from hotline.voice_messages import (
    AwaitedVoice,
    awaited_voices,
    expired_voices,
    forget_carrier_copy,
    keep_voice,
)
from workers.context import JobContext, context

DIRECTORY = "voices"
_AT_ONCE = 20


def fetch_voice_messages() -> int:
    """Fetch what callers left, seal and keep it, then delete it at the carrier; return how many.

    Killed in between, the next run finds it here already, or fetches the same once more.
    """
    ctx = context()
    with ctx.sessions() as session:
        awaited = awaited_voices(session, limit=_AT_ONCE, now=ctx.now())
    return sum(_bring_home(ctx, voice) for voice in awaited)


def keep_retention() -> int:
    """Empty what the hotline may no longer keep; return how many rows."""
    ctx = context()
    with ctx.sessions.begin() as session:
        emptied = empty_expired(session, now=ctx.now())
        close_forgotten_calls(session, now=ctx.now())
        delete_expired(session, now=ctx.now())
    return emptied + _drop_voices(ctx)


def _bring_home(ctx: JobContext, voice: AwaitedVoice) -> bool:
    if not voice.is_here:
        sound = ctx.voices.fetch_voice(voice.sid)
        if sound is None:
            return False
        digest = hashlib.sha256(sound).hexdigest()
        ctx.keep_file(f"{DIRECTORY}/{digest}", ctx.sealer.seal_bytes(sound))
        with ctx.sessions.begin() as session:
            keep_voice(session, voice.ticket_id, digest)
    if not ctx.voices.delete_voice(voice.sid):
        return False
    with ctx.sessions.begin() as session:
        forget_carrier_copy(session, voice.ticket_id)
    return True


def _drop_voices(ctx: JobContext) -> int:
    before = ctx.now() - NUMBERS_KEPT
    with ctx.sessions.begin() as session:
        expired = expired_voices(session, closed_before=before, limit=_AT_ONCE)
        for ticket in expired:
            ctx.drop_file(f"{DIRECTORY}/{ticket.voice}")
            ticket.voice = ""
    return len(expired)

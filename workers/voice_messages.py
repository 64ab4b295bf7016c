"""The job that brings voice messages home and deletes the carrier's copies."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.persons import SHORTEST_MESSAGE_S
from hotline.calls.turns import last_turn_at, take_missed, waits_for_message
from hotline.errors import TurnTakenError
from hotline.library import load_library
from hotline.voice_messages import (
    UNCLAIMED_AFTER,
    FoundVoice,
    awaited_voices,
    forget_carrier_copy,
    forget_voice,
    is_held,
    keep_voice,
    unclaimed_voices,
)
from workers.context import JobContext, context

DIRECTORY = "voices"
_AT_ONCE = 20
# A carrier that is away lets each message take half a minute; the job ends before its time does.
_LONGEST_RUN = timedelta(seconds=50)
_CURSOR_LIFE = timedelta(days=1)


class Find(Protocol):
    """A look for messages with something left to do."""

    __name__: str

    def __call__(
        self, session: Session, *, after: int, limit: int, now: datetime
    ) -> list[FoundVoice]:
        """Return up to *limit* messages numbered above *after*."""
        ...


def fetch_voice_messages() -> int:
    """Fetch what callers left, seal and keep it, then delete it at the carrier; return how many.

    Killed in between, the next run finds it here already, or fetches the same once more. Each run
    takes the next few, round and round, so that one that cannot be had keeps none waiting.
    """
    ctx = context()
    until = ctx.now() + _LONGEST_RUN
    brought = sum(_bring_home(ctx, voice) for voice in _next(ctx, awaited_voices, until=until))
    for voice in _next(ctx, unclaimed_voices, until=until):
        _claim_or_delete(ctx, voice)
    return brought


def _next(ctx: JobContext, find: Find, *, until: datetime) -> Iterator[FoundVoice]:
    """Yield the next few of what *find* finds, from where the last run of it ended."""
    cursor = f"loa:voice-cursor:{find.__name__}"
    after = int(ctx.redis.get(cursor) or 0)
    with ctx.reading() as session:
        found = find(session, after=after, limit=_AT_ONCE, now=ctx.now())
    for voice in found:
        if ctx.now() > until:
            return
        ctx.redis.set(cursor, voice.id, ex=_CURSOR_LIFE)
        yield voice
    if len(found) < _AT_ONCE:
        ctx.redis.delete(cursor)


def _bring_home(ctx: JobContext, voice: FoundVoice) -> bool:
    if not voice.file:
        sound = ctx.voices.fetch_voice(voice.sid)
        if sound is None:
            return False
        name = _file_of(voice)
        ctx.keep_file(f"{DIRECTORY}/{name}", ctx.sealer.seal_bytes(sound))
        with ctx.sessions.begin() as session:
            is_kept = keep_voice(session, voice.id, name)
        if not is_kept:
            # Another worker has forgotten it meanwhile, in both places.
            ctx.drop_file(f"{DIRECTORY}/{name}")
            return False
    if not ctx.voices.delete_voice(voice.sid):
        return False
    with ctx.sessions.begin() as session:
        forget_carrier_copy(session, voice.id)
    return True


def _file_of(voice: FoundVoice) -> str:
    """Return the name of its file: the same however often it is fetched, so none is left over."""
    return voice.file or hashlib.sha256(voice.sid.encode()).hexdigest()


def _claim_or_delete(ctx: JobContext, voice: FoundVoice) -> None:
    """Take the turn that never came, or delete what nobody will ever work on.

    That is a second of silence after the tone, or what its ticket held until its time was over.
    """
    if not voice.was_told and voice.seconds >= SHORTEST_MESSAGE_S:
        with ctx.reading() as session:
            heard_of_at = last_turn_at(session, voice.call_sid)
        if heard_of_at is not None and heard_of_at > ctx.now() - UNCLAIMED_AFTER:
            # The call may still be going on; its turns are its own.
            return
        _take_missed_turn(ctx, voice)
    with ctx.reading() as session:
        if is_held(session, voice.id):
            return
    # Also what a worker that was killed has put there without noting it.
    ctx.drop_file(f"{DIRECTORY}/{_file_of(voice)}")
    if not voice.is_at_carrier or ctx.voices.delete_voice(voice.sid):
        with ctx.sessions.begin() as session:
            forget_voice(session, voice.id)


def _take_missed_turn(ctx: JobContext, voice: FoundVoice) -> None:
    heard = Heard(HeardKind.VOICE, voice_sid=voice.sid, seconds=voice.seconds)
    with suppress(TurnTakenError), ctx.sessions.begin() as session:
        if not waits_for_message(session, voice.call_sid):
            return
        library = load_library(session)
        if library is not None:
            # As of the moment at which it was left: that is since when the caller waits.
            take_missed(
                session,
                library,
                sid=voice.call_sid,
                heard=heard,
                sealer=ctx.sealer,
                now=voice.heard_at,
            )

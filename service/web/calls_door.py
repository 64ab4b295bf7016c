"""The calls door: what a carrier asks while somebody is on the phone, checked and answered."""

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from service.twilio.voice import (
    BEGIN_PATH,
    RECORDINGS_PATH,
    SOUNDS_PATH,
    STATUS_PATH,
    TURNS_PATH,
)
from service.web.groups import Groups
from service.web.signed_forms import (
    Receive,
    Scope,
    Send,
    SignedForms,
    TurnedAwayError,
    answer,
    answer_problem,
)
from service.web.switchboard import Switchboard
from service.web.turns import Asked, Form

_TWIML = "text/xml; charset=utf-8"
_TURN = re.compile(rf"{TURNS_PATH}([0-9]{{1,40}})").fullmatch
# So many are thought out while a caller hardly notices the pause.
_LARGEST_GROUP = 64
# Whoever would have to wait longer than carriers do, 15 seconds, is told at once to call again.
_MOST_WAITING = 2000


class CallsDoor:
    """An ASGI application for the hotline's webhooks; it lets in only what the carrier signed."""

    def __init__(
        self, switchboard: Switchboard, forms: SignedForms, *, took: Callable[[float], object]
    ) -> None:
        """Answer by *switchboard*; *took* is told how many seconds each turn took."""
        self._switchboard = switchboard
        self._took = took
        self._forms = forms
        # Nothing is gained by two threads that think: Python runs one at a time.
        self._thinking = ThreadPoolExecutor(1, thread_name_prefix="turns")
        self._noting = ThreadPoolExecutor(1, thread_name_prefix="call-notes")
        self._groups: Groups[Asked, bytes] = Groups(
            self._answer_group, largest=_LARGEST_GROUP, most_waiting=_MOST_WAITING
        )

    @staticmethod
    def opens(path: str) -> bool:
        """Whether *path* is asked for here: all below the hotline's own, but for its sounds."""
        is_below = path == BEGIN_PATH or path.startswith(f"{BEGIN_PATH}/")
        return is_below and not path.startswith(SOUNDS_PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            form = dict(await self._forms.let_in(scope, receive))
        except TurnedAwayError as away:
            await answer_problem(send, away.status, str(away))
            return
        match scope["path"]:
            case path if path == STATUS_PATH:
                await self._note(send, self._switchboard.end, form)
            case path if path == RECORDINGS_PATH:
                await self._note(send, self._switchboard.note_voice, form)
            case path if path == BEGIN_PATH or _TURN(path):
                turn = _TURN(path)
                asked = Asked.of(int(turn[1]) if turn else None, form)
                # Without a name no second turn would ever find this call again.
                began = time.perf_counter()
                document = await self._groups.put(asked) if asked.sid else None
                self._took(time.perf_counter() - began)
                document = document or self._switchboard.apologise()
                await answer(send, HTTPStatus.OK, document, content_type=_TWIML)
            case _:
                await answer_problem(send, HTTPStatus.NOT_FOUND, "Nothing is asked here.")

    async def warm(self) -> None:
        """Read what will be said before anybody rings."""
        await asyncio.get_running_loop().run_in_executor(self._thinking, self._switchboard.warm)

    async def close(self) -> None:
        """Answer whoever waits."""
        await self._groups.close()
        self._thinking.shutdown()
        self._noting.shutdown()

    async def _answer_group(self, group: list[Asked]) -> list[bytes]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thinking, self._switchboard.answer, group)

    async def _note(self, send: Send, note: Callable[[Form], bool], form: Form) -> None:
        """Say that nothing more is wanted, or that the same must be sent again."""
        loop = asyncio.get_running_loop()
        is_kept = await loop.run_in_executor(self._noting, note, form)
        status = HTTPStatus.NO_CONTENT if is_kept else HTTPStatus.SERVICE_UNAVAILABLE
        await answer(send, status)

"""Status callbacks: signed as Twilio signs them, and repeated until somebody answers."""

import asyncio
import heapq
import itertools
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote_plus

from service.loopback.archives import Archive, KeptText
from service.loopback.behaviours import Behaviour, News
from service.loopback.postmen import Letter, Postmen
from service.twilio.signatures import sign

_POSTMEN = 64
_LOOK_EVERY_S = 0.001
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0
_MOST_TRIES = 40
_SAVE_EVERY_S = 1.0
_API_VERSION = "2010-04-01"
_NOT_FINAL = "sent"


class _Call(NamedTuple):
    due_at: float
    order: int
    tries: int
    text: KeptText
    news: News


class Callbacks:
    """Posts the news of each text to the address that its sender gave."""

    def __init__(
        self, archive: Archive, behaviour: Behaviour, *, account_sid: str, auth_token: str
    ) -> None:
        self._archive = archive
        self._behaviour = behaviour
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._order = itertools.count()
        self._planned: list[_Call] = []
        self._due: deque[_Call] = deque()
        self._postmen: Postmen[_Call] = Postmen(_POSTMEN)
        self._woken = asyncio.Event()
        self._is_hurrying = False
        self._is_over = False

    def announce(self, text: KeptText) -> None:
        """Plan the callbacks about *text*, counted from the moment it was accepted."""
        if not text.callback:
            self._archive.note_told(text)
            return
        for news in self._behaviour.calls_for(text.to):
            self._plan(text.at + news.after_s, 0, text, news)

    async def run(self) -> None:
        """Post callbacks until ``stop``."""
        saved_at = time.monotonic()
        try:
            while not self._is_over:
                self._release_due()
                for call, status in self._postmen.look():
                    self._note(call, status)
                if time.monotonic() - saved_at > _SAVE_EVERY_S:
                    self._archive.save_told()
                    saved_at = time.monotonic()
                await self._rest()
        finally:
            self._postmen.close()

    async def flush(self, *, within_s: float) -> int:
        """Post now whatever is still planned; return how many callbacks were left at the end."""
        self._is_hurrying = True
        self._woken.set()
        end = time.monotonic() + within_s
        while self._left() and time.monotonic() < end:  # noqa: ASYNC110 - two queues and a count
            await asyncio.sleep(0.02)
        return self._left()

    def stop(self) -> None:
        """Let ``run`` come to its end, whatever is left."""
        self._is_over = True
        self._woken.set()

    def _left(self) -> int:
        return len(self._planned) + len(self._due) + self._postmen.away

    def _plan(self, due_at: float, tries: int, text: KeptText, news: News) -> None:
        call = _Call(due_at, next(self._order), tries, text, news)
        heapq.heappush(self._planned, call)
        if self._planned[0] is call:
            self._woken.set()

    def _release_due(self) -> None:
        now = time.time()
        while self._planned and (self._is_hurrying or self._planned[0].due_at <= now):
            self._due.append(heapq.heappop(self._planned))
        while self._due and self._postmen.is_free:
            self._postmen.send(self._write(self._due.popleft()))

    async def _rest(self) -> None:
        if self._postmen.away or self._due:
            await asyncio.sleep(_LOOK_EVERY_S)
            return
        self._woken.clear()
        pause = self._planned[0].due_at - time.time() if self._planned else _SAVE_EVERY_S
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(pause, _SAVE_EVERY_S))):
                await self._woken.wait()

    def _note(self, call: _Call, status: int) -> None:
        # Only an answer about the request itself ends it: a web that is starting says 5xx.
        is_over = 0 < status < HTTPStatus.INTERNAL_SERVER_ERROR
        is_over = is_over and status != HTTPStatus.TOO_MANY_REQUESTS
        if not is_over and self._is_hurrying:
            return
        if not is_over and call.tries < _MOST_TRIES:
            wait = min(_FIRST_WAIT_S * 2.0**call.tries, _LONGEST_WAIT_S)
            self._plan(time.time() + wait, call.tries + 1, call.text, call.news)
        elif call.news.status != _NOT_FINAL and not call.text.is_told:
            self._archive.note_told(call.text)

    def _write(self, call: _Call) -> Letter[_Call]:
        form = self._form(call.text, call.news)
        encoded = "&".join([f"{name}={_quote(value)}" for name, value in form])
        return Letter(
            about=call,
            url=call.text.callback,
            form=encoded.encode("ascii"),
            signature=sign(call.text.callback, form, self._auth_token),
        )

    def _form(self, text: KeptText, news: News) -> list[tuple[str, str]]:
        form = [
            ("SmsSid", text.sid),
            ("SmsStatus", news.status),
            ("MessageStatus", news.status),
            ("To", text.to),
            ("MessageSid", text.sid),
            ("AccountSid", self._account_sid),
            ("From", text.sender),
            ("ApiVersion", _API_VERSION),
        ]
        if text.service:
            form.append(("MessagingServiceSid", text.service))
        if news.code:
            form.append(("ErrorCode", news.code))
        if news.status != _NOT_FINAL:
            form.append(("RawDlrDoneDate", _minute(int((text.at + news.after_s) // 60))))
        return form


@lru_cache(maxsize=4096)
def _quote(value: str) -> str:
    return value if value.isalnum() and value.isascii() else quote_plus(value)


@lru_cache(maxsize=64)
def _minute(minute: int) -> str:
    return time.strftime("%y%m%d%H%M", time.gmtime(minute * 60))

"""Status callbacks: signed as Twilio signs them, and repeated until somebody answers."""

import asyncio
import heapq
import itertools
import time
from functools import lru_cache
from urllib.parse import quote_plus

import pycurl

from service.loopback.archives import Archive, KeptText
from service.loopback.behaviours import Behaviour, News
from service.twilio.signatures import sign

_CONNECT_WITHIN_MS = 2_000
_ANSWER_WITHIN_MS = 15_000
_POSTMEN = 32
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0
_MOST_TRIES = 40
_SAVE_EVERY_S = 1.0
_API_VERSION = "2010-04-01"


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
        self._waiting: list[tuple[float, int, int, KeptText, News]] = []
        self._due: asyncio.Queue[tuple[int, KeptText, News]] = asyncio.Queue()
        self._under_way = 0
        self._woken = asyncio.Event()
        self._is_hurrying = False

    def announce(self, text: KeptText) -> None:
        """Plan the callbacks about *text*, counted from the moment it was accepted."""
        if not text.callback:
            self._archive.note_told(text)
            return
        for news in self._behaviour.calls_for(text.to):
            self._plan(text.at + news.after_s, 0, text, news)

    async def run(self) -> None:
        """Post callbacks until cancelled."""
        async with asyncio.TaskGroup() as group, pycurl.AsyncCurlMulti() as multi:
            multi.setopt(pycurl.M_MAXCONNECTS, _POSTMEN)
            group.create_task(self._save_told())
            for _ in range(_POSTMEN):
                group.create_task(self._deliver(multi))
            await self._release_when_due()

    async def flush(self, *, within_s: float) -> int:
        """Post now whatever is still planned; return how many callbacks were left at the end."""
        self._is_hurrying = True
        self._woken.set()
        end = time.monotonic() + within_s
        while self._left() and time.monotonic() < end:  # noqa: ASYNC110 - two queues and a count
            await asyncio.sleep(0.02)
        return self._left()

    def _left(self) -> int:
        return len(self._waiting) + self._due.qsize() + self._under_way

    def _plan(self, due_at: float, tries: int, text: KeptText, news: News) -> None:
        heapq.heappush(self._waiting, (due_at, next(self._order), tries, text, news))
        if self._waiting[0][0] == due_at:
            self._woken.set()

    async def _release_when_due(self) -> None:
        while True:
            now = time.time()
            while self._waiting and (self._is_hurrying or self._waiting[0][0] <= now):
                _, _, tries, text, news = heapq.heappop(self._waiting)
                self._due.put_nowait((tries, text, news))
            self._woken.clear()
            pause = self._waiting[0][0] - now if self._waiting else None
            try:
                await asyncio.wait_for(self._woken.wait(), pause)
            except TimeoutError:
                continue

    async def _deliver(self, multi: pycurl.AsyncCurlMulti) -> None:
        curl = _open_curl()
        while True:
            tries, text, news = await self._due.get()
            self._under_way += 1
            try:
                is_over = await self._post(multi, curl, text, news)
            finally:
                self._under_way -= 1
            if not is_over and tries < _MOST_TRIES and not self._is_hurrying:
                wait = min(_FIRST_WAIT_S * 2**tries, _LONGEST_WAIT_S)
                self._plan(time.time() + wait, tries + 1, text, news)
            elif news.status != "sent" and not text.is_told and (is_over or tries >= _MOST_TRIES):
                self._archive.note_told(text)

    async def _post(
        self, multi: pycurl.AsyncCurlMulti, curl: pycurl.Curl, text: KeptText, news: News
    ) -> bool:
        """Post one callback; return whether it needs no other try."""
        form = self._form(text, news)
        signature = sign(text.callback, form, self._auth_token)
        curl.setopt(pycurl.URL, text.callback)
        curl.setopt(
            pycurl.COPYPOSTFIELDS, "&".join(f"{name}={_quote(value)}" for name, value in form)
        )
        curl.setopt(pycurl.HTTPHEADER, [f"X-Twilio-Signature: {signature}", "Expect:"])
        try:
            await multi.perform(curl)
        except pycurl.error:
            return False
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        # Only an answer about the request itself ends it; a web that is just starting says 5xx.
        return bool(status < 500 and status != 429)  # noqa: PLR2004 - HTTP's own numbers

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
        if news.status != "sent":
            form.append(("RawDlrDoneDate", _minute(int((text.at + news.after_s) // 60))))
        return form

    async def _save_told(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            self._archive.save_told()


def _open_curl() -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_WITHIN_MS)
    curl.setopt(pycurl.TIMEOUT_MS, _ANSWER_WITHIN_MS)
    curl.setopt(pycurl.USERAGENT, "TwilioProxy/1.1")
    curl.setopt(pycurl.WRITEFUNCTION, len)
    return curl


@lru_cache(maxsize=4096)
def _quote(value: str) -> str:
    return quote_plus(value)


@lru_cache(maxsize=64)
def _minute(minute: int) -> str:
    return time.strftime("%y%m%d%H%M", time.gmtime(minute * 60))

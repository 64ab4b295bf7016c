"""Bodies: read whole before a thread is spent on a request, within bounds of size and time."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.exceptions import ClientDisconnected, RequestTimeout

from service.api.kinds import TOO_SLOW, UPLOADS_TAKEN, Kind
from service.api.problems import CONTENT_TYPE, language_in, problem_in
from service.api.refusals import Refusal
from service.web.signed_forms import Receive, Scope, Send, answer

# A slow line in a commune sends a megabyte in this time; nobody has a reason to take longer.
WITHIN_S = 30.0
# What such a line keeps up; a list of 100 MB may take the better part of an hour.
SLOWEST_BYTES_PER_S = 32 * 1024
AGAIN_AFTER_S = 30
# What comes with these means nothing (RFC 9110 section 9.3.1), and is not waited for.
_WITHOUT = frozenset({"GET", "HEAD"})


class WholeBodies:
    """An ASGI application that hands requests on to *pages* once their bodies are here.

    Else eight connections that send a letter a minute would hold every thread there is. What is
    larger than *most* bytes is handed on to *uploads* as it comes: those check who sends before
    they read. They have threads of their own, one for each of *at_once*; whoever comes while all
    are taken is told to come back, and whoever sends too slowly makes way.
    """

    def __init__(
        self, pages: Any, uploads: Any, *, most: int, at_once: int, within_s: float = WITHIN_S
    ) -> None:
        self._pages, self._uploads = pages, uploads
        self._most = most
        self._free = at_once
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in _WITHOUT:
            await self._pages(scope, _nothing, send)
            return
        if _declared_length(scope) > self._most:
            await self._take_upload([], scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within_s):
                begun = await _begin(receive, most=self._most)
        except TimeoutError:
            await _refuse(TOO_SLOW, scope, send)
            return
        if begun[-1]["type"] == "http.disconnect":
            return
        if begun[-1].get("more_body"):
            await self._take_upload(begun, scope, receive, send)
        else:
            await self._pages(scope, _go_on(iter(begun), receive), send)

    async def _take_upload(
        self, begun: list[Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not self._free:
            await _refuse(UPLOADS_TAKEN, scope, send, retry_after=str(AGAIN_AFTER_S))
            return
        self._free -= 1
        try:
            paced = _Paced(receive, within_s=self._within_s)
            await self._uploads(scope, _go_on(iter(begun), paced), send)
        finally:
            self._free += 1


class _Paced:
    """Receives a body for as long as it comes no slower than a slow line brings it.

    Raises RequestTimeout once it has been waited for *within_s* seconds longer than that, and
    ClientDisconnected for one that breaks off: half a list must not be taken for a whole one.
    """

    def __init__(self, receive: Receive, *, within_s: float) -> None:
        self._receive = receive
        self._within_s = self._left_s = within_s

    async def __call__(self) -> Any:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            raise RequestTimeout from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        waited_s = asyncio.get_running_loop().time() - began
        earned_s = len(message.get("body", b"")) / SLOWEST_BYTES_PER_S
        # Nobody saves up: whoever was quick may not fall silent for an hour.
        self._left_s = min(self._within_s, self._left_s - waited_s + earned_s)
        return message


async def _refuse(kind: Kind, scope: Scope, send: Send, **headers: str) -> None:
    """Answer with a problem of *kind*, as Flask does where it has the request."""
    accepted = dict(scope["headers"]).get(b"accept-language", b"")
    language = language_in(accepted.decode("latin-1"))
    said = problem_in(Refusal(kind), language)
    headers["content_language"] = language
    await answer(send, kind.status, said, content_type=CONTENT_TYPE, **headers)


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def _declared_length(scope: Mapping[str, Any]) -> int:
    """Return how long the body will be by its own word; 0 where it says nothing, or nonsense."""
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said[:18]) if said.isdigit() else 0


async def _begin(receive: Receive, *, most: int) -> list[Any]:
    """Return what came until the body's end, or until it is larger than *most*."""
    messages, size = [], 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body") or size > most:
            return messages


def _go_on(begun: Iterator[Any], receive: Receive) -> Receive:
    """Give a2wsgi the coroutine it runs from its thread; granian hands out another awaitable."""

    async def received() -> Any:
        for message in begun:
            return message
        return await receive()

    return received

"""Bodies: read whole before a thread is spent on a request, within bounds of size and time."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from service.web.signed_forms import Receive, Scope, Send, answer_problem

# A slow line in a commune sends a megabyte in this time; nobody has a reason to take longer.
WITHIN_S = 30.0
# What comes with these means nothing (RFC 9110 section 9.3.1), and is not waited for.
_WITHOUT = frozenset({"GET", "HEAD"})
_SLOW = "The request did not arrive in time. Nothing was changed. Send it again."


class WholeBodies:
    """An ASGI application that hands requests on to *pages* once their bodies are here.

    Else eight connections that send a letter a minute would hold every thread there is. What is
    larger than *most* bytes is handed on as it comes: those pages check who sends before they
    read.
    """

    def __init__(self, pages: Any, *, most: int, within_s: float = WITHIN_S) -> None:
        self._pages = pages
        self._most = most
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in _WITHOUT:
            await self._pages(scope, _nothing, send)
            return
        try:
            async with asyncio.timeout(self._within_s):
                begun = await _begin(receive, most=self._most)
        except TimeoutError:
            await answer_problem(send, HTTPStatus.REQUEST_TIMEOUT, _SLOW)
            return
        await self._pages(scope, _go_on(iter(begun), receive), send)


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


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

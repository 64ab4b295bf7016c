"""Pages: Flask in threads of its own, each answer handed to the event loop in one piece."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, build_environ

from service.web.signed_forms import Receive, Scope, Send

# What is larger, such as a recording, is handed over in parts, each when the last one has left.
_PART_BYTES = 256 * 1024


class Pages:
    """A WSGI application (PEP 3333) as an ASGI one.

    The event loop is woken once for an answer: waking it for each of its parts would take longer
    than most answers do.
    """

    def __init__(self, app: Any, *, threads: int) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        environ: Any = build_environ(scope, Body(loop, receive))  # type: ignore[arg-type]
        if "CONTENT_LENGTH" not in environ or "HTTP_TRANSFER_ENCODING" in environ:
            # A body in chunks ends where the server says so; else it were read as none.
            environ["wsgi.input_terminated"] = True
        answering = _Answering(send, loop)
        await loop.run_in_executor(self._threads, answering.run, self._app, environ)
        await answering.hand_over(more=False)


class _Answering:
    """One answer on its way from a thread to the event loop."""

    def __init__(self, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._head: Any = None
        self._parts: list[bytes] = []
        self._bytes = 0

    def run(self, app: Any, environ: Any) -> None:
        """Have *app* answer; in the thread."""
        parts: Iterable[bytes] = app(environ, self._begin)
        try:
            for part in parts:
                self._put(part)
        finally:
            getattr(parts, "close", _nothing)()

    def _begin(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], None]:
        self._head = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [
                (name.lower().encode(), value.encode("latin-1")) for name, value in headers
            ],
        }
        return self._put

    def _put(self, part: bytes) -> None:
        self._parts.append(part)
        self._bytes += len(part)
        if self._bytes > _PART_BYTES:
            asyncio.run_coroutine_threadsafe(self.hand_over(more=True), self._loop).result()

    async def hand_over(self, *, more: bool) -> None:
        """Send what has gathered; *more* is to come."""
        head, content = self._head, b"".join(self._parts)
        self._head, self._parts, self._bytes = None, [], 0
        if head is not None:
            await self._send(head)
        await self._send({"type": "http.response.body", "body": content, "more_body": more})


def _nothing() -> None:
    pass

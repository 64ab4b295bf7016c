"""Pages: Flask in threads of its own, each answer handed to the event loop in one piece."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, WSGIResponder, build_environ

from service.web.signed_forms import Receive, Scope, Send

# What is larger, such as a recording, is handed over in parts, each when the last one has left.
_PART_BYTES = 256 * 1024


class Pages:
    """A WSGI application as an ASGI one.

    The event loop is woken once for an answer: waking it for each of its parts would take longer
    than most answers do.
    """

    def __init__(self, app: Any, *, threads: int) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _Answering(self._app, self._threads, send).run(scope, receive)


class _Answering(WSGIResponder):
    """One request; a2wsgi's own gathers nothing."""

    def __init__(self, app: Any, threads: ThreadPoolExecutor, send: Send) -> None:
        super().__init__(app, threads, 0)
        self._hand_on = send
        self._gathered: list[Any] = []
        self._bytes = 0

    async def run(self, scope: Scope, receive: Receive) -> None:
        environ = build_environ(scope, Body(self.loop, receive))  # type: ignore[arg-type]
        if "CONTENT_LENGTH" not in environ or "HTTP_TRANSFER_ENCODING" in environ:
            # A body in chunks ends where the server says so; else it were read as none.
            environ["wsgi.input_terminated"] = True  # type: ignore[typeddict-unknown-key]
        context = contextvars.copy_context()
        await self.loop.run_in_executor(
            self.executor, context.run, self.wsgi, environ, self.start_response
        )
        await self._hand_over()
        if self.exc_info is not None:
            raise self.exc_info[1]

    def send(self, message: Any) -> None:
        """Keep *message* for the event loop; called in the thread."""
        self._gathered.append(message)
        self._bytes += len(message.get("body", b""))
        if self._bytes > _PART_BYTES:
            asyncio.run_coroutine_threadsafe(self._hand_over(), self.loop).result()

    async def _hand_over(self) -> None:
        gathered, self._gathered, self._bytes = self._gathered, [], 0
        bodies = [one for one in gathered if "body" in one]
        for message in gathered[: len(gathered) - len(bodies)]:
            await self._hand_on(message)
        if bodies:
            content = b"".join(one["body"] for one in bodies)
            await self._hand_on(bodies[-1] | {"body": content})

"""Pages: Flask in threads of its own, each answer handed to the event loop in one piece."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, build_environ

from service.web.signed_forms import Receive, Scope, Send


class Pages:
    """A WSGI application (PEP 3333) as an ASGI one, for answers that fit into memory.

    The event loop is woken once for an answer: waking it for each of its parts would take longer
    than most answers do. And a thread is free again before the first byte has left, so that
    nobody holds one by reading slowly.
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
        head, content = await loop.run_in_executor(self._threads, _answer, self._app, environ)
        await send(head)
        await send({"type": "http.response.body", "body": content})


def _answer(app: Any, environ: Any) -> tuple[dict[str, Any], bytes]:
    """Have *app* answer, in a thread; return the answer's head, for ASGI, and its body."""
    head: dict[str, Any] = {"type": "http.response.start"}
    written: list[bytes] = []

    def begin(
        status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], None]:
        head["status"] = int(status[:3])
        head["headers"] = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers
        ]
        return written.append

    parts: Iterable[bytes] = app(environ, begin)
    try:
        written.extend(parts)
    finally:
        getattr(parts, "close", _nothing)()
    return head, b"".join(written)


def _nothing() -> None:
    pass

"""The bridge: Flask behind ASGI, each request in one thread, its body read beforehand."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service.web.problems import CONTENT_TYPE, problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Pages = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the application answered; ``rest`` is None when *first* is all there is."""

    status: int
    headers: _Headers
    first: bytes
    rest: Iterator[bytes] | None


class Bridge:
    """An ASGI application that answers with a WSGI one.

    An ordinary request changes threads once. Bridges that let the thread fetch the body and hand
    over the answer piece by piece change four times, which takes longer than a turn of a call.
    """

    def __init__(self, pages: Pages, *, threads: int, largest_body: int) -> None:
        self._pages = pages
        self._largest_body = largest_body
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read(scope, receive)
        if body is None:
            await _refuse(send)
            return
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._pool, self._run, _environ(scope, body))
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        piece, rest = answer.first, answer.rest
        while rest is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await loop.run_in_executor(self._pool, next, rest, b"")
            rest = rest if piece else None
        await send({"type": "http.response.body", "body": piece})

    def close(self) -> None:
        """Let the requests under way finish."""
        self._pool.shutdown()

    def _run(self, environ: dict[str, Any]) -> _Answer:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            begun.append((status, headers))
            return lambda _: None

        pieces = _pieces(self._pages(environ, start_response))
        first = next(pieces, b"")
        status, headers = begun[-1]
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        is_all = (b"content-length", str(len(first)).encode()) in encoded or not first
        # Closing what the application returned may take time; it belongs into this thread.
        if is_all and next(pieces, b"") == b"":
            return _Answer(int(status[:3]), encoded, first, None)
        return _Answer(int(status[:3]), encoded, first, pieces)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the request's body; None when it is too long."""
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._largest_body:
                return None
            if not message.get("more_body"):
                return bytes(body)


def _pieces(answer: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces that hold something; close what they come from after the last one."""
    try:
        yield from filter(None, answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the request as PEP 3333 has it."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name != "content-length" and "_" not in name:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


async def _refuse(send: Send) -> None:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    headers = [(b"content-type", CONTENT_TYPE.encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": problem(status)})

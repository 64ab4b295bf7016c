"""HTTP/1.1 as far as the carrier speaks it: most of its time would go into a larger server."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httptools

_LONGEST_REQUEST = 2**18
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FIRST_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


@dataclass(slots=True)
class Request:
    """What a sender asks; *url* is the path with its query, *is_last* closes the connection."""

    method: str = ""
    url: bytes = b""
    authorization: bytes = b""
    body: bytes = b""
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender is answered; *headers* are whole lines."""

    status: int
    body: bytes
    headers: tuple[str, ...] = ()
    content_type: bytes = b"application/json"


Answer = Callable[[Request], Reply | None]


@dataclass(slots=True)
class Connections:
    """Every connection to the carrier; *answer* returns None to cut the connection instead."""

    answer: Answer
    latency_s: float
    opened: "set[Connection]" = field(default_factory=set)
    is_closing: bool = False

    def __call__(self) -> "Connection":
        return Connection(self)

    async def close(self, *, within_s: float) -> None:
        """Let the requests under way be answered, then close every connection."""
        self.is_closing = True
        for connection in list(self.opened):
            connection.close_if_idle()
        if self.opened:
            await asyncio.sleep(min(self.latency_s, within_s))
        for connection in list(self.opened):
            connection.cut()


class Connection(asyncio.Protocol):
    """One sender's connection; its requests are answered one after the other."""

    _transport: asyncio.Transport

    def __init__(self, all_of_them: Connections) -> None:
        self._all = all_of_them
        self._parser = httptools.HttpRequestParser(self)
        self._coming = Request()
        self._size = 0
        self._waiting: deque[Request] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but name.
        self._transport = transport  # type: ignore[assignment]
        self._all.opened.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.opened.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if self._size > _LONGEST_REQUEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif self._waiting and self._timer is None:
            self._answer_later()

    def on_message_begin(self) -> None:
        self._coming = Request()

    def on_url(self, url: bytes) -> None:
        self._coming.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._coming.authorization = value
        elif name.lower() == b"expect":
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        self._coming.body += body

    def on_message_complete(self) -> None:
        self._coming.method = self._parser.get_method().decode("ascii")
        # What else there is, as HEAD, frames its answers in ways of its own.
        is_usual = self._coming.method in {"GET", "POST"}
        self._coming.is_last = not (is_usual and self._parser.should_keep_alive())
        self._waiting.append(self._coming)
        self._size = 0

    def close_if_idle(self) -> None:
        if not self._waiting:
            self._transport.close()

    def cut(self) -> None:
        self._transport.abort()

    def _answer_later(self) -> None:
        if not self._all.latency_s:
            self._answer_waiting()
            return
        # A sender that does not wait for answers is read no faster than it is answered.
        self._transport.pause_reading()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._all.latency_s, self._answer_one)

    def _answer_one(self) -> None:
        self._timer = None
        self._answer(self._waiting.popleft())
        if self._transport.is_closing():
            return
        if self._waiting:
            self._answer_later()
        else:
            self._transport.resume_reading()

    def _answer_waiting(self) -> None:
        while self._waiting and not self._transport.is_closing():
            self._answer(self._waiting.popleft())

    def _answer(self, request: Request) -> None:
        reply = self._all.answer(request)
        if reply is None:
            self._transport.abort()
            return
        is_last = request.is_last or self._all.is_closing
        self._transport.write(_write(reply, is_last=is_last))
        if is_last:
            self._transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        self._waiting.clear()
        self._transport.write(_write(Reply(status, b"{}"), is_last=True))
        self._transport.close()


def _write(reply: Reply, *, is_last: bool) -> bytes:
    more = "".join([f"{line}\r\n" for line in reply.headers]) if reply.headers else ""
    return b"%bContent-Type: %b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
        _FIRST_LINES[reply.status],
        reply.content_type,
        len(reply.body),
        more.encode("ascii"),
        b"Connection: close\r\n" if is_last else b"",
        reply.body,
    )

"""A server of bare sockets that dies, hangs and babbles on request, and counts what reached it."""

import re
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Thread

_ACCEPTED = b'HTTP/1.1 201 Created\r\nContent-Length: 14\r\n\r\n{"sid": "SM1"}'


class Deed(StrEnum):
    """What the server does with a request that it has read to its last byte."""

    ANSWER = "answers"
    ANSWER_AND_CLOSE = "answers, and closes although it promised to keep the connection"
    CLOSE = "closes without a word"
    RESET = "resets the connection"
    VANISH = "stops listening, and closes without a word"
    STOP_HALFWAY = "sends half an answer and closes"
    FLOOD = "answers without end"
    BABBLE = "answers with something that is not HTTP"
    HANG = "never answers"
    GREET_WITH_CLOSE = "closes before it is asked"
    GREET_WITH_RESET = "resets before it is asked"
    GREET_WITH_BABBLE = "speaks another language before it is asked"


_GREETINGS = {Deed.GREET_WITH_CLOSE, Deed.GREET_WITH_RESET, Deed.GREET_WITH_BABBLE}


@dataclass
class SocketServer:
    """Serves one connection at a time; each request is dealt with by the next of *deeds*."""

    deeds: list[Deed]
    listener: socket.socket
    tls: ssl.SSLContext | None = None
    connections: int = 0
    forms: list[bytes] = field(default_factory=list)
    has_closed: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                accepted, _ = self.listener.accept()
                self.connections += 1
                with suppress(OSError):
                    self._serve_one(accepted)
                self.has_closed.set()

    def _serve_one(self, accepted: socket.socket) -> None:
        with closing(accepted):
            if self.deeds and self.deeds[0] in _GREETINGS:
                # What comes is read, or the kernel makes a reset of every way to close.
                accepted.recv(65536)
                _reply(accepted, self.deeds.pop(0))
                return
            with closing(self._secure(accepted)) as connection:
                self._talk(connection)

    def _secure(self, accepted: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(accepted, server_side=True) if self.tls else accepted

    def _talk(self, connection: socket.socket) -> None:
        for form in _forms(connection):
            self.forms.append(form)
            deed = self.deeds.pop(0) if self.deeds else Deed.ANSWER
            if deed is Deed.VANISH:
                self.listener.shutdown(socket.SHUT_RDWR)
                self.listener.close()
            _reply(connection, deed)
            if deed not in {Deed.ANSWER, Deed.HANG}:
                return


@contextmanager
def a_socket_server(*deeds: Deed, tls: ssl.SSLContext | None = None) -> Iterator[SocketServer]:
    """Run a server that does *deeds* one after the other, and then answers for ever."""
    server = SocketServer(list(deeds), socket.create_server(("127.0.0.1", 0)), tls)
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(10)


def _forms(connection: socket.socket) -> Iterator[bytes]:
    received = b""
    while piece := connection.recv(65536):
        received += piece
        head, end, rest = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and length and len(rest) >= int(length[1]):
            received = rest[int(length[1]) :]
            yield rest[: int(length[1])]


def _reply(connection: socket.socket, deed: Deed) -> None:
    match deed:
        case Deed.ANSWER | Deed.ANSWER_AND_CLOSE:
            connection.sendall(_ACCEPTED)
        case Deed.STOP_HALFWAY:
            connection.sendall(_ACCEPTED[:-3])
        case Deed.BABBLE | Deed.GREET_WITH_BABBLE:
            connection.sendall(b"220 mail.example ESMTP\r\n")
        case Deed.RESET | Deed.GREET_WITH_RESET:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        case Deed.FLOOD:
            connection.sendall(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
        case _:
            pass

"""A forward proxy that leads to where it is asked to lead, or refuses, and notes who asked."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Serves one connection at a time; *requests* are the first lines of what it was asked."""

    listener: socket.socket
    refusal: bytes = b""
    requests: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                accepted, _ = self.listener.accept()
                with closing(accepted), suppress(OSError):
                    self._lead(accepted)

    def _lead(self, client: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += client.recv(65536)
        head = received.partition(b"\r\n\r\n")[0]
        method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
        self.heads.append(head)
        self.requests.append(f"{method} {target}")
        if self.refusal:
            client.sendall(b"HTTP/1.1 " + self.refusal + b"\r\nContent-Length: 0\r\n\r\n")
            return
        parts = urlsplit(target if method != "CONNECT" else f"//{target}")
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as carrier:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                carrier.sendall(received)
            back = Thread(target=_pour, args=(carrier, client), daemon=True)
            back.start()
            _pour(client, carrier)
            back.join(10)


@contextmanager
def a_proxy(*, refusal: bytes = b"") -> Iterator[Proxy]:
    """Run a proxy for as long as the block lasts; with a *refusal* it leads nowhere."""
    proxy = Proxy(socket.create_server(("127.0.0.1", 0)), refusal)
    thread = Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        with suppress(OSError):
            proxy.listener.shutdown(socket.SHUT_RDWR)
        proxy.listener.close()
        thread.join(10)


def _pour(source: socket.socket, drain: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            drain.sendall(piece)
        drain.shutdown(socket.SHUT_WR)

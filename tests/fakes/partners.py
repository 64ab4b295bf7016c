"""A telecom partner on a real socket: it verifies what it is pushed, and misbehaves on request."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Answer:
    """What the partner says to one request; with *hang* once somebody lets it go on, or in time."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: threading.Event | None = None
    hang_s: float = 20
    cut: bool = False


@dataclass
class Partner:
    """Takes batches with the public library; each request is answered by the next of *answers*."""

    secret: str
    answers: list[Answer] = field(default_factory=list)
    url: str = ""
    ids: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    heard: Callable[[list[dict[str, Any]]], None] | None = None
    unsigned: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def seqs(self) -> list[int]:
        return [row["seq"] for row in self.taken]

    def answer(self, headers: dict[str, str], body: bytes) -> Answer:
        """Look at one request as a partner's program would."""
        try:
            document = Webhook(self.secret).verify(body, headers)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not believed
            with self._lock:
                self.unsigned += 1
            return Answer(401)
        with self._lock:
            self.ids.append(headers["webhook-id"])
            self.signatures.append(headers["webhook-signature"])
            said = self.answers.pop(0) if self.answers else Answer()
            if 200 <= said.status < 300 and not said.cut:
                self.taken += document["data"]["receipts"]
                if self.heard:
                    self.heard(document["data"]["receipts"])
        return said


@contextmanager
def running_partner(
    partner: Partner, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Partner]:
    """Run *partner* on this machine for as long as the block lasts, encrypted by *tls*."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = partner.answer(headers, body)
            if said.hang is not None:
                said.hang.wait(said.hang_s)
            if said.cut:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    server = ThreadingHTTPServer((host, port), Door)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    partner.url = f"http{'s' if tls else ''}://{host}:{server.server_port}/loa"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield partner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

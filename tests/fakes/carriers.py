"""Carriers for tests: the real loopback process, and one that says whatever it is told to."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from campaigns.gateway import Inquiry, SentText
from service.tokens import CallbackTokens
from service.twilio.gateway import TwilioGateway

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "a token that only tests have"  # noqa: S105 - it opens nothing
TOKENS = CallbackTokens(b"a secret that signs only the tokens of tests")


@dataclass(frozen=True)
class LoopbackCarrier:
    url: str
    journal: Path
    process: subprocess.Popen[bytes]

    def summary(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/_loa/texts", timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def accepted(self) -> list[dict[str, Any]]:
        """Return the journal's lines about texts."""
        records = [json.loads(line) for line in self.journal.read_text().splitlines()]
        return [record for record in records if "sid" in record]


def loa_carrier() -> list[str]:
    return [sys.executable, "-m", "service", "carrier", "--port", "0", "--json"]


def environment(data_dir: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LOA_DATA_DIR": str(data_dir),
        "LOA_LOOPBACK_ACCOUNT_SID": ACCOUNT_SID,
        "LOA_LOOPBACK_AUTH_TOKEN": AUTH_TOKEN,
    }


@contextmanager
def a_loopback_carrier(data_dir: Path, *options: str) -> Iterator[LoopbackCarrier]:
    """Run ``loa carrier`` on a free port for as long as the block lasts."""
    command = [*loa_carrier(), *options]
    with subprocess.Popen(command, env=environment(data_dir), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        try:
            yield LoopbackCarrier(ready["listening"], data_dir / "carrier.ndjson", process)
        finally:
            process.terminate()
            process.wait(20)


def a_gateway(
    api_url: str, *, kind: type[TwilioGateway] = TwilioGateway, **changes: Any
) -> TwilioGateway:
    return kind(
        **{
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "api_url": api_url,
            "public_url": "http://127.0.0.1:9",
            "default_sender": "Loa",
            "tokens": TOKENS,
            **changes,
        }
    )


@dataclass
class ScriptedServer:
    """Keeps every request, and answers each with the next line of its script, the last for ever."""

    script: list[tuple[int, dict[str, str], bytes]]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def take(self) -> tuple[int, dict[str, str], bytes]:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Server(ThreadingHTTPServer):
    # All of the carrier's postmen may knock at one moment; past five, the kernel shuts the door.
    request_queue_size = 128


@contextmanager
def a_server_that_says(
    *script: tuple[int, dict[str, str], bytes],
) -> Iterator[ScriptedServer]:
    """Run an HTTP server that follows *script*: status, headers and body of each answer."""
    scripted = ScriptedServer(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            scripted.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            scripted.headers.append(dict(self.headers))
            scripted.paths.append(self.path)
            status, headers, body = scripted.take()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - http.server's own names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield scripted
    finally:
        server.shutdown()
        server.server_close()


def found_by(gateway: TwilioGateway, to: str, since: datetime) -> list[SentText]:
    """Return what *gateway* finds for one number; an unclear answer fails the test."""
    (found,) = gateway.find_sent([Inquiry(to, since)])
    assert found is not None
    return found

"""Clients of a web server that cost little themselves, so that the server is what is measured."""

import asyncio
import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile

_READY_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.05
# Of a server's log, where it is to blame.
_SHOWN = 4000


class Connection:
    """One kept-alive connection; just enough HTTP for answers with a length."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> bytes:
        """Send *request* and return the answer's body; raise RuntimeError unless it is a 200."""
        if self._reader is None or self._writer is None:
            opened = await asyncio.open_connection("127.0.0.1", self._port)
            self._reader, self._writer = opened
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"a request was answered with {head[:60]!r} {body[:200]!r}")
        return body if b"content-encoding: gzip" not in head else gzip.decompress(body)


@contextmanager
def a_server(command: list[str], settings: dict[str, str], port: int) -> Iterator[None]:
    """Run ``python`` with *command* under *settings* until the block ends, once *port* answers."""
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            yield
        except RuntimeError:
            log.seek(0)
            sys.stderr.write(log.read().decode()[-_SHOWN:])
            raise
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def percentile(took: list[float], share: float) -> float:
    """Return the value of *took*, which is sorted, that *share* of all are below."""
    return took[int(len(took) * share)]


def _wait_for(port: int) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(_LOOK_EVERY_S)
    raise RuntimeError("a server to be measured did not start")

"""The web server: granian around the ASGI application, announced once it really answers."""

import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.log import LogLevels

from service.logs import plan_of_logs
from service.modules import load_module
from service.ports import require_free

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 0.02
# The thread that thinks out turns lets go at every statement, and has to ask the thread that
# takes in receipts for its turn again: this is how long it is made to wait, at Python's own 5 ms
# most of a turn's time. Less than this costs every other request a tenth, and callers hear nothing.
_THREADS_SWITCH_AFTER_S = 0.002
_STOP_WITHIN_S = 8


def serve(*, host: str, port: int, workers: int, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C, letting requests under way finish.

    Raises UnreachableError when the address is taken. *on_ready* is called, in a thread, once a
    worker answers.
    """
    require_free(host, port)
    # A forked worker would inherit the thread that waits for it, and whatever that holds.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "service.web.server:in_worker",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=workers,
        websockets=False,
        # Carriers speak HTTP/1.1; deciding for each connection costs more than it brings.
        http=HTTPModes.http1,
        runtime_mode=RuntimeModes.mt,
        factory=True,
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig=plan_of_logs(),
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_WITHIN_S,
    )
    server.on_startup(lambda: _announce(host, port, on_ready))
    server.serve()


def in_worker() -> Any:
    """Open the application in a process that ends with the one that started it."""
    if sys.platform == "linux":
        started_by = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != started_by:
            sys.exit(1)
    sys.setswitchinterval(_THREADS_SWITCH_AFTER_S)
    # The process that only watches over the workers need not load what they answer with.
    return load_module("service.web.asgi").application()


def _announce(host: str, port: int, on_ready: Callable[[], None]) -> None:
    def wait_for_answer() -> None:
        while True:
            with suppress(OSError), socket.create_connection((host, port), timeout=1):
                on_ready()
                return
            time.sleep(_LOOK_EVERY_S)

    threading.Thread(target=wait_for_answer, daemon=True).start()

"""Peers: served as measurements of such applications do."""

import sys

from granian import Granian
from granian.constants import Interfaces


def serve_peer(module: str, *, threads: int) -> None:
    """Serve the ``application`` of *module* over WSGI, with *threads* in each process.

    The port and the number of processes are the command's arguments.
    """
    port, workers = int(sys.argv[1]), int(sys.argv[2])
    Granian(
        f"{module}:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        log_enabled=False,
    ).serve()

"""Ports of this machine: one that is free, and a plain word about one that is not."""

import socket

from service.errors import UnreachableError


def free_port() -> int:
    """Return a port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(host: str, port: int, *, option: str = "--port") -> None:
    """Raise UnreachableError when *port* on *host* is taken; *option* chooses another one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as refused:
            raise UnreachableError(
                f"Port {port} on {host} cannot be used: {refused.strerror}. Nothing was started. "
                f"Stop what uses it, or give another {option}."
            ) from None

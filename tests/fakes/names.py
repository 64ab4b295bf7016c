"""Names: what they lead to, for Python and for libcurl, and that it may change at any moment."""

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pycurl
import pytest

_look_up = socket.getaddrinfo


class Names:
    """Stands in for the machine's name server; names it does not know are asked for really.

    Python's own look-up is replaced. libcurl asks in C, so each of its requests is told by
    CURLOPT_RESOLVE, when it gets its address, what is in the answer of the name server.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer everybody in this process until the test is over."""
        self._known: dict[str, Sequence[str]] = {}
        names = self

        class Curl(pycurl.Curl):  # type: ignore[misc]  # it has no types
            def setopt(self, option: int, value: Any) -> None:
                super().setopt(option, value)
                if option == pycurl.URL:
                    super().setopt(pycurl.RESOLVE, names._as_resolved(value))

        monkeypatch.setattr(socket, "getaddrinfo", self._answer)
        monkeypatch.setattr(pycurl, "Curl", Curl)

    def lead(self, name: str, *addresses: str) -> None:
        """Let *name* lead to *addresses* from now on, in this order."""
        self._known[name] = addresses

    def _answer(self, host: str, port: int, **wanted: Any) -> list[Any]:
        return [
            found
            for address in self._known.get(host, [host])
            for found in _look_up(address, port, **wanted)
        ]

    def _as_resolved(self, url: str) -> list[str]:
        parts = urlsplit(url)
        addresses = self._known.get(parts.hostname or "", ())
        written = [f"[{one}]" if ":" in one else one for one in addresses]
        return [f"{parts.hostname}:{parts.port}:{','.join(written)}"] if written else []

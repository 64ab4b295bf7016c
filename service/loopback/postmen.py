"""Postmen: forms posted many at a time over kept-alive connections, at little cost for each.

libcurl is driven by looking after all transfers at once every millisecond; an event for each of
them costs more than the transfer.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import pycurl

T = TypeVar("T")

_CONNECT_WITHIN_MS = 2_000
_ANSWER_WITHIN_MS = 15_000


@dataclass(slots=True)
class Letter(Generic[T]):
    """One form on its way: *about* says what it is to whoever sent it."""

    about: T
    url: str
    form: bytes
    signature: str


class Postmen(Generic[T]):
    """So many letters at most can be under way; the owner calls ``look`` until they are done."""

    def __init__(self, count: int) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, count)
        self._free = [_open_curl() for _ in range(count)]
        self._away: dict[pycurl.Curl, T] = {}

    @property
    def is_free(self) -> bool:
        return bool(self._free)

    @property
    def away(self) -> int:
        """How many letters are under way."""
        return len(self._away)

    def send(self, letter: Letter[T]) -> None:
        """Begin to post *letter*; only while ``is_free``."""
        curl = self._free.pop()
        curl.setopt(pycurl.URL, letter.url)
        curl.setopt(pycurl.COPYPOSTFIELDS, letter.form)
        curl.setopt(pycurl.HTTPHEADER, [f"X-Twilio-Signature: {letter.signature}", "Expect:"])
        self._away[curl] = letter.about
        self._multi.add_handle(curl)

    def look(self) -> list[tuple[T, int]]:
        """Move every letter on; return those that are done with their HTTP status, or 0."""
        self._multi.perform()
        done: list[tuple[T, int]] = []
        more = True
        while more:
            more, delivered, lost = self._multi.info_read()
            done += [
                self._take_back(curl, curl.getinfo(pycurl.RESPONSE_CODE)) for curl in delivered
            ]
            done += [self._take_back(curl, 0) for curl, *_ in lost]
        return done

    def close(self) -> None:
        """Drop whatever is still under way."""
        for curl in list(self._away):
            self._take_back(curl, 0)
        for curl in self._free:
            curl.close()
        self._multi.close()

    def _take_back(self, curl: pycurl.Curl, status: int) -> tuple[T, int]:
        self._multi.remove_handle(curl)
        self._free.append(curl)
        return self._away.pop(curl), status


def _open_curl() -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_WITHIN_MS)
    curl.setopt(pycurl.TIMEOUT_MS, _ANSWER_WITHIN_MS)
    curl.setopt(pycurl.USERAGENT, "TwilioProxy/1.1")
    curl.setopt(pycurl.WRITEFUNCTION, len)
    return curl

"""HTTP by libcurl over kept-alive connections: many requests at a time, no POST ever repeated."""

import asyncio
import ssl
from dataclasses import dataclass
from io import BytesIO

import pycurl
from twilio.base.exceptions import TwilioException

_CONNECT_WITHIN_MS = 5_000
_ANSWER_WITHIN_MS = 15_000
# Shorter than what carriers and proxies keep idle connections for: a connection that dies under a
# text leaves us unsure of it.
_KEEP_ALIVE_S = 10
_LONGEST_ANSWER = 4 * 2**20
# One look after all requests costs less than an event for each of them: libcurl takes up and puts
# down its interest in a socket once a request.
_LOOK_EVERY_S = 0.001
_ANSWERED = 0
_NO_CONNECTION = frozenset(
    {pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT, pycurl.E_OPERATION_TIMEDOUT}
)
_NO_TRUST = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_ISSUER_ERROR,
    }
)


class NoConnectionError(TwilioException):
    """No connection came about: nothing of the request has left."""


class NoTrustError(TwilioException):
    """The other side could not prove who it is: nothing of the request has left."""


class LostAnswerError(TwilioException):
    """The request may have arrived, and its answer did not."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request; *headers* are whole lines. A *form* of None makes it a GET, else a POST."""

    url: str
    headers: list[str]
    form: bytes | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered; *headers* are its lines as they came."""

    status: int
    headers: list[bytes]
    body: bytes


class Wires:
    """Up to *count* requests under way in the running event loop; the others wait."""

    def __init__(self, count: int) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, count)
        self._free: asyncio.LifoQueue[_Wire] = asyncio.LifoQueue()
        for _ in range(count):
            self._free.put_nowait(_Wire())
        self._busy: dict[pycurl.Curl, _Wire] = {}
        self._next_look: asyncio.TimerHandle | None = None
        self._is_open = True

    async def ask(self, inquiry: Inquiry) -> Reply:
        """Return the answer; raise one of the errors above, or TimeoutError.

        Whoever is cancelled while waiting cuts the connection.
        """
        wire = await self._free.get()
        try:
            return await self._exchange(wire, inquiry)
        finally:
            self._free.put_nowait(wire)

    def close(self) -> None:
        """Cut what is under way and every connection; nobody can ask any more."""
        self._is_open = False
        if self._next_look is not None:
            self._next_look.cancel()
        for curl in self._busy:
            self._multi.remove_handle(curl)
        self._busy.clear()
        self._multi.close()

    async def _exchange(self, wire: "_Wire", inquiry: Inquiry) -> Reply:
        if not self._is_open:
            raise NoConnectionError("closed")
        loop = asyncio.get_running_loop()
        wire.load(inquiry, loop.create_future())
        self._multi.add_handle(wire.curl)
        self._busy[wire.curl] = wire
        if self._next_look is None:
            self._next_look = loop.call_later(0, self._look, loop)
        try:
            code = await wire.ending
        finally:
            if self._busy.pop(wire.curl, None) is not None:
                self._multi.remove_handle(wire.curl)
        return wire.unload(code)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Move every request on."""
        self._multi.perform()
        more = True
        while more:
            more, answered, failed = self._multi.info_read()
            for curl in answered:
                self._busy[curl].end(_ANSWERED)
            for curl, code, _ in failed:
                self._busy[curl].end(code)
        self._next_look = loop.call_later(_LOOK_EVERY_S, self._look, loop) if self._busy else None


class _Wire:
    """One request at a time, and what has come back of its answer."""

    ending: asyncio.Future[int]

    def __init__(self) -> None:
        self.curl = _open_curl()
        self.curl.setopt(pycurl.READFUNCTION, self._give)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        self._loaded = Inquiry("", [], None)
        self._form = BytesIO()
        self._headers: list[bytes] = []
        self._body = bytearray()

    def load(self, inquiry: Inquiry, ending: asyncio.Future[int]) -> None:
        self.ending = ending
        self._headers, self._body = [], bytearray()
        if inquiry.url != self._loaded.url:
            self.curl.setopt(pycurl.URL, inquiry.url)
        if inquiry.headers is not self._loaded.headers:
            self.curl.setopt(pycurl.HTTPHEADER, inquiry.headers)
        if inquiry.form is None:
            self.curl.setopt(pycurl.HTTPGET, 1)
        else:
            self._form = BytesIO(inquiry.form)
            self.curl.setopt(pycurl.POST, 1)
            self.curl.setopt(pycurl.POSTFIELDSIZE, len(inquiry.form))
        self._loaded = inquiry

    def end(self, code: int) -> None:
        if not self.ending.done():
            self.ending.set_result(code)

    def unload(self, code: int) -> Reply:
        if code == _ANSWERED:
            status = self.curl.getinfo(pycurl.RESPONSE_CODE)
            return Reply(status, self._headers, bytes(self._body))
        # A connection that could not be opened may have been libcurl's second one, after the first
        # took the form and died.
        has_left = self._form.tell() > 0
        if code in _NO_CONNECTION and not has_left:
            raise NoConnectionError(f"libcurl error {code}")
        if code in _NO_TRUST and not has_left:
            raise NoTrustError(f"libcurl error {code}")
        if code == pycurl.E_OPERATION_TIMEDOUT:
            raise TimeoutError(f"no answer within {_ANSWER_WITHIN_MS} ms")
        raise LostAnswerError(f"libcurl error {code}")

    def _give(self, size: int) -> bytes:
        """Hand out the form, once.

        libcurl asks a second time when a kept-alive connection died without a word, and cannot be
        told not to; with no way to seek back it gives up instead. POSTFIELDS would be sent again.
        """
        return self._form.read(size)

    def _take(self, piece: bytes) -> int:
        if len(self._body) + len(piece) > _LONGEST_ANSWER:
            return 0
        self._body += piece
        return len(piece)

    def _take_header(self, line: bytes) -> None:
        self._headers.append(line)


def _open_curl() -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    # HTTP/2 has retries of its own.
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_WITHIN_MS)
    curl.setopt(pycurl.TIMEOUT_MS, _ANSWER_WITHIN_MS)
    curl.setopt(pycurl.MAXAGE_CONN, _KEEP_ALIVE_S)
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    # The certificates that Python itself trusts: pycurl's wheel brings none.
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile:
        curl.setopt(pycurl.CAINFO, trusted.cafile)
    if trusted.capath:
        curl.setopt(pycurl.CAPATH, trusted.capath)
    return curl

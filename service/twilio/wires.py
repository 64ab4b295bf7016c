"""HTTP by libcurl over kept-alive connections: many requests at a time, no POST ever repeated."""

import asyncio
import select
import ssl
import sys
from dataclasses import dataclass
from io import BytesIO

import pycurl
from twilio.base.exceptions import TwilioException

_CONNECT_WITHIN_MS = 5_000
_ANSWER_WITHIN_S = 15.0
# Shorter than what carriers and proxies keep idle connections for: a connection that dies under a
# text leaves us unsure of it.
_KEEP_ALIVE_S = 10
_LONGEST_ANSWER = 4 * 2**20
# One look after all requests costs less than an event for each of them: libcurl takes up and puts
# down its interest in a socket once a request.
_LOOK_EVERY_S = 0.001
_ANSWERED = 0
_GO_ON: int = pycurl.SOCKOPT_OK
_NO_CONNECTION = frozenset(
    {
        pycurl.E_COULDNT_RESOLVE_HOST,
        pycurl.E_COULDNT_RESOLVE_PROXY,
        pycurl.E_COULDNT_CONNECT,
        pycurl.E_OPERATION_TIMEDOUT,
    }
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


_NOTHING = Inquiry("", [], None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered; *headers* are its lines as they came."""

    status: int
    headers: list[bytes]
    body: bytes


class Wires:
    """Up to *count* requests under way in the running event loop; the others wait."""

    def __init__(
        self, count: int, *, proxy: str = "", answer_within_s: float = _ANSWER_WITHIN_S
    ) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, count)
        self._watch = _Watch()
        self._free: asyncio.LifoQueue[_Wire] = asyncio.LifoQueue()
        for _ in range(count):
            self._free.put_nowait(_Wire(self._watch, proxy, answer_within_s))
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
        self._watch.close()

    async def _exchange(self, wire: "_Wire", inquiry: Inquiry) -> Reply:
        if not self._is_open:
            raise NoConnectionError("closed")
        loop = asyncio.get_running_loop()
        wire.load(inquiry, loop.create_future(), is_fresh=self._watch.has_lost_any())
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


class _Watch:
    """Knows on which connections the other side has hung up, long before libcurl looks.

    libcurl does not look at all at a connection that was idle for less than a second.
    """

    def __init__(self) -> None:
        self._hung_up = select.epoll() if sys.platform == "linux" else None

    def add(self, connection: int, _purpose: int) -> int:
        # A closed connection leaves the watch by itself.
        if self._hung_up is not None:
            self._hung_up.register(connection, select.EPOLLRDHUP)
        return _GO_ON

    def has_lost_any(self) -> bool:
        """Whether no kept connection is to be trusted with a text at this moment."""
        return self._hung_up is None or bool(self._hung_up.poll(0, 1))

    def close(self) -> None:
        if self._hung_up is not None:
            self._hung_up.close()


class _Wire:
    """One request at a time, and what has come back of its answer."""

    ending: asyncio.Future[int]

    def __init__(self, watch: _Watch, proxy: str, answer_within_s: float) -> None:
        self.curl = _open_curl(proxy)
        self.curl.setopt(pycurl.TIMEOUT_MS, int(answer_within_s * 1000))
        self.curl.setopt(pycurl.SOCKOPTFUNCTION, watch.add)
        self.curl.setopt(pycurl.READFUNCTION, self._give)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        self._loaded = _NOTHING
        self._form = BytesIO()
        self._headers: list[bytes] = []
        self._body = bytearray()

    def load(self, inquiry: Inquiry, ending: asyncio.Future[int], *, is_fresh: bool) -> None:
        """Make ready to ask, over a connection of its own if it must be *is_fresh*."""
        before, self._loaded = self._loaded, _NOTHING
        self.ending = ending
        self._headers, self._body = [], bytearray()
        self._form = BytesIO(inquiry.form or b"")
        if inquiry.url != before.url:
            self.curl.setopt(pycurl.URL, inquiry.url)
        if inquiry.headers is not before.headers:
            self.curl.setopt(pycurl.HTTPHEADER, inquiry.headers)
        if inquiry.form is None:
            self.curl.setopt(pycurl.HTTPGET, 1)
        else:
            self.curl.setopt(pycurl.POST, 1)
            self.curl.setopt(pycurl.POSTFIELDSIZE, len(inquiry.form))
        self.curl.setopt(pycurl.FRESH_CONNECT, is_fresh)
        self._loaded = inquiry

    def end(self, code: int) -> None:
        if not self.ending.done():
            self.ending.set_result(code)

    def unload(self, code: int) -> Reply:
        if code == _ANSWERED:
            status = self.curl.getinfo(pycurl.RESPONSE_CODE)
            return Reply(status, self._headers, bytes(self._body))
        raise self._explain(code)

    def _explain(self, code: int) -> Exception:
        # A connection that could not be opened may have been libcurl's second one, after the first
        # took the form and died.
        has_left = self._form.tell() > 0
        if not has_left and (code in _NO_CONNECTION or self._was_cut_short(code)):
            return NoConnectionError(f"libcurl error {code}")
        if not has_left and code in _NO_TRUST:
            return NoTrustError(f"libcurl error {code}")
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return TimeoutError("no answer in time")
        return LostAnswerError(f"libcurl error {code}")

    def _was_cut_short(self, code: int) -> bool:
        """Whether the other side hung up before it could prove anything, as one that restarts."""
        return code == pycurl.E_SSL_CONNECT_ERROR and (
            self.curl.getinfo(pycurl.OS_ERRNO) != 0 or "unexpected eof" in self.curl.errstr()
        )

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


def _open_curl(proxy: str) -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    # Even an empty one keeps libcurl from what the environment says of proxies.
    curl.setopt(pycurl.PROXY, proxy)
    curl.setopt(pycurl.NOPROXY, "")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    # HTTP/2 has retries of its own.
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_WITHIN_MS)
    curl.setopt(pycurl.MAXAGE_CONN, _KEEP_ALIVE_S)
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    # The certificates that Python itself trusts: pycurl's wheel brings none.
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile:
        curl.setopt(pycurl.CAINFO, trusted.cafile)
    if trusted.capath:
        curl.setopt(pycurl.CAPATH, trusted.capath)
    return curl

"""Pushers: one request to a partner by libcurl, which trusts no name, no redirect and no length."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson
import pycurl

from campaigns.partners.push_gateway import Failed, Gone, Push, PushAnswer, Taken
from service.pushes.addresses import PushAddresses
from service.pushes.signatures import sign

_CONNECT_WITHIN_MS = 5_000
_ANSWER_WITHIN_MS = 20_000
_LONGEST_ANSWER = 64 * 1024
_TYPE = "receipts.batch"
_RETRY_AFTER = b"retry-after:"
# What OpenSSL finds wrong with a certificate, by the numbers in its x509_vfy.h.
_NOT_TRUSTED = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    **dict.fromkeys((18, 19, 20, 21), "nobody whom we trust vouches for its certificate"),
}
_WORDS = {
    pycurl.E_PEER_FAILED_VERIFICATION: "its certificate does not prove who it is",
    pycurl.E_SSL_CONNECT_ERROR: "no encrypted connection came about",
    pycurl.E_COULDNT_RESOLVE_HOST: "no address was found for its name",
    pycurl.E_COULDNT_CONNECT: "no connection came about",
    pycurl.E_OPERATION_TIMEDOUT: "it did not answer in time",
    pycurl.E_WRITE_ERROR: f"its answer is longer than {_LONGEST_ANSWER // 1024} KiB",
    pycurl.E_GOT_NOTHING: "it hung up without an answer",
    pycurl.E_RECV_ERROR: "it hung up in the middle",
    pycurl.E_SEND_ERROR: "it hung up in the middle",
}


class Pushers:
    """A PushGateway on libcurl; each push opens a connection of its own."""

    def __init__(self, addresses: PushAddresses) -> None:
        self._addresses = addresses

    def send(self, push: Push) -> PushAnswer:
        """Hand over *push* within 20 seconds and say what came of it."""
        body = write_batch(push)
        signed = sign(body, push.id, secrets=push.secrets, at=datetime.now(UTC))
        return _Request(push.url, self._addresses).post(body, signed)


def write_batch(push: Push) -> bytes:
    """Write *push* as its partner reads it; the same bytes however often it is tried."""
    return orjson.dumps(
        {
            "type": _TYPE,
            "timestamp": push.rows[-1]["at"],
            "data": {
                "first": push.first,
                "last": push.last,
                "receipts": push.rows,
            },
        }
    )


class _Request:
    """One request, and what came back of its answer."""

    def __init__(self, url: str, addresses: PushAddresses) -> None:
        self._url, self._addresses = url, addresses
        self._is_encrypted = urlsplit(url).scheme == "https"
        self._closed = ""
        self._opened: list[socket.socket] = []
        self._taken = 0
        self._wait: timedelta | None = None

    def post(self, body: bytes, signed: dict[str, str]) -> PushAnswer:
        curl = _open_curl()
        curl.setopt(pycurl.URL, self._url)
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(
            pycurl.HTTPHEADER,
            [
                "Content-Type: application/json",
                "User-Agent: Loa",
                "Expect:",
                *(f"{name}: {value}" for name, value in signed.items()),
            ],
        )
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        curl.setopt(pycurl.WRITEFUNCTION, self._count)
        curl.setopt(pycurl.HEADERFUNCTION, self._read_header)
        try:
            curl.perform()
            return self._judge(curl.getinfo(pycurl.RESPONSE_CODE))
        except pycurl.error as failed:
            return Failed(self._explain(failed.args[0], curl.getinfo(pycurl.SSL_VERIFYRESULT)))
        finally:
            curl.close()
            # libcurl works on copies of them.
            for opened in self._opened:
                opened.close()

    def _open(self, _purpose: int, place: tuple[int, int, int, tuple[str | bytes, int]]) -> object:
        """Open a socket to what the name leads to at this very moment, if pushes may go there."""
        family, kind, protocol, target = place
        address = target[0].decode() if isinstance(target[0], bytes) else target[0]
        if not self._addresses.may_connect(address, is_encrypted=self._is_encrypted):
            self._closed = address
            return pycurl.SOCKET_BAD
        opened = socket.socket(family, kind, protocol)
        self._opened.append(opened)
        return opened

    def _count(self, piece: bytes) -> int:
        self._taken += len(piece)
        return len(piece) if self._taken <= _LONGEST_ANSWER else 0

    def _read_header(self, line: bytes) -> None:
        if line.lower().startswith(_RETRY_AFTER):
            self._wait = _read_wait(line[len(_RETRY_AFTER) :].strip().decode("latin-1"))

    def _judge(self, status: int) -> PushAnswer:
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Taken()
        if status == HTTPStatus.GONE:
            return Gone()
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return Failed(f"it answered {status}, and redirects are not followed", self._wait)
        return Failed(f"it answered {status}", self._wait)

    def _explain(self, code: int, verified: int) -> str:
        if self._closed:
            return f"it leads to {self._closed}, to which pushes may not go"
        if code == pycurl.E_PEER_FAILED_VERIFICATION and verified in _NOT_TRUSTED:
            return _NOT_TRUSTED[verified]
        return _WORDS.get(code, f"the connection failed (libcurl error {code})")


def _read_wait(written: str) -> timedelta | None:
    """Read ``Retry-After``, in seconds or as a moment (RFC 9110 section 10.2.3)."""
    if written.isascii() and written.isdigit():
        return timedelta(seconds=int(written[:9]))
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(moment - datetime.now(UTC), timedelta())


def _open_curl() -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    # A proxy would resolve the name itself, where nobody sees what it leads to.
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOPROXY, "*")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_WITHIN_MS)
    curl.setopt(pycurl.TIMEOUT_MS, _ANSWER_WITHIN_MS)
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    # The certificates that Python itself trusts: pycurl's wheel brings none.
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile:
        curl.setopt(pycurl.CAINFO, trusted.cafile)
    if trusted.capath:
        curl.setopt(pycurl.CAPATH, trusted.capath)
    return curl

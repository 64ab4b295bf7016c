"""HTTP under Twilio's SDK: any Twilio-compatible host, kept-alive connections, silent logs."""

import base64
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from service.twilio.wires import Inquiry, Wires

_LONGEST_WAIT_S = 3600
_RETRY_AFTER = b"retry-after:"
_RESERVED = re.compile(rb"[^A-Za-z0-9_.~-]")
_ESCAPES = {bytes([byte]): b"%%%02X" % byte for byte in range(256)} | {b" ": b"+"}


class CarrierRefusalError(TwilioException):
    """The carrier answered with an error; its own words are dropped, because they hold numbers."""

    def __init__(self, status: int, code: str, wait: timedelta | None) -> None:
        super().__init__(f"HTTP status {status}, code {code or 'none'}")
        self.status = status
        self.code = code
        self.wait = wait


class Transport(AsyncHttpClient):
    """The SDK's way out. It logs nothing: Twilio's own client writes numbers into the log."""

    def __init__(self, api_url: str, *, account_sid: str, auth_token: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._api_url = api_url.rstrip("/")
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")
        # libcurl would wait for "100 Continue" before it sends a long form.
        self._own_lines = [f"Authorization: Basic {credentials}", "Expect:"]
        self._lines: dict[str, tuple[Mapping[str, str], list[str]]] = {}
        self._wires: Wires | None = None

    async def open(self, *, connections: int, proxy: str = "") -> None:
        """Prepare at most *connections* connections, inside the event loop that will use them."""
        self._wires = Wires(connections, proxy=proxy)

    async def close(self) -> None:
        if self._wires is not None:
            self._wires.close()

    async def request(  # type: ignore[override]  # noqa: PLR0917 - the SDK's own signature
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's own signature
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK's own signature
    ) -> Response:
        """Ask the carrier; raise CarrierRefusalError unless it answers with 2xx."""
        assert self._wires is not None  # noqa: S101 - opened together with its event loop
        url = self._api_url + uri[uri.index("/", len("https://")) :]
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        lines = self._as_lines(method, headers or {})
        form = _encode(data or {}) if method == "POST" else None
        reply = await self._wires.ask(Inquiry(url, lines, form))
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise CarrierRefusalError(
                reply.status, _read_code(reply.body), _read_wait(reply.headers)
            )
        body = reply.body if form is None else _keep_name(reply.body)
        return Response(reply.status, body.decode("utf-8", "replace"))

    def _as_lines(self, method: str, headers: Mapping[str, str]) -> list[str]:
        # The SDK makes the same headers for every text; the same list spares libcurl a new one.
        known, lines = self._lines.get(method, ({}, []))
        if known != headers or not lines:
            lines = [*(f"{name}: {value}" for name, value in headers.items()), *self._own_lines]
            self._lines[method] = headers, lines
        return lines


def _encode(data: dict[str, object]) -> bytes:
    return b"&".join(
        [
            b"%b=%b"
            % (name.encode("ascii"), (_quote_body if name == "Body" else _quote)(str(value)))
            for name, value in data.items()
        ]
    )


def _quote(value: str) -> bytes:
    """Write *value* as `urllib.parse.quote_plus` does, in a quarter of the time."""
    return _RESERVED.sub(_escape, value.encode("utf-8"))


def _escape(found: re.Match[bytes]) -> bytes:
    return _ESCAPES[found[0]]


# A broadcast says few different things, each of them many thousand times.
_quote_body = lru_cache(maxsize=256)(_quote)


def _keep_name(body: bytes) -> bytes:
    """Leave of the answer to a new text only its name; of anything unexpected, everything.

    A fifth of a text's time would go into the dates in it, which nobody reads.
    """
    document = _read_json(body)
    return orjson.dumps({"sid": document["sid"]}) if "sid" in document else body


def _read_code(body: bytes) -> str:
    code = _read_json(body).get("code")
    return str(code) if isinstance(code, int) else ""


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        document: Any = orjson.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _read_wait(headers: list[bytes]) -> timedelta | None:
    for line in headers:
        if line.lower().startswith(_RETRY_AFTER):
            seconds = line[len(_RETRY_AFTER) :].strip()
            if not seconds.isdigit():
                return None
            return timedelta(seconds=min(int(seconds[:9]), _LONGEST_WAIT_S))
    return None

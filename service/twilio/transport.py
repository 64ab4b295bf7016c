"""HTTP under Twilio's SDK: any Twilio-compatible host, kept-alive connections, silent logs."""

import base64
import json
import logging
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus, urlsplit

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

_CONNECT_WITHIN_S = 5
_ANSWER_WITHIN_S = 15
# Shorter than what carriers and proxies keep idle connections for: a connection that dies under a
# text leaves us unsure of it.
_KEEP_ALIVE_S = 10
_LONGEST_WAIT_S = 3600
_ON_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


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
        self._is_local = urlsplit(api_url).hostname in _ON_THIS_MACHINE
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")
        self._authorization = MappingProxyType({"Authorization": f"Basic {credentials}"})
        self._session: ClientSession | None = None

    async def open(self, *, connections: int) -> None:
        """Prepare at most *connections* connections, inside the event loop that will use them."""
        self._session = ClientSession(
            connector=TCPConnector(limit=connections, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=ClientTimeout(total=_ANSWER_WITHIN_S, sock_connect=_CONNECT_WITHIN_S),
            trust_env=not self._is_local,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

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
        assert self._session is not None  # noqa: S101 - opened together with its event loop
        url = self._api_url + uri[uri.index("/", len("https://")) :]
        async with self._session.request(
            method,
            url,
            params={name: str(value) for name, value in (params or {}).items()},
            data=_encode(data) if data else None,
            headers={**(headers or {}), **self._authorization},
            allow_redirects=False,
        ) as answer:
            body = (await answer.read()).decode("utf-8", "replace")
            if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                wait = _read_wait(answer.headers.get("Retry-After", ""))
                raise CarrierRefusalError(answer.status, _read_code(body), wait)
            return Response(answer.status, body, answer.headers)


def _encode(data: dict[str, object]) -> bytes:
    return "&".join([f"{name}={_quote(str(value))}" for name, value in data.items()]).encode(
        "ascii"
    )


@lru_cache(maxsize=1024)
def _quote(value: str) -> str:
    # A broadcast says few different things, each of them many thousand times.
    return quote_plus(value)


def _read_code(body: str) -> str:
    try:
        document: Any = json.loads(body)
    except ValueError:
        return ""
    code = document.get("code") if isinstance(document, dict) else None
    return str(code) if isinstance(code, int) else ""


def _read_wait(retry_after: str) -> timedelta | None:
    if not (retry_after.isascii() and retry_after.isdigit()):
        return None
    return timedelta(seconds=min(int(retry_after[:9]), _LONGEST_WAIT_S))

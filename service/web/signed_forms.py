"""Signed forms: what a carrier posts, read and checked before anything is done about it."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from service.twilio.signatures import SignatureValidator
from service.web.problems import CONTENT_TYPE, problem

LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 100
_NOTED_EVERY_S = 60.0
_FORM = b"application/x-www-form-urlencoded"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Pairs = list[tuple[str, str]]

log = logging.getLogger(__name__)


class TurnedAwayError(Exception):
    """A request that is none of the carrier's."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class SignedForms:
    """Lets in only what the holder of the auth token posted to the public address."""

    def __init__(self, validator: SignatureValidator, *, public_url: str) -> None:
        self._validator = validator
        self._public_url = public_url
        self._refused, self._noted_at = 0, -_NOTED_EVERY_S

    async def let_in(self, scope: Scope, receive: Receive) -> Pairs:
        """Return the form that the carrier signed; raise TurnedAwayError for anybody else's."""
        if scope["method"] != "POST":
            raise TurnedAwayError(HTTPStatus.METHOD_NOT_ALLOWED, "Carriers post here.")
        headers = dict(scope["headers"])
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _FORM:
            raise TurnedAwayError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Carriers post forms here.")
        form = _read_form(await _read_body(headers, receive))
        signature = headers.get(b"x-twilio-signature", b"").decode("latin-1")
        if not (form and self._validator.is_valid(self._signed_url(scope), form, signature)):
            self._note_refusal()
            raise TurnedAwayError(HTTPStatus.FORBIDDEN, "The signature does not fit.")
        return form

    def _note_refusal(self) -> None:
        """Write down, at most once a minute, how many requests nobody we trust has signed."""
        self._refused += 1
        now = time.monotonic()
        if now - self._noted_at >= _NOTED_EVERY_S:
            log.warning(
                "%d requests refused: their signatures do not fit. If they are your carrier's, "
                "LOA_PUBLIC_URL (%s) is not the address it posts to, or its auth token is another",
                self._refused,
                self._public_url,
            )
            self._refused, self._noted_at = 0, now

    def _signed_url(self, scope: Scope) -> str:
        query = scope["query_string"].decode("latin-1")
        return f"{self._public_url}{scope['path']}{'?' if query else ''}{query}"


async def answer(
    send: Send,
    status: HTTPStatus,
    body: bytes = b"",
    *,
    content_type: str = "",
    **more: str,
) -> None:
    """Send an answer in one piece; the names of *more* headers take ``_`` for ``-``."""
    headers = [(b"content-type", content_type.encode())] if body else []
    headers += [(name.replace("_", "-").encode(), said.encode()) for name, said in more.items()]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"POST"))
    if status is not HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, status: HTTPStatus, detail: str) -> None:
    """Say why nothing was done."""
    await answer(send, status, problem(status, detail), content_type=CONTENT_TYPE)


def _read_form(body: bytes) -> Pairs:
    """Read a form as `urllib.parse.parse_qsl` does, in a third of the time; [] if it is none."""
    try:
        pieces = body.decode("ascii").split("&", _MOST_FIELDS)
        pairs = [piece.partition("=") for piece in pieces if piece]
        form = [(_unquote(name), _unquote(value)) for name, _, value in pairs]
    except ValueError:
        return []
    return form if len(pieces) <= _MOST_FIELDS else []


def _unquote(written: str) -> str:
    if "%" not in written and "+" not in written:
        return written
    return unquote_to_bytes(written.replace("+", " ")).decode("utf-8")


async def _read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:12]) > LARGEST_BODY:
        raise TurnedAwayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "What carriers post is shorter.")
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TurnedAwayError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "What carriers post is shorter."
            )
        if not message.get("more_body"):
            return bytes(body)

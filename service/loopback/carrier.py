"""The carrier itself: an HTTP server with Twilio's messages, on this machine only."""

import asyncio
import hmac
import itertools
import logging
import signal
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

import uvloop

from service.loopback.archives import Archive, KeptText
from service.loopback.behaviours import Behaviour
from service.loopback.callbacks import Callbacks
from service.loopback.connections import Connections, Reply, Request
from service.loopback.replies import (
    API_VERSION,
    RefusalError,
    describe,
    json_reply,
    refusal_reply,
)
from service.loopback.requests import ListQuery, read_text
from service.loopback.voices import Voices

HOST = "127.0.0.1"
SUMMARY_PATH = "/_loa/texts"
_CLOSE_WITHIN_S = 1.0
_FLUSH_WITHIN_S = 5.0
_MOST_FIELDS = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Who may send through this carrier."""

    sid: str
    auth_token: str


class Carrier:
    """Answers senders; every text it accepts is in its archive before the answer leaves."""

    def __init__(
        self,
        account: Account,
        archive: Archive,
        behaviour: Behaviour,
        *,
        callbacks: Callbacks,
        voices: Voices,
    ) -> None:
        self._account_sid = account.sid
        credentials = b64encode(f"{account.sid}:{account.auth_token}".encode())
        self._authorization = b"Basic " + credentials
        self._messages_path = f"/{API_VERSION}/Accounts/{account.sid}/Messages"
        self._voices_path = f"/{API_VERSION}/Accounts/{account.sid}/Recordings"
        self._archive = archive
        self._behaviour = behaviour
        self._callbacks = callbacks
        self._voices = voices
        self._allowance = behaviour.rate_per_s
        self._counted_at = time.monotonic()

    def answer(self, request: Request) -> Reply | None:
        """Answer one request, or None to cut its connection; never raise."""
        url, _, query = request.url.partition(b"?")
        path = url.decode("latin-1")
        try:
            if path == SUMMARY_PATH:
                return json_reply(self._archive.summary())
            return self._answer_sender(request, path, query)
        except RefusalError as refusal:
            return refusal_reply(refusal)
        except OSError as refused:
            log.exception("a file cannot be read or written")
            words = f"Nothing was kept or deleted: {refused.strerror}"
            return refusal_reply(RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, 20500, words))

    def _answer_sender(self, request: Request, path: str, query: bytes) -> Reply | None:
        if not hmac.compare_digest(request.authorization, self._authorization):
            raise RefusalError(HTTPStatus.UNAUTHORIZED, 20003, "Authenticate")
        if path.startswith(self._voices_path):
            return self._voices.answer(request.method, path.removeprefix(self._voices_path))
        match (request.method, path.removeprefix(self._messages_path)):
            case ("POST", ".json"):
                return self._create(request.body)
            case ("GET", ".json"):
                return self._list(ListQuery(_read_fields(query)))
            case ("GET", rest) if rest.startswith("/") and rest.endswith(".json"):
                text = self._archive.find(rest[1:].removesuffix(".json"))
                if text is not None:
                    return json_reply(self._describe(text))
            case _:
                pass
        raise RefusalError(
            HTTPStatus.NOT_FOUND, 20404, "The requested resource was not found on this server"
        )

    def _create(self, body: bytes) -> Reply | None:
        self._count_request()
        text = read_text(_read_fields(body))
        self._archive.keep(text)
        self._callbacks.announce(text)
        if self._behaviour.drops(text.to):
            return None
        initial = "accepted" if text.service else "queued"
        document = describe(
            text, status=initial, code="", account_sid=self._account_sid, is_sent=False
        )
        return json_reply(document, status=HTTPStatus.CREATED)

    def _count_request(self) -> None:
        rate = self._behaviour.rate_per_s
        if not rate:
            return
        now = time.monotonic()
        self._allowance = min(max(rate, 1), self._allowance + (now - self._counted_at) * rate)
        self._counted_at = now
        if self._allowance < 1:
            raise RefusalError(
                HTTPStatus.TOO_MANY_REQUESTS, 20429, "Too Many Requests", Retry_After="1"
            )
        self._allowance -= 1

    def _list(self, query: ListQuery) -> Reply:
        wanted = (
            text
            for text in self._archive.texts(query.to)
            if query.wants(text, is_sent=self._status(text)[2])
        )
        first = query.page * query.size
        page = list(itertools.islice(wanted, first, first + query.size + 1))
        document = {
            "messages": [self._describe(text) for text in page[: query.size]],
            "page": query.page,
            "page_size": query.size,
            "next_page_uri": self._next_page(query) if len(page) > query.size else None,
        }
        return json_reply(document)

    def _next_page(self, query: ListQuery) -> str:
        asked = {**query.asked, "PageSize": query.size, "Page": query.page + 1}
        return f"{self._messages_path}.json?{urlencode(asked)}"

    def _describe(self, text: KeptText) -> dict[str, Any]:
        status, code, is_sent = self._status(text)
        return describe(
            text, status=status, code=code, account_sid=self._account_sid, is_sent=is_sent
        )

    def _status(self, text: KeptText) -> tuple[str, str, bool]:
        """Return where *text* stands now, its error code, and whether it has left the queue."""
        age = time.time() - text.at
        sent, fate = self._behaviour.news_of(text.to)
        if age >= fate.after_s:
            return fate.status, fate.code, True
        if age >= sent.after_s:
            return sent.status, "", True
        return "accepted" if text.service else "queued", "", False


def run_carrier(
    account: Account,
    behaviour: Behaviour,
    *,
    port: int,
    journal: Path,
    voices: Voices,
    on_ready: Callable[[int], None],
) -> None:
    """Serve on 127.0.0.1 until SIGTERM or Ctrl-C; *on_ready* hears the port (0: any free one)."""
    archive = Archive(journal)
    serve = _serve(account, behaviour, archive, voices=voices, port=port, on_ready=on_ready)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve)
    finally:
        archive.close()


async def _serve(
    account: Account,
    behaviour: Behaviour,
    archive: Archive,
    *,
    voices: Voices,
    port: int,
    on_ready: Callable[[int], None],
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    callbacks = Callbacks(
        archive, behaviour, account_sid=account.sid, auth_token=account.auth_token
    )
    for text in archive.untold():
        callbacks.announce(text)
    carrier = Carrier(account, archive, behaviour, callbacks=callbacks, voices=voices)
    connections = Connections(carrier.answer, latency_s=behaviour.latency_s)
    listener = await loop.create_server(connections, HOST, port)
    posting = asyncio.create_task(callbacks.run())
    posting.add_done_callback(lambda _: stop.set())
    on_ready(listener.sockets[0].getsockname()[1])
    await stop.wait()
    listener.close()
    await connections.close(within_s=_CLOSE_WITHIN_S)
    if left := await callbacks.flush(within_s=_FLUSH_WITHIN_S):
        log.warning("%d callbacks were not taken; the next start repeats them", left)
    callbacks.stop()
    await posting


def _read_fields(written: bytes) -> dict[str, str]:
    """Return the fields of a form or a query."""
    pieces = written.split(b"&", _MOST_FIELDS)
    try:
        pairs = [piece.decode("ascii").partition("=") for piece in pieces[:_MOST_FIELDS]]
        fields = {_unquote(name): _unquote(value) for name, _, value in pairs if name}
    except UnicodeError:
        raise _bad_form("The form cannot be read as UTF-8 fields.") from None
    if len(pieces) > _MOST_FIELDS:
        raise _bad_form(f"The form has more than {_MOST_FIELDS} fields.")
    return fields


def _bad_form(words: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, 20001, words)


@lru_cache(maxsize=1024)
def _unquote(value: str) -> str:
    # A broadcast says few different things, each of them many thousand times.
    return unquote_to_bytes(value.replace("+", " ")).decode("utf-8")

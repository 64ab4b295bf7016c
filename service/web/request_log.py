"""The log of requests: each gets an id that its answer names, and one line when it is answered."""

import logging
import re
import time
from contextlib import ExitStack
from itertools import count
from uuid import uuid4

from flask import Flask, Response, g, request, request_started

from campaigns.subscribers.stop_links import STOP_PATH
from service.logs import belonging_to, note

HEADER = "X-Request-Id"
# Asked every few seconds by monitors, and of no interest to anybody afterwards.
_UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch
# Unlike those of any other process, and counted: asking the system for chance takes longer.
_BEGINS = uuid4().hex[:20]
_numbers = count(1)
# Digits in a row would be taken for a telephone number, and masked in the log.
_AS_LETTERS = str.maketrans("0123456789", "ghijklmnop")

log = logging.getLogger(__name__)


def log_requests(app: Flask) -> None:
    """Have *app* log its requests: method, path, status and milliseconds, never what was sent.

    An id that a proxy has given a request is kept, so that both logs can be read side by side.
    No address of Loa holds a number, and no query is logged.
    """
    # Sooner than any function that may refuse the request.
    request_started.connect(_begin, app)
    app.after_request(_say)
    app.teardown_request(_end)


def _begin(_app: Flask, **_: object) -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _ID(given) else _new_id()
    g.begun = time.perf_counter()
    g.belongs = ExitStack()
    g.belongs.enter_context(belonging_to(request=g.request_id))


def _new_id() -> str:
    return f"{_BEGINS}{next(_numbers):012x}".translate(_AS_LETTERS)


def _say(answer: Response) -> Response:
    answer.headers[HEADER] = g.request_id
    if request.path not in _UNLOGGED:
        took_ms = round((time.perf_counter() - g.begun) * 1000, 1)
        note(
            log,
            "request",
            method=request.method,
            path=_path(),
            status=answer.status_code,
            ms=took_ms,
        )
    return answer


def _path() -> str:
    """Return the address that was asked for; a code that opts somebody out stays out of the log."""
    return f"{STOP_PATH}..." if request.path.startswith(STOP_PATH) else request.path


def _end(_error: BaseException | None) -> None:
    g.belongs.close()

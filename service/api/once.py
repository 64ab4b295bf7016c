"""Once: a POST with an Idempotency-Key is carried out once, and answered alike each time."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy.orm import Session

from campaigns.access.answered import LONGEST_KEY, claim_request, keep_answer
from service.api.kinds import NO_IDEMPOTENCY_KEY, REUSED_KEY
from service.api.refusals import Refusal, RefusedError
from service.api.requests import answer, as_json, caller, resources, writing

HEADER = "Idempotency-Key"
ONCE = "loa_once"
# What a view wants done, and the document that says what came of it.
Deed = Callable[[Session], object]
View = Callable[..., Deed | tuple[Deed, int]]


def once(
    *, status: int = 200, finish: Callable[[Response], object] | None = None
) -> Callable[[View], Callable[..., Response]]:
    """Carry out the deed that the view returns; for the same key again, answer the same.

    A view may return its deed with a status of its own. *finish* completes an answer before it
    leaves, whether the deed was done now or before.
    """

    def carry_out(view: View) -> Callable[..., Response]:
        @wraps(view)
        def carried(*args: Any, **kwargs: Any) -> Response:
            # Before anything is looked up.
            key = _key()
            wanted = view(*args, **kwargs)
            deed, code = wanted if isinstance(wanted, tuple) else (wanted, status)
            said = _do(deed, key, status=code)
            if finish is not None:
                finish(said)
            return said

        setattr(carried, ONCE, True)
        return carried

    return carry_out


def _do(deed: Deed, key: str, *, status: int) -> Response:
    """Do it, or answer what was said to the request that *key* stands for.

    The answer is kept in the transaction that does the deed, so a request that fails leaves its
    key free. Raises RefusedError for a key that stands for another request.
    """
    person = caller().person
    # Before the transaction: a list that is handed over is long.
    asked = _digest()
    with writing() as session:
        known = claim_request(session, person, key, asked=asked, now=resources().now())
        if known is None:
            said = as_json(deed(session))
            keep_answer(session, person, key, status=status, said=said)
            return answer(orjson.Fragment(said), status)
        if known.asked != asked:
            raise RefusedError(Refusal(REUSED_KEY))
        return answer(orjson.Fragment(known.said), known.status, Idempotency_Replayed="true")


def _key() -> str:
    key = request.headers.get(HEADER, "")
    if not key:
        raise RefusedError(Refusal(NO_IDEMPOTENCY_KEY))
    if len(key) > LONGEST_KEY:
        longest = f"An Idempotency-Key has at most {LONGEST_KEY} letters."
        raise RefusedError(Refusal(NO_IDEMPOTENCY_KEY, longest))
    return key


def _digest() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data())
    return digest.hexdigest()

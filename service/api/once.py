"""Once: a POST with an Idempotency-Key is carried out once, and answered alike each time."""

import hashlib
from collections.abc import Callable

import orjson
from flask import Response, request
from sqlalchemy.orm import Session

from campaigns.access.answered import LONGEST_KEY, claim_request, keep_answer
from service.api.kinds import NO_IDEMPOTENCY_KEY, REUSED_KEY
from service.api.problems import Refusal, RefusedError
from service.api.requests import answer, as_json, caller, resources, writing

HEADER = "Idempotency-Key"


def once(do: Callable[[Session], object], *, status: int = 200) -> Response:
    """Carry out *do* and answer what it returns; for the same key again, answer the same.

    The answer is kept in the transaction that does the deed, so a request that fails leaves its
    key free. Raises RefusedError without a key, and for one that stands for another request.
    """
    key = request.headers.get(HEADER, "")
    if not key or len(key) > LONGEST_KEY:
        raise RefusedError(Refusal(NO_IDEMPOTENCY_KEY))
    person = caller().person
    # Before the transaction: a list that is handed over is long.
    asked = _digest()
    with writing() as session:
        known = claim_request(session, person, key, asked=asked, now=resources().now())
        if known is None:
            said = as_json(do(session))
            keep_answer(session, person, key, status=status, said=said)
            return answer(orjson.Fragment(said), status)
        if known.asked != asked:
            raise RefusedError(Refusal(REUSED_KEY))
        return answer(orjson.Fragment(known.said), known.status, Idempotency_Replayed="true")


def _digest() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data())
    return digest.hexdigest()

"""Problems (RFC 9457): each refusal with a stable type, in the language that was asked for."""

import json
import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from apiflask import HTTPError
from flask import Flask, Response, request
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from campaigns.complaints import Complaint
from campaigns.errors import CampaignError
from hotline.errors import HotlineError
from service.api.kinds import FAULT, INVALID, NO_DATABASE, NO_QUEUE, Kind
from service.api.refusals import Refusal, RefusedError, refusal_of
from service.api.remedies import HTTP_PROBLEMS

CONTENT_TYPE = "application/problem+json"
TYPES = "/api/problems/"
_LANGUAGES = ("en", "vi")

log = logging.getLogger(__name__)


class FieldFault(BaseModel):
    """One field that is wrong; ``line`` counts from 1 in a file and is 0 elsewhere."""

    field: str
    problem: str
    remedy: str = ""
    line: int = 0


class Problem(BaseModel):
    """What went wrong, whether anything was changed, and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str
    errors: list[FieldFault] | None = None


def answer_problems(app: Flask) -> None:
    """Have *app* answer every error as a problem, without a stack trace and without a number."""
    app.register_error_handler(RefusedError, lambda refused: write(refused.refusal))
    app.register_error_handler(CampaignError, _answer_rule)
    app.register_error_handler(HotlineError, _answer_rule)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(RedisError, lambda _: write(Refusal(NO_QUEUE)))
    app.register_error_handler(OperationalError, _answer_database)
    app.register_error_handler(Exception, _answer_fault)


def answer_form(error: HTTPError) -> Response:
    """Answer what APIFlask found wrong with the form of a request, field by field."""
    places = error.detail.values() if isinstance(error.detail, Mapping) else ()
    errors = tuple(
        Complaint(0, "" if field == "_schema" else field, "; ".join(messages), "")
        for place in places
        for field, messages in place.items()
    )
    kind = HTTP_PROBLEMS.get(HTTPStatus(error.status_code), INVALID)
    return write(Refusal(kind, errors=errors))


def write(refusal: Refusal) -> Response:
    """Write *refusal* in the language of the request."""
    language, status = language_asked(), refusal.kind.status.value
    answer = Response(problem_in(refusal, language), status=status, content_type=CONTENT_TYPE)
    answer.headers["Content-Language"] = language
    answer.headers.update(refusal.headers or {})
    return answer


def problem_in(refusal: Refusal, language: str) -> bytes:
    """Return *refusal* as a problem in *language*, as it is sent.

    What it quotes of a request may hold halves of letters, as JSON allows.
    """
    document = document_of(refusal, language)
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document).encode()


def document_of(refusal: Refusal, language: str) -> dict[str, object]:
    """Return *refusal* as a problem in *language*."""
    kind = refusal.kind
    title, remedy = (
        (kind.title_vi, kind.remedy_vi) if language == "vi" else (kind.title, kind.remedy)
    )
    document: dict[str, object] = {
        "type": f"{TYPES}{kind.slug}",
        "title": title,
        "status": kind.status.value,
        # What a rule says in full is English; the title and the remedy say the same in short.
        "detail": refusal.detail or f"{title}.",
        "remedy": remedy,
    }
    if refusal.errors:
        document["errors"] = [
            {"field": one.field, "problem": one.problem, "remedy": one.remedy, "line": one.line}
            for one in refusal.errors
        ]
    return document


def language_asked() -> str:
    """Return the language that the request's answer is to be in."""
    return language_in(request.headers.get("Accept-Language", ""))


def language_in(accepted: str) -> str:
    """Return the language that the header Accept-Language *accepted* asks for most, or ``en``."""
    return parse_accept_header(accepted, LanguageAccept).best_match(_LANGUAGES) or "en"


def _answer_rule(broken: CampaignError | HotlineError) -> Response:
    return write(refusal_of(broken))


def _answer_http(refusal: HTTPException) -> Response:
    status = HTTPStatus(refusal.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    kind = HTTP_PROBLEMS.get(status) or Kind(
        status.phrase.lower().replace(" ", "-"), status, status.phrase, "", status.phrase, ""
    )
    allowed = getattr(refusal, "valid_methods", None)
    return write(Refusal(kind, headers={"Allow": ", ".join(sorted(allowed))} if allowed else None))


def _answer_database(failure: OperationalError) -> Response:
    log.warning("the database did not answer: %s", type(failure.orig).__name__)
    return write(Refusal(NO_DATABASE, headers={"Retry-After": "5"}))


def _answer_fault(fault: Exception) -> Response:
    # The kind of fault and its place are enough to look for it; its message may hold a number.
    where = traceback.extract_tb(fault.__traceback__)[-1]
    log.error("a request failed: %s in %s:%s", type(fault).__name__, where.filename, where.lineno)
    return write(Refusal(FAULT))

"""The Flask application: every page and programming interface that no carrier posts to."""

import logging
import traceback
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response as WSGIResponse

from service.resources import Resources
from service.web.problems import CONTENT_TYPE, problem
from service.web.recorded_prompts import recorded_prompts

LARGEST_BODY = 1024 * 1024

log = logging.getLogger(__name__)


def create_app(resources: Resources) -> Flask:
    """Build the application on *resources*, which stay open for as long as it serves."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions["loa"] = resources
    app.register_error_handler(HTTPException, _answer_refusal)
    app.register_error_handler(Exception, _answer_fault)
    app.add_url_rule("/healthz", view_func=say_healthy)
    app.register_blueprint(recorded_prompts(resources.settings.data_dir))
    return app


def say_healthy() -> Response:
    """Say that this process answers; whether its servers do is not asked here."""
    return jsonify({"status": "ok"})


def _answer_refusal(refusal: HTTPException) -> Response | WSGIResponse:
    if refusal.code is None or refusal.code < HTTPStatus.BAD_REQUEST:
        return refusal.get_response()
    status = HTTPStatus(refusal.code)
    answer = Response(problem(status), status=status.value, content_type=CONTENT_TYPE)
    allowed = getattr(refusal, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _answer_fault(fault: Exception) -> Response:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    # The kind of fault and its place are enough to look for it; its message may hold a number.
    where = traceback.extract_tb(fault.__traceback__)[-1]
    log.error("a request failed: %s in %s:%s", type(fault).__name__, where.filename, where.lineno)
    return Response(problem(status), status=status.value, content_type=CONTENT_TYPE)

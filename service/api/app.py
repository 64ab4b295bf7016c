"""The interface's application: its resources, its description, and its page of documents."""

import time
from http import HTTPStatus
from typing import Any

from apiflask import APIFlask
from flask import Flask, Response, abort, current_app, request

from service.api.addresses import Address
from service.api.answers import answers
from service.api.areas import areas
from service.api.audit import audit
from service.api.broadcasts import broadcasts
from service.api.campaigns import campaigns
from service.api.carriers import carriers
from service.api.deliveries import deliveries
from service.api.description import describe
from service.api.documentation import documentation
from service.api.editions import editions
from service.api.figures import figures
from service.api.hotline import hotline
from service.api.imports import imports
from service.api.invitations import invitations
from service.api.keys import keys
from service.api.levels import levels
from service.api.local_texts import local_texts
from service.api.orders import orders
from service.api.partner_pushes import partner_pushes
from service.api.partner_reports import partner_reports
from service.api.partners import partners
from service.api.people import people
from service.api.plans import plans
from service.api.problems import answer_form, answer_problems
from service.api.sessions import sessions
from service.api.stores import Together
from service.api.subscribers import subscribers
from service.api.whole_requests import ReadingJson, WholeRequest
from service.resources import Resources

PREFIX = "/api/v1"
SPEC = "/api/openapi.json"
VERSION = "1.0"
RESOURCES = (
    *(areas, levels, figures, subscribers, imports),
    *(campaigns, local_texts, plans, broadcasts, deliveries, orders, carriers),
    *(hotline, answers, editions, people, sessions, invitations, keys, audit),
    *(partners, partner_pushes, partner_reports),
)


def create_api(resources: Resources, *, largest_body: int, deeds_hold_s: float = 0) -> Flask:
    """Build an application with every address of the interface on *resources*.

    Bodies of more than *largest_body* bytes are refused. Whether anybody has done anything is
    looked up once in *deeds_hold_s* seconds, which must be the same in all processes.
    """
    app = APIFlask(
        __name__,
        title="Loa",
        version=VERSION,
        spec_path=SPEC,
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]  # APIFlask's hint leaves out what Flask takes
    )
    app.request_class = WholeRequest
    app.json = ReadingJson(app)
    app.url_rule_class = Address
    app.config |= {
        "MAX_CONTENT_LENGTH": largest_body,
        "OPENAPI_VERSION": "3.1.0",
        "AUTO_SERVERS": False,
        "SYNC_LOCAL_SPEC": False,
        "AUTO_404_RESPONSE": False,
        "AUTO_VALIDATION_ERROR_RESPONSE": False,
        "AUTO_AUTH_ERROR_RESPONSE": False,
    }
    app.extensions["loa"] = resources
    app.extensions["loa_deeds"] = Together[int](deeds_hold_s)
    answer_problems(app)
    app.error_processor(answer_form)
    app.before_request(_refuse_nul)
    app.before_request(_refuse_encoded)
    app.after_request(_outlast_leases)
    for resource in RESOURCES:
        app.register_blueprint(resource, url_prefix=PREFIX)
    app.register_blueprint(documentation)

    @app.spec_processor
    def finish(spec: Any) -> Any:
        return describe(spec, app)

    return app


def _refuse_nul() -> None:
    """Find nothing at an address with a NUL in it, which no database takes."""
    if "\x00" in request.path:
        abort(HTTPStatus.NOT_FOUND)


def _outlast_leases(answer: Response) -> Response:
    """Say that something was done once no process can answer from before it; see `Together`."""
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        time.sleep(current_app.extensions["loa_deeds"].holds_s)
    return answer


def _refuse_encoded() -> None:
    """Refuse a body that is compressed, which would be read as if it were not."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        abort(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)

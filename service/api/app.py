"""The interface's application: its resources, its description, and its page of documents."""

from http import HTTPStatus
from typing import Any

from apiflask import APIFlask
from flask import Flask, abort, request

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
from service.api.subscribers import subscribers
from service.api.whole_requests import WholeRequest
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


def create_api(resources: Resources, *, largest_body: int) -> Flask:
    """Build an application with every address of the interface on *resources*.

    Bodies of more than *largest_body* bytes are refused.
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
    answer_problems(app)
    app.error_processor(answer_form)
    app.before_request(_refuse_nul)
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

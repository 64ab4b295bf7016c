"""The Flask application: every page and programming interface that no carrier posts to."""

from flask import Blueprint, Flask, Response, jsonify

from service.api.app import create_api
from service.resources import Resources
from service.web.metrics import Metrics
from service.web.readiness import say_ready
from service.web.recorded_prompts import recorded_prompts
from service.web.request_log import log_requests

LARGEST_BODY = 1024 * 1024


def create_app(resources: Resources) -> Flask:
    """Build the application on *resources*, which stay open for as long as it serves."""
    app = create_api(resources, largest_body=LARGEST_BODY)
    log_requests(app)
    app.register_blueprint(_machines(resources))
    app.register_blueprint(recorded_prompts(resources.settings.data_dir))
    return app


def _machines(resources: Resources) -> Blueprint:
    """What machines ask: whether this process lives, whether all is well, and the figures."""
    machines = Blueprint("machines", __name__)
    machines.add_url_rule("/healthz", view_func=say_healthy)
    machines.add_url_rule("/readyz", "readyz", lambda: say_ready(resources))
    machines.add_url_rule("/metrics", "metrics", Metrics(resources).answer)
    return machines


def say_healthy() -> Response:
    """Say that this process answers; whether its servers do is not asked here."""
    return jsonify({"status": "ok"})

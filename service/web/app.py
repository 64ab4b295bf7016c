"""The Flask application: every page and programming interface that no carrier posts to."""

from flask import Blueprint, Flask, Response, jsonify

from service.api.app import create_api
from service.api.limits import Limits, limit_requests
from service.partners.app import add_partners_door
from service.queue_server import open_redis
from service.resources import Resources, queue_address
from service.web.manners import keep_manners
from service.web.metrics import Metrics
from service.web.readiness import say_ready
from service.web.recorded_prompts import recorded_prompts
from service.web.request_log import log_requests
from service.web.stop_pages import stop_pages

LARGEST_BODY = 1024 * 1024


def create_app(resources: Resources, *, deeds_hold_s: float = 0) -> Flask:
    """Build the application on *resources*, which stay open for as long as it serves.

    *deeds_hold_s* is as in `create_api`.
    """
    settings = resources.settings
    app = create_api(resources, largest_body=LARGEST_BODY, deeds_hold_s=deeds_hold_s)
    add_partners_door(app)
    limit_requests(
        app,
        Limits(
            lambda: open_redis(queue_address(settings), waits=False),
            a_minute=settings.api_requests_a_minute,
        ),
    )
    keep_manners(app, is_https=settings.public_url.startswith("https:"))
    log_requests(app)
    app.register_blueprint(_machines(resources))
    app.register_blueprint(recorded_prompts(resources.settings.data_dir))
    app.register_blueprint(stop_pages(resources))
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

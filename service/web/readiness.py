"""Readiness: whether everything that Loa needs answers, for monitors and for whoever is called."""

from collections.abc import Callable

from flask import Response
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from campaigns.local_time import ZONE
from service.api.requests import as_json
from service.database import reading
from service.errors import SchemaError, ServiceError
from service.resources import Resources, open_queue
from service.schema import require_current
from workers.vitals import read_vitals

_OK = "ok"
_AWAY = "does not answer"


def say_ready(resources: Resources) -> Response:
    """Answer 200 when everything answers, else 503; which of them does not is in the body.

    It is for monitors: a web without its queue still takes calls and receipts, so what sends
    callers somewhere asks ``/healthz``.
    """
    checks: dict[str, object] = {
        "database": _check(lambda: _ask_database(resources)),
        "schema": _check(lambda: require_current(resources.engine)),
    }
    carriers: dict[str, str] = {}
    checks["queue"] = _check(lambda: carriers.update(_ask_queue(resources)))
    is_ready = all(found == _OK for found in checks.values())
    document = {
        "status": "ready" if is_ready else "not ready",
        "checks": checks,
        # A lane that has sent nothing yet is missing; silence alone is no fault.
        "carrier_last_success": carriers,
    }
    status = 200 if is_ready else 503
    return Response(as_json(document), status, content_type="application/json")


def _check(ask: Callable[[], object]) -> str:
    try:
        ask()
    except SchemaError:
        return "has another version: run `loa db upgrade`"
    except (DatabaseError, RedisError, ServiceError):
        return _AWAY
    return _OK


def _ask_database(resources: Resources) -> None:
    with reading(resources.sessions) as session:
        session.execute(text("SELECT 1"))


def _ask_queue(resources: Resources) -> dict[str, str]:
    with open_queue(resources.settings, waits=False) as redis:
        found = read_vitals(redis, now=resources.now())
    return {
        lane: at.astimezone(ZONE).isoformat(timespec="seconds")
        for lane, at in found.answered_at.items()
    }

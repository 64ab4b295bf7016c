"""Problem answers (RFC 9457): what went wrong, in JSON, without a stack trace."""

import json
from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


def problem(status: HTTPStatus, detail: str = "") -> bytes:
    """Return the JSON document of a problem."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return json.dumps({**document, "detail": detail} if detail else document).encode()

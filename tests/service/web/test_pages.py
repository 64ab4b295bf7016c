"""Flask's answers on the event loop: whole, in order, and large ones in parts."""

import asyncio
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request

from service.web.pages import Pages

PART = b"x" * 100_000


def an_application() -> Flask:
    app = Flask(__name__)

    @app.post("/echo")
    def echo() -> bytes:
        return request.get_data()

    @app.get("/long")
    def tell() -> Response:
        def parts() -> Iterator[bytes]:
            for _ in range(10):
                yield PART

        return Response(parts())

    return app


def ask(method: str, path: str, *bodies: bytes) -> list[Any]:
    """Return every message that the server is given in answer."""
    sent: list[Any] = []
    left = list(bodies) or [b""]

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    length = str(sum(map(len, bodies))).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"content-length", length)],
    }
    asyncio.run(Pages(an_application(), threads=2)(scope, receive, send))
    return sent


def test_an_answer_is_handed_over_at_once() -> None:
    """A request in parts is read whole; its answer is a head and one body."""
    head, body = ask("POST", "/echo", b"1", b"2", b"3")
    assert head["status"] == 200
    assert (body["body"], body.get("more_body", False)) == (b"123", False)


def test_what_is_large_is_handed_over_in_parts() -> None:
    """Never all of it is held in memory; nothing is lost or out of order."""
    head, *bodies = ask("GET", "/long")
    assert head["type"] == "http.response.start"
    assert len(bodies) > 2
    assert max(len(one["body"]) for one in bodies) < 4 * len(PART)
    assert b"".join(one["body"] for one in bodies) == PART * 10
    assert [one.get("more_body", False) for one in bodies[:-1]] == [True] * (len(bodies) - 1)
    assert not bodies[-1].get("more_body", False)

"""Flask's answers on the event loop: whole, in order, and nobody's thread while they leave."""

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


def a_scope(method: str, path: str, *, length: int = 0) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"content-length", str(length).encode())],
    }


async def nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def ask(method: str, path: str, *bodies: bytes) -> list[Any]:
    """Return every message that the server is given in answer."""
    sent: list[Any] = []
    left = list(bodies) or [b""]

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    length = sum(map(len, bodies))
    asyncio.run(
        Pages(an_application(), threads=2)(a_scope(method, path, length=length), receive, send)
    )
    return sent


def test_an_answer_is_handed_over_at_once() -> None:
    """A request in parts is read whole; its answer is a head and one body."""
    head, body = ask("POST", "/echo", b"1", b"2", b"3")
    assert head["status"] == 200
    assert (body["body"], body.get("more_body", False)) == (b"123", False)


def test_who_reads_slowly_holds_no_thread() -> None:
    """Whatever an answer weighs: the only thread is free for the next before it has left."""

    async def both() -> list[str]:
        pages, may_read, told = Pages(an_application(), threads=1), asyncio.Event(), list[str]()

        async def read_slowly(message: Any) -> None:
            if "body" in message:
                await may_read.wait()
                assert message["body"] == PART * 10
                told.append("slow")

        async def read(message: Any) -> None:
            if "body" in message:
                told.append("quick")
                may_read.set()

        slow = asyncio.create_task(pages(a_scope("GET", "/long"), nothing, read_slowly))
        async with asyncio.timeout(30):
            await asyncio.gather(slow, pages(a_scope("POST", "/echo"), nothing, read))
        return told

    assert asyncio.run(both()) == ["quick", "slow"]

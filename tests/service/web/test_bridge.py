"""The bridge: a WSGI application behind ASGI, with nothing lost on the way."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from service.web.bridge import Bridge

Messages = list[dict[str, Any]]
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/đường/dẫn",
    "query_string": b"a=%C4%91&b=2",
    "http_version": "1.1",
    "headers": [(b"content-type", b"text/plain"), (b"x-one", b"1"), (b"x-one", b"2")],
    "server": ("127.0.0.1", 8000),
    "client": ("127.0.0.1", 5),
}


def ask(pages: Callable[..., Iterable[bytes]], *pieces: bytes, largest_body: int = 100) -> Messages:
    """Send a request whose body comes in *pieces*; return what the bridge sends back."""
    coming = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ] or [{"type": "http.request", "body": b"", "more_body": False}]
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    bridge = Bridge(pages, threads=2, largest_body=largest_body)
    asyncio.run(bridge(dict(SCOPE), receive, send))
    bridge.close()
    return sent


def test_a_request_arrives_whole_and_the_answer_goes_back_whole() -> None:
    """Path, query, repeated headers and a body in pieces; status, headers and length."""

    def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        said = "|".join(
            [
                environ["PATH_INFO"].encode("latin-1").decode(),
                environ["QUERY_STRING"],
                environ["HTTP_X_ONE"],
                environ["CONTENT_TYPE"],
                body.decode(),
            ]
        ).encode()
        start_response("201 CREATED", [("Content-Length", str(len(said))), ("X-Two", "2")])
        return [said]

    started, *bodies = ask(echo, b"xin ", b"chao")
    assert started["status"] == 201
    assert (b"x-two", b"2") in started["headers"]
    assert b"".join(one["body"] for one in bodies).decode() == (
        "/đường/dẫn|a=%C4%91&b=2|1,2|text/plain|xin chao"
    )
    assert [one.get("more_body", False) for one in bodies] == [False]


def test_an_answer_in_pieces_is_sent_in_pieces_and_closed() -> None:
    """Whatever the application holds open is given back after the last piece."""
    closed = []

    class Pieces:
        def __iter__(self) -> Any:
            return iter([b"a", b"", b"b", b"c"])

        def close(self) -> None:
            closed.append(True)

    def pages(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Pieces()

    _, *bodies = ask(pages)
    assert b"".join(one["body"] for one in bodies) == b"abc"
    assert not bodies[-1].get("more_body", False)
    assert closed == [True]


def test_a_body_that_is_too_long_never_reaches_the_application() -> None:
    """It is refused while it comes in, with a problem that says so."""
    asked = []

    def pages(environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        asked.append(environ)
        return []

    started, body = ask(pages, b"x" * 60, b"x" * 60)
    assert started["status"] == 413
    assert b"413" in body["body"] or b"Large" in body["body"]
    assert asked == []

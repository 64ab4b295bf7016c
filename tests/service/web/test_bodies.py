"""Bodies are whole before a thread is spent on them, and nobody may take for ever to send one."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestTimeout

from service.web.bodies import WholeBodies


class Pages:
    """Pages that read a request to its end, and keep what they read."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            self.read.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(
    pages: Pages,
    parts: Sequence[bytes],
    *,
    method: str = "POST",
    most: int = 100,
    ends: bool = True,
) -> int:
    """Send *parts* to *pages* and return the status; without an end the line stays silent."""
    waiting = list(parts)
    sent: list[Any] = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting) or not ends}

    async def send(message: Any) -> None:
        sent.append(message)

    within_s = 0.05 if not ends else 30
    gate = WholeBodies(pages, pages, most=most, at_once=1, within_s=within_s)
    asyncio.run(gate({"type": "http", "method": method, "headers": []}, receive, send))
    status: int = sent[0]["status"]
    return status


def test_pages_get_every_part_in_order() -> None:
    pages = Pages()
    assert ask(pages, [b"a", b"b", b"c"]) == 200
    assert pages.read == [b"a", b"b", b"c"]


def test_a_body_that_never_ends_costs_no_thread() -> None:
    pages = Pages()
    assert ask(pages, [b"a"], ends=False) == 408
    assert pages.read == []


def test_whoever_is_turned_away_is_told_so_in_their_language() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read of it")

    async def none_is_taken() -> None:
        gate = WholeBodies(Pages(), Pages(), most=100, at_once=0)
        headers = [(b"content-length", b"101"), (b"accept-language", b"vi-VN,vi;q=0.9")]
        await gate({"type": "http", "method": "POST", "headers": headers}, receive, send)

    asyncio.run(none_is_taken())
    said, headers = json.loads(sent[1]["body"]), dict(sent[0]["headers"])
    assert (said["status"], said["type"]) == (503, "/api/problems/uploads-taken")
    assert said["remedy"].startswith("Chưa có gì thay đổi.")
    assert (headers[b"retry-after"], headers[b"content-language"]) == (b"30", b"vi")


def test_whoever_only_asks_is_not_waited_for() -> None:
    pages = Pages()
    assert ask(pages, [b"a"], method="GET", ends=False) == 200
    assert pages.read == [b""]


def test_a_large_body_is_handed_on_as_it_comes() -> None:
    """Nothing larger is kept in memory for whoever has shown no key yet."""
    pages = Pages()
    parts = [b"x" * 60] * 5
    assert ask(pages, parts, most=100) == 200
    assert pages.read == parts


@pytest.mark.parametrize("pause_s", [0.01, None], ids=["a letter at a time", "silence"])
def test_a_line_slower_than_any_in_a_commune_holds_no_thread(pause_s: float | None) -> None:
    """However often it sends: a letter at a time would last for years."""
    pages = Pages()

    async def receive() -> Any:
        if pause_s is None and pages.read:
            await asyncio.Event().wait()
        await asyncio.sleep(pause_s or 0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(_: Any) -> None:
        raise AssertionError("the pages never had a whole body to answer")

    gate = WholeBodies(pages, pages, most=0, at_once=1, within_s=0.1)
    with pytest.raises(RequestTimeout):
        asyncio.run(gate({"type": "http", "method": "POST", "headers": []}, receive, send))
    assert 0 < len(pages.read) < 20


def test_a_body_that_breaks_off_is_never_taken_for_a_whole_one() -> None:
    pages, sent = Pages(), []
    waiting = [{"type": "http.request", "body": b"x" * 60, "more_body": True}]

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def break_off(most: int) -> None:
        gate = WholeBodies(pages, pages, most=most, at_once=1)
        await gate({"type": "http", "method": "POST", "headers": []}, receive, send)

    asyncio.run(break_off(100))
    assert pages.read == []
    waiting.append({"type": "http.request", "body": b"x" * 60, "more_body": True})
    with pytest.raises(ClientDisconnected):
        asyncio.run(break_off(50))
    assert sent == []

"""Bodies are whole before a thread is spent on them, and nobody may take for ever to send one."""

import asyncio
from collections.abc import Sequence
from typing import Any

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

    gate = WholeBodies(pages, most=most, within_s=0.05 if not ends else 30)
    asyncio.run(gate({"type": "http", "method": method}, receive, send))
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

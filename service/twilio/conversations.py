"""An event loop of the gateway's own, kept open between batches with its connections."""

import asyncio
import atexit
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageList

from service.twilio.transport import Transport

T = TypeVar("T")


class Conversation:
    """Runs coroutines that speak to the carrier, one after the other, from ordinary code."""

    def __init__(
        self, api_url: str, *, account_sid: str, auth_token: str, connections: int, proxy: str
    ) -> None:
        self._api_url = api_url
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._connections = connections
        self._proxy = proxy
        self._opened: tuple[int, asyncio.Runner, Transport, MessageList] | None = None
        # What a forked child inherits must neither be used nor closed by it: the kernel's side of
        # an event loop is shared with the parent.
        self._inherited: list[object] = []

    def run(self, ask: Callable[[MessageList], Coroutine[Any, Any, T]]) -> T:
        """Return what *ask* answers; whatever interrupts it leaves no request behind."""
        if self._opened is not None and self._opened[0] != os.getpid():
            self._inherited.append(self._opened)
            self._opened = None
        _, runner, _, messages = self._opened = self._opened or self._open()
        try:
            return runner.run(ask(messages))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give back the connections; the next question opens them again."""
        if self._opened is None or self._opened[0] != os.getpid():
            return
        _, runner, transport, _ = self._opened
        self._opened = None
        atexit.unregister(self.close)
        with runner:
            runner.run(transport.close())

    def _open(self) -> tuple[int, asyncio.Runner, Transport, MessageList]:
        transport = Transport(
            self._api_url, account_sid=self._account_sid, auth_token=self._auth_token
        )
        client = Client(  # type: ignore[no-untyped-call]
            self._account_sid, self._auth_token, http_client=transport
        )
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        runner.run(transport.open(connections=self._connections, proxy=self._proxy))
        atexit.register(self.close)
        return os.getpid(), runner, transport, client.messages

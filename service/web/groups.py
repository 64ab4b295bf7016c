"""Groups: what comes in while one group is worked at is the next group."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class Groups(Generic[_Given, _Made]):
    """Has things worked at together, so that what a transaction costs is spent once a group.

    Nothing waits for a group to fill: whatever is there when the last one is done goes together.
    """

    def __init__(
        self,
        work: Callable[[list[_Given]], Awaitable[Sequence[_Made]]],
        *,
        largest: int,
        most_waiting: int,
    ) -> None:
        """Hand at most *largest* things at a time to *work*, which makes one thing of each."""
        self._work = work
        self._largest = largest
        self._most_waiting = most_waiting
        self._waiting: list[tuple[_Given, asyncio.Future[_Made]]] = []
        self._working: asyncio.Task[None] | None = None

    async def put(self, given: _Given) -> _Made | None:
        """Return what was made of *given*; None when too much waits already."""
        if len(self._waiting) >= self._most_waiting:
            return None
        made: asyncio.Future[_Made] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, made))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work_on())
        return await made

    async def close(self) -> None:
        """Finish what waits."""
        if self._working is not None:
            await self._working

    async def _work_on(self) -> None:
        while self._waiting:
            group = self._waiting[: self._largest]
            del self._waiting[: self._largest]
            every = await self._work([given for given, _ in group])
            for (_, future), made in zip(group, every, strict=True):
                # Who hung up has cancelled the future; what was asked for is done anyway.
                if not future.done():
                    future.set_result(made)

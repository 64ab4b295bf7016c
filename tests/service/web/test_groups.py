"""Groups: what comes in together is worked at together, and nobody is forgotten."""

import asyncio
from collections.abc import Sequence

from service.web.groups import Groups

Asked = list["asyncio.Task[int | None]"]


class Worker:
    """Doubles numbers, a group at a time, when it is let."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.has_begun = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def work(self, group: list[int]) -> Sequence[int]:
        self.groups.append(group)
        self.has_begun.set()
        await self.may_go_on.wait()
        return [2 * number for number in group]


async def asked_in_turn(worker: Worker, groups: Groups[int, int], most: int) -> Asked:
    """Put 0, and once that is worked at the numbers up to *most*."""
    asked = [asyncio.create_task(groups.put(0))]
    await worker.has_begun.wait()
    asked += [asyncio.create_task(groups.put(number)) for number in range(1, most + 1)]
    # One round of the loop lets every one of them be put.
    await asyncio.sleep(0)
    return asked


def test_what_comes_in_meanwhile_is_the_next_group() -> None:
    """The first goes alone, since nothing waits for a group to fill; the rest go together."""

    async def run() -> None:
        worker = Worker()
        groups = Groups(worker.work, largest=3, most_waiting=100)
        asked = await asked_in_turn(worker, groups, 5)
        worker.may_go_on.set()
        assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
        assert worker.groups == [[0], [1, 2, 3], [4, 5]]
        await groups.close()

    asyncio.run(run())


def test_beyond_the_most_that_may_wait_nobody_waits() -> None:
    """Whoever cannot be served soon is told so at once."""

    async def run() -> None:
        worker = Worker()
        groups = Groups(worker.work, largest=10, most_waiting=2)
        asked = await asked_in_turn(worker, groups, 2)
        assert await groups.put(3) is None
        worker.may_go_on.set()
        assert await asyncio.gather(*asked) == [0, 2, 4]

    asyncio.run(run())


def test_whoever_hangs_up_stops_nobody() -> None:
    """A connection that is closed while it waits takes nothing away from the others."""

    async def run() -> None:
        worker = Worker()
        groups = Groups(worker.work, largest=10, most_waiting=10)
        asked = await asked_in_turn(worker, groups, 2)
        asked[1].cancel()
        worker.may_go_on.set()
        said = await asyncio.gather(*asked, return_exceptions=True)
        assert said[0] == 0
        assert isinstance(said[1], asyncio.CancelledError)
        assert said[2] == 4

    asyncio.run(run())

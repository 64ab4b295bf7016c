"""Stores: what one process has read a moment ago, for whoever asks for the same meanwhile.

And `Together`: what must be read after it was asked for, read once for all who wait.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import perf_counter
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

FRESH = timedelta(seconds=1)
# What takes long to count is counted during a part of the time only; while one request does, the
# others are given what was counted before, for so long.
_TIMES_AS_LONG = 3
_BEARABLE = timedelta(seconds=3)
_MOST = 256


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is asked for, and the number of the last deed on record by then."""

    deed: int
    at: datetime


@dataclass(slots=True)
class _Place:
    """What was read under one name, at which moment, and for how long it is fresh."""

    making: Lock = field(default_factory=Lock)
    made: Moment | None = None
    fresh: timedelta = FRESH
    value: Any = None

    def holds(self, asked: Moment, *, longer: timedelta = timedelta()) -> bool:
        if self.made is None or self.made.deed < asked.deed:
            return False
        # Somebody else may have asked a little later; a clock that is set back makes nothing new.
        return abs(asked.at - self.made.at) < self.fresh + longer

    def fill(self, make: Callable[[], Any], asked: Moment, fresh: timedelta) -> None:
        begun = perf_counter()
        self.value = make()
        took = timedelta(seconds=perf_counter() - begun)
        self.made, self.fresh = asked, max(fresh, took * _TIMES_AS_LONG)


class Store:
    """What one process has read, the last asked for; none is from before anybody's last deed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def get(self, name: str, make: Callable[[], Any], asked: Moment, fresh: timedelta) -> Any:
        """Return what *make* made under *name*, or have it made anew, by one at a time."""
        place = self._place(name)
        if place.holds(asked):
            return place.value
        if place.making.acquire(blocking=not place.holds(asked, longer=_BEARABLE)):
            try:
                if not place.holds(asked):
                    place.fill(make, asked, fresh)
            finally:
                place.making.release()
        return place.value

    def _place(self, name: str) -> _Place:
        with self._lock:
            place = self._places.setdefault(name, _Place())
            self._places.move_to_end(name)
            if len(self._places) > _MOST:
                self._places.popitem(last=False)
            return place


class Together(Generic[Value]):
    """Reads one thing for all who ask before the reading begins, so none is shown an older state.

    Whoever asks while it is being read waits for the next reading, together with all the others.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading = Lock()
        self._next: list[Value] = []

    def get(self, read: Callable[[], Value]) -> Value:
        """Return what *read* finds when it is called after this moment, by whomever."""
        with self._lock:
            mine = self._next
        with self._reading:
            if not mine:
                with self._lock:
                    self._next = []
                mine.append(read())
        return mine[0]

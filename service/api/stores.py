"""Stores: what one process has read a moment ago, for whoever asks for the same meanwhile.

And `Together`: what must be true when it is asked for, read once for all who ask.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from threading import Lock
from time import monotonic, perf_counter
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

FRESH = timedelta(seconds=1)
# For what nothing changes but deeds and the calendar.
STEADY = timedelta(seconds=10)
# What takes long to count is counted during a tenth of the time only.
_TIMES_AS_LONG = 9
# While one request counts, the others are given what was counted before, for so much longer.
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
    """Reads one thing for all who ask before the reading begins, and for a while afterwards.

    With *holds_s* seconds of 0 nobody is shown a state from before they asked. Else whoever
    changes it waits for so long before saying that it is done: then nobody who has heard of that
    is shown the state before it. (A lease; Corbett et al., "Spanner", OSDI 2012, section 4.1.2,
    make whoever commits wait in the same way.)
    """

    def __init__(self, holds_s: float = 0) -> None:
        self.holds_s = holds_s
        self._reading = Lock()
        self._begun = -inf
        self._value: Value

    def get(self, read: Callable[[], Value]) -> Value:
        """Return what *read* found when it was last called, by whomever, or finds now."""
        asked = monotonic()
        if self._was_read(asked - self.holds_s / 2):
            return self._value
        # In the second half of its time one reads it anew, and nobody waits for that.
        if self._reading.acquire(blocking=not self._was_read(asked - self.holds_s)):
            try:
                if not self._was_read(asked - self.holds_s / 2):
                    begun = monotonic()
                    self._value = read()
                    self._begun = begun
            finally:
                self._reading.release()
        return self._value

    def _was_read(self, moment: float) -> bool:
        """Whether the last reading began at *moment* or later."""
        return self._begun >= moment

"""Desks: who takes calls about which topic, from which areas, at which hours."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from campaigns.local_time import ZONE, Hours, local_day
from hotline.documents import Document, Line, Name, Wording

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RING_S = 20
_LOOK_AHEAD_DAYS = 31


def _check_hours(written: str) -> str:
    Hours.read(written)
    return written


Stretch = Annotated[str, AfterValidator(_check_hours)]
Weekday = Annotated[str, StringConstraints(pattern=f"^({'|'.join(WEEKDAYS)})$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{6,14}$")]


class DeskLine(Document):
    """Numbers of a desk for some areas (codes with all below them; empty: everywhere)."""

    areas: tuple[str, ...] = ()
    numbers: Annotated[tuple[Number, ...], Field(min_length=1, max_length=5)]


class Desk(Document):
    """A desk: its hours by weekday, whether it keeps holidays, and where calls overflow to."""

    title: Wording
    is_danger: bool = False
    keeps_holidays: bool = True
    hours: Annotated[dict[Weekday, tuple[Stretch, ...]], Field(min_length=1)]
    lines: Annotated[tuple[DeskLine, ...], Field(min_length=1)]
    overflow: Name | None = None
    ring_s: Annotated[int, Field(ge=5, le=60)] = RING_S
    verified: bool = False
    note: Line | None = None

    def is_open(self, moment: datetime, holidays: Mapping[date, str]) -> bool:
        """Whether somebody of this desk takes calls at *moment*."""
        local = moment.astimezone(ZONE)
        if self.keeps_holidays and local.date() in holidays:
            return False
        stretches = self.hours.get(WEEKDAYS[local.weekday()], ())
        return any(Hours.read(stretch).are_open(moment) for stretch in stretches)

    def next_open(self, moment: datetime, holidays: Mapping[date, str]) -> datetime | None:
        """Return when somebody next takes calls, from *moment* on; None if not within a month."""
        midnight = datetime.combine(local_day(moment), time(), ZONE)
        for day in (midnight + timedelta(days=one) for one in range(_LOOK_AHEAD_DAYS)):
            if self.keeps_holidays and day.date() in holidays:
                continue
            stretches = self.hours.get(WEEKDAYS[day.weekday()], ())
            opens = [day + timedelta(minutes=Hours.read(one).opens) for one in stretches]
            coming = [one for one in sorted(opens) if one > moment]
            if coming:
                return coming[0]
        return None

    def numbers_for(self, areas: tuple[str, ...]) -> tuple[str, ...]:
        """Return the numbers for a caller who lives in *areas*, the nearest area first.

        The line of the nearest area that has one, else the one for everybody; a line for other
        areas is nobody's here.
        """
        for area in areas:
            for line in self.lines:
                if area in line.areas:
                    return line.numbers
        return next((line.numbers for line in self.lines if not line.areas), ())


class Desks(Document):
    """The file of desks, with the public holidays on which most of them rest."""

    holidays: dict[date, Line] = Field(default_factory=dict)
    desks: Annotated[dict[Name, Desk], Field(min_length=1)]

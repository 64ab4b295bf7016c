"""Local time: the province's clock, and the hours of the day in which people may be texted."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self, overload
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def local_day(moment: datetime) -> date:
    """Return the day that *moment* lies in by the province's clock."""
    return moment.astimezone(ZONE).date()


@overload
def local_iso(moment: datetime) -> str: ...
@overload
def local_iso(moment: datetime | None) -> str | None: ...
def local_iso(moment: datetime | None) -> str | None:
    """Write *moment* by the province's clock with its offset (RFC 3339); None if there is none."""
    return moment.astimezone(ZONE).isoformat() if moment else None


def local_minute(moment: datetime) -> str:
    """Write *moment* by the province's clock for people to read: ``21/11/2026 07:30``."""
    return f"{moment.astimezone(ZONE):%d/%m/%Y %H:%M}"


@dataclass(frozen=True, slots=True)
class Hours:
    """The part of every local day from *opens* to *closes*; both are minutes after midnight."""

    opens: int
    closes: int

    @classmethod
    def read(cls, written: str) -> Self:
        """Read ``07:00-21:00``; raise ValueError for anything else or for an empty stretch."""
        match = _HOURS.fullmatch(written.strip())
        if match is None:
            raise ValueError("write the hours as 07:00-21:00")
        hour, minute, last_hour, last_minute = (int(part) for part in match.groups())
        hours = cls(hour * 60 + minute, last_hour * 60 + last_minute)
        if not 0 <= hours.opens < hours.closes <= 24 * 60:
            raise ValueError("the hours must begin before they end, on one day")
        return hours

    def __str__(self) -> str:
        return (
            f"{self.opens // 60:02}:{self.opens % 60:02}-"
            f"{self.closes // 60:02}:{self.closes % 60:02}"
        )

    def are_open(self, moment: datetime) -> bool:
        local = moment.astimezone(ZONE)
        return self.opens <= local.hour * 60 + local.minute < self.closes

    def next_open(self, moment: datetime) -> datetime:
        """Return *moment* itself if open, else the next moment at which the hours open."""
        if self.are_open(moment):
            return moment
        local = moment.astimezone(ZONE)
        midnight = datetime.combine(local.date(), time(), ZONE)
        opening = midnight + timedelta(minutes=self.opens)
        return (opening if opening >= local else opening + timedelta(days=1)).astimezone(UTC)

    def closing(self, moment: datetime) -> datetime:
        """Return when the stretch that *moment* lies in closes; *moment* must be open."""
        local = moment.astimezone(ZONE)
        closing = datetime.combine(local.date(), time(), ZONE) + timedelta(minutes=self.closes)
        return closing.astimezone(UTC)


ALL_DAY = Hours(0, 24 * 60)

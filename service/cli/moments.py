"""Moments on the command line, written as people in the province write them."""

import re
from datetime import datetime

import click

from campaigns.levels import read_moment

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOCAL_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class Moment(click.ParamType[datetime]):
    """A moment such as 2026-11-21T06:00+07:00; without an offset it is the province's time."""

    name = "moment"

    def __init__(self, *, takes_days: bool = False) -> None:
        """Take a day alone too, as its first moment, if *takes_days*."""
        self._takes_days = takes_days

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        written = str(value).strip()
        if self._takes_days and (day := _as_day(written)):
            written = f"{day}T00:00"
        try:
            return read_moment(written)
        except ValueError as wrong:
            or_day = " A day alone may be given as 2021-10-30 or 30/10/2021."
            self.fail(f"{wrong}{or_day if self._takes_days else ''}", param, ctx)


def _as_day(written: str) -> str:
    """Return the day that *written* is, as ISO 8601 has it; nothing for what is no day alone."""
    if _DAY.fullmatch(written):
        return written
    match = _LOCAL_DAY.fullmatch(written)
    return f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}" if match else ""

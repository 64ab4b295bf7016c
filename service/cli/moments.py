"""Moments on the command line, written as people in the province write them."""

import re
from datetime import datetime

import click

from campaigns.levels import read_moment

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


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
        written = str(value)
        if self._takes_days and _DAY.fullmatch(written):
            written += "T00:00"
        try:
            return read_moment(written)
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)

"""Moments on the command line, written as people in the province write them."""

from datetime import datetime

import click

from campaigns.levels import read_moment


class Moment(click.ParamType[datetime]):
    """A moment such as 2026-11-21T06:00+07:00; without an offset it is the province's time."""

    name = "moment"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)

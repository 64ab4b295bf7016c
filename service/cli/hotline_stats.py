"""``loa hotline stats``: how the hotline is used, in tables or as JSON for plots."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import click
from rich.console import RenderableType
from rich.table import Table

from campaigns.local_time import local_minute
from hotline.statistics import (
    SMALLEST_GROUP,
    USUAL_STRETCH,
    CallStatistics,
    count_calls,
    echo_of,
)
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources

_TABLES = (
    ("By topic", "by_topic"),
    ("By language", "by_language"),
    ("By commune", "by_area"),
    ("Answers heard", "answers"),
    ("Where callers hung up", "drop_points"),
    ("Left to be worked", "tickets"),
    ("Texts that came in", "texts"),
)


@click.command("stats")
@click.option(
    "--from", "since", type=Moment(takes_days=True), help="Beginning; seven days ago when left out."
)
@click.option("--to", "until", type=Moment(takes_days=True), help="End; now when left out.")
@click.option("--broadcast", type=int, help="Also: calls per 1,000 texts of this broadcast.")
@answering
def stats(since: datetime | None, until: datetime | None, broadcast: int | None) -> Answer:
    """Count calls by topic, commune, language and hour, where callers gave up, and texts.

    No telephone number is in any of it. Communes with fewer than five calls are shown as 0, so
    that nobody can be singled out.
    """
    with open_resources() as resources, reading(resources.sessions) as session:
        end = until or resources.now()
        begin = since or end - USUAL_STRETCH
        if begin >= end:
            raise click.UsageError("--from must be before --to.")
        counted = count_calls(session, since=begin, until=end)
        echo = None if broadcast is None else echo_of(session, broadcast)
    document = counted.document()
    if broadcast is not None:
        document["broadcast"] = {"id": broadcast, "calls_per_1000_texts": echo}
    return Answer(document, _show(counted, echo))


def _show(counted: CallStatistics, echo: float | None) -> list[RenderableType]:
    began, ended = (local_minute(moment) for moment in (counted.since, counted.until))
    waited = counted.to_first_answer
    lines = [
        f"{counted.calls:,} calls from {began} to {ended}.",
        f"{counted.unanswered:,} of them heard no answer, reached nobody and left nothing.",
    ]
    if waited.median is not None:
        lines.append(f"First answer after {waited.median:.0f} s (one in ten: {waited.p90:.0f} s).")
    rung = counted.transfers
    if rung.rung:
        lines.append(f"A desk was rung {rung.rung:,} times and answered {rung.answered:,} times.")
    if echo is not None:
        lines.append(f"{echo:.1f} calls per 1,000 texts of that broadcast within 48 hours.")
    tables = [_table(title, getattr(counted, name)) for title, name in _TABLES]
    return [*lines, *tables, _table("By hour of the day", _by_hour_of_day(counted.by_hour))]


def _by_hour_of_day(by_hour: Mapping[str, int]) -> dict[str, int]:
    """Add up the hours of all days, which are written ``2026-11-21 08:00``."""
    added: Counter[str] = Counter()
    for hour, calls in by_hour.items():
        added[hour.rpartition(" ")[2]] += calls
    return dict(sorted(added.items()))


def _table(title: str, counts: dict[str, int]) -> Table:
    table = Table(title, "")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}" if count else f"under {SMALLEST_GROUP}")
    return table

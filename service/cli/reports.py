"""Commands that report what became of texts."""

from datetime import datetime, timedelta

import click
from rich.console import RenderableType
from rich.table import Table

from campaigns.carriers.quiet import quiet_carriers
from campaigns.carriers.truth import CarrierHour, count_hours
from campaigns.local_time import ZONE, local_iso
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources

_SHARES = ("network", "handset", "failed", "silent")


@click.group()
def reports() -> None:
    """What became of texts."""


@reports.command("carriers")
@click.option("--date", "day", type=Moment(takes_days=True), help="A day; today when left out.")
@answering
def carriers(day: datetime | None) -> Answer:
    """Show, by network and hour of handing over, what became of texts and how sure that is."""
    with open_resources() as resources, reading(resources.sessions) as session:
        local = (day or resources.now()).astimezone(ZONE)
        begins = local.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = count_hours(session, begins=begins, ends=begins + timedelta(days=1))
        quiet = quiet_carriers(session, now=resources.now())
    document = {
        "day": begins.date().isoformat(),
        "hours": [_describe(one) for one in hours],
        "quiet": [one.document() for one in quiet],
    }
    return Answer(document, _show(hours, [one.sentence for one in quiet]))


def _describe(one: CarrierHour) -> dict[str, object]:
    return one.document() | {"hour": local_iso(one.hour)}


def _show(hours: list[CarrierHour], quiet: list[str]) -> list[RenderableType]:
    table = Table("network", "hour", "accepted", *_SHARES, "unknown", box=None)
    for one in hours:
        shares = one.shares()
        table.add_row(
            one.carrier or "not known",
            f"{one.hour.astimezone(ZONE):%H:00}",
            f"{one.accepted:,}",
            *(f"{shares[name].part:,} ({shares[name].said})" for name in _SHARES),
            f"{one.unknown:,}",
        )
    shown: list[RenderableType] = [f"[bold red]{sentence}[/bold red]" for sentence in quiet]
    return [*shown, table if hours else "Nothing was handed over on that day."]

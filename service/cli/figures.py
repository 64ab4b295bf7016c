"""Commands about the day's figures, which texts and answers may quote."""

from pathlib import Path

import click
from rich.table import Table

from campaigns.figures import FIGURES, Delivered, choose_figures, due_on, latest_figures
from campaigns.local_time import local_minute
from campaigns.people import get_person
from service.cli.output import Answer, answering
from service.database import reading
from service.figures import deliver, read_figures
from service.resources import open_resources


@click.group()
def figures() -> None:
    """The day's figures, from the health data owner."""


@figures.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, help="The health data owner's login.")
@answering
def load(file: Path, user: str) -> Answer:
    """Take over the figures in FILE, a CSV: day,as_of,source and a column for each figure.

    All of them or none. Figures delivered again for a day correct it.
    """
    given = list(read_figures(file))
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, user)
        for day in given:
            deliver(session, person, day, now=resources.now())
    days = ", ".join(f"{day.counted_on:%d/%m/%Y}" for day in given) or "no day"
    return Answer({"days": [day.counted_on.isoformat() for day in given]}, [f"Kept: {days}."])


@figures.command("show")
@answering
def show() -> Answer:
    """Show the newest figures, and whether they may be quoted at this moment."""
    with open_resources() as resources, reading(resources.sessions) as session:
        now = resources.now()
        known = sorted(latest_figures(session), key=lambda one: one.counted_on, reverse=True)
        quoted = choose_figures(known, at=now)
    table = Table("day", "up to", "source", *FIGURES, box=None)
    for day in known:
        counts = (str(day.figures.get(name, "")) for name in FIGURES)
        up_to = local_minute(day.as_of)
        table.add_row(f"{day.counted_on:%d/%m/%Y}", up_to, day.source, *counts)
    due = due_on(now)
    said = (
        f"Texts and answers quote those of {quoted.counted_on:%d/%m/%Y}."
        if quoted
        else f"Those of {due:%d/%m/%Y} are missing: nothing that quotes figures is signed or said."
    )
    document = {
        "due_on": due.isoformat(),
        "quoted": quoted.counted_on.isoformat() if quoted else None,
        "days": [_document(day) for day in known],
    }
    return Answer(document, [table, said])


def _document(day: Delivered) -> dict[str, object]:
    return {
        "day": day.counted_on.isoformat(),
        "as_of": day.as_of.isoformat(),
        "source": day.source,
        "figures": dict(day.figures),
    }

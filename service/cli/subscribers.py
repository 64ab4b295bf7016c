"""Commands about subscribers: lists that come in, and what single people say about consent."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from campaigns.areas import list_areas
from campaigns.local_time import local_day, local_minute
from campaigns.phones import read_phone
from campaigns.sealing import mask
from campaigns.subscribers.consent import (
    consent_history,
    get_subscriber,
    opt_in,
)
from campaigns.subscribers.counts import count_subscribers
from campaigns.subscribers.languages import NAMES
from campaigns.subscribers.sheets import Row, Sheet
from service.cli.opt_outs import opt_out_command, opt_out_list_command
from service.cli.output import NOTES, Answer, answering
from service.database import reading
from service.erasing import erase_everywhere
from service.lists import Imported, Watch, describe_outcome, import_list
from service.resources import Resources, open_resources

A_LIST = click.Path(exists=True, dir_okay=False, path_type=Path)
_ROWS_BETWEEN_LOOKS = 2000
# Enough to tell one proof from another; whole it is in the JSON.
_SHOWN_OF_EVIDENCE = 12
_COUNTED = ("entered", "changed", "returned", "left")


@click.group()
def subscribers() -> None:
    """People who receive texts."""


subscribers.add_command(opt_out_command)
subscribers.add_command(opt_out_list_command)


@subscribers.command("import")
@click.argument("file", type=A_LIST)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused rows go, to be mended and imported again. Without this, rows that are "
    "refused go to a new file beside FILE, named like it: list.rejects.csv.",
)
@click.option("--dry-run", is_flag=True, help="Say who would enter, change and leave; do nothing.")
@click.option("--area", "area_code", help="The area's code for rows that do not name one.")
@click.option(
    "--complete",
    is_flag=True,
    help="FILE is all there is of the communes it names: whoever lives there and is not in it "
    "leaves. Without this nobody leaves.",
)
@answering
def import_command(
    file: Path,
    rejects: Path | None,
    dry_run: bool,  # noqa: FBT001 - click
    area_code: str | None,
    complete: bool,  # noqa: FBT001 - click
) -> Answer:
    """Take over the list in FILE: a CSV, XLSX or NDJSON.

    Columns, in any order, also under Vietnamese headings: phone (số điện thoại), area (mã xã),
    language (ngôn ngữ), tags (nhãn), consent (nguồn), consent_at (ngày đồng ý). Either the whole
    list is taken over, but for the rows that are refused, or nothing; it can be imported again
    at any time. Nobody who opted out or was erased comes back by a list.
    """
    with open_resources() as resources:
        with _progress() as watch:
            imported = import_list(
                resources.sessions,
                file,
                sealer=resources.sealer,
                now=resources.now(),
                area_code=area_code,
                complete=complete,
                dry_run=dry_run,
                rejects=rejects,
                watch=watch,
            )
        names = _area_names(resources)
    outcome = imported.outcome
    nothing_usable = outcome.rows_read == sum(outcome.rows_rejected.values())
    return Answer(
        _import_document(imported, dry_run=dry_run),
        _show_import(imported, names, dry_run=dry_run),
        refused=nothing_usable,
    )


@subscribers.command("count")
@answering
def count() -> Answer:
    """Count who may be texted now, by commune, language and carrier."""
    with open_resources() as resources, reading(resources.sessions) as session:
        counts = count_subscribers(session)
        names = _area_names(resources)
    others = f"{counts.opted_out:,} opted out, {counts.left:,} left, {counts.erased:,} erased"
    shown: list[RenderableType] = [f"{counts.reachable:,} may be texted; {others}."]
    for title, split, known in (
        ("commune", counts.by_area, names),
        ("language", counts.by_language, NAMES),
        ("carrier", counts.by_carrier, {}),
    ):
        if split:
            table = Table(title, "", "people", box=None)
            table.columns[-1].justify = "right"
            for key, people in split.items():
                table.add_row(key, known.get(key, ""), f"{people:,}")
            shown.append(table)
    return Answer(asdict(counts), shown)


@subscribers.command("opt-in")
@click.argument("number")
@click.option("--source", required=True, help="How this was said: hotline, letter, visit ...")
@answering
def opt_in_command(number: str, source: str) -> Answer:
    """Send texts to NUMBER again, because its owner says so."""
    return _record(opt_in, number, source, state="opted_in", said="receives texts again")


@subscribers.command("erase")
@click.argument("number")
@click.option(
    "--source", default="erasure asked for", show_default=True, help="How this was asked for."
)
@answering
def erase_command(number: str, source: str) -> Answer:
    """Forget who has NUMBER; all that stays is that it must not be texted."""
    return _record(erase_everywhere, number, source, state="erased", said="is erased")


@subscribers.command("history")
@click.argument("number")
@answering
def history(number: str) -> Answer:
    """List what was said about texting NUMBER, when, and how it reached us."""
    phone = read_phone(number)
    with open_resources() as resources, reading(resources.sessions) as session:
        subscriber = get_subscriber(session, phone, sealer=resources.sealer)
        events = consent_history(session, subscriber)
    table = Table(
        *("said", "about", "at", "source", "recorded", "evidence"), title=mask(phone), box=None
    )
    for event in events:
        said, recorded = (local_minute(moment) for moment in (event.at, event.recorded_at))
        about, evidence = event.topic or "all", event.evidence[:_SHOWN_OF_EVIDENCE]
        table.add_row(event.kind.value, about, said, event.source, recorded, evidence)
    document = [
        {
            "kind": event.kind.value,
            "topic": event.topic,
            "evidence": event.evidence,
            "at": event.at.isoformat(),
            "source": event.source,
            "recorded_at": event.recorded_at.isoformat(),
        }
        for event in events
    ]
    return Answer({"number": mask(phone), "events": document}, [table])


def _record(
    record: Callable[..., object], number: str, source: str, *, state: str, said: str
) -> Answer:
    """Have *record* note what the owner of *number* says; answer what that means."""
    with open_resources() as resources, resources.sessions.begin() as session:
        phone = read_phone(number)
        record(session, phone, source=source, sealer=resources.sealer, now=resources.now())
    return Answer({"number": mask(phone), "done": state}, [f"{mask(phone)} {said}."])


def _area_names(resources: Resources) -> dict[str, str]:
    with reading(resources.sessions) as session:
        today = local_day(resources.now())
        return {area.code: area.full_name for area in list_areas(session, on=today)}


@contextmanager
def _progress() -> Iterator[Watch]:
    """Show on stderr how far a list is read, where a person looks on."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=NOTES, disable=not NOTES.is_terminal
    ) as progress:

        def watch(sheet: Sheet, rows: Iterable[Row]) -> Iterator[Row]:
            task = progress.add_task(f"Reading {sheet.name}", total=1.0)
            for looked, row in enumerate(rows):
                if looked % _ROWS_BETWEEN_LOOKS == 0:
                    progress.update(task, completed=sheet.done())
                yield row
            progress.update(task, completed=1.0, description=f"Merging {sheet.name}")

        yield watch


def _import_document(imported: Imported, *, dry_run: bool) -> dict[str, object]:
    rejects = str(imported.rejects) if imported.rejects else None
    return {"dry_run": dry_run, **describe_outcome(imported.outcome), "rejects": rejects}


def _show_import(
    imported: Imported, names: dict[str, str], *, dry_run: bool
) -> list[RenderableType]:
    outcome, merged = imported.outcome, imported.outcome.merged
    would = "would " if dry_run else ""
    shown: list[RenderableType] = [f"[yellow]{warning}[/yellow]" for warning in outcome.warnings]
    shown.append(
        f"{outcome.rows_read:,} rows: {merged.entered:,} people {would}enter, {merged.changed:,} "
        f"{would}change, {merged.returned:,} {would}return, {merged.left:,} {would}leave; "
        f"{merged.unchanged:,} stay as they are, {outcome.duplicates:,} rows repeat a number."
    )
    if not outcome.rows_read:
        shown.append("The list has a heading and no rows below it.")
    if merged.opted_out or merged.erased:
        shown.append(
            f"{merged.opted_out:,} of them stay opted out and {merged.erased:,} stay erased."
        )
    if any(set(split) & set(_COUNTED) for split in merged.by_area.values()):
        table = Table("commune", "", *_COUNTED, box=None)
        for code, split in merged.by_area.items():
            table.add_row(code, names.get(code, ""), *(f"{split.get(c, 0):,}" for c in _COUNTED))
        shown.append(table)
    if outcome.rows_rejected:
        refused = ", ".join(f"{n:,} {reason}" for reason, n in outcome.rows_rejected.items())
        where = f" They are in {imported.rejects}; mend them there and import that file."
        shown.append(f"Refused rows: {refused}.{where if imported.rejects else ''}")
        if dry_run and not imported.rejects:
            shown.append("Add --rejects FILE to have them written down with their reasons.")
    return shown

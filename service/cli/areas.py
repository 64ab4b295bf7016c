"""Commands about areas and their epidemic levels."""

from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from sqlalchemy.orm import Session

from campaigns.areas import (
    LANG_SON,
    Area,
    get_area,
    list_areas,
    read_area_rows,
)
from campaigns.levels import (
    DEFAULT_SCHEME,
    LevelDecision,
    announced_levels,
    decide_level,
    get_level,
    level_history,
    levels_at,
    load_level_path,
)
from campaigns.local_time import local_day, local_iso, local_minute
from campaigns.recodings import Recoded, read_recoding_rows
from service.area_files import load_tree, recode_everywhere
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.resources import open_resources

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def areas() -> None:
    """Areas and their epidemic levels."""


@areas.group()
def levels() -> None:
    """The level decisions of areas: dated, documented, never computed."""


@areas.command("load")
@click.argument("file", type=A_FILE, required=False)
@click.option("--lang-son", is_flag=True, help="Load the tree of Lạng Sơn that comes with Loa.")
@answering
def load(file: Path | None, lang_son: bool) -> Answer:  # noqa: FBT001 - click
    """Load an area tree from FILE, a CSV with code,name,kind,parent,valid_from,valid_to,tags.

    Loading a file again changes what differs; nothing is ever deleted.
    """
    if (file is None) is not lang_son:
        raise click.UsageError("Name a FILE, or say --lang-son.")
    with open_resources() as resources, resources.sessions.begin() as session:
        source = file or LANG_SON
        rows = read_area_rows(source)
        loaded = load_tree(session, rows, name=source.name, now=resources.now())
    document = {"added": loaded.added, "changed": loaded.changed, "unchanged": loaded.unchanged}
    shown = f"{loaded.added} areas added, {loaded.changed} changed, {loaded.unchanged} as before."
    return Answer(document, [shown])


@areas.command("list")
@click.option("--at", type=Moment(), help="The moment to look at; now when left out.")
@answering
def list_command(at: datetime | None) -> Answer:
    """List the areas of a day with the level each is at."""
    with open_resources() as resources, resources.sessions() as session:
        moment = at or resources.now()
        known = list_areas(session, on=local_day(moment))
        decided = levels_at(session, at=moment)
    table = Table("code", "area", "in", "level", "since", "document", "tags", box=None)
    for area in known:
        decision = decided.get(area.code)
        cells = _decision_cells(decision) if decision else ("-", "", "")
        table.add_row(
            area.code, area.full_name, area.parent_code or "", *cells, ", ".join(area.tag_list)
        )
    return Answer([_area_document(area, decided.get(area.code)) for area in known], [table])


@areas.command("recode")
@click.argument("file", type=A_FILE)
@answering
def recode(file: Path) -> Answer:
    """Move people from old area codes to new ones by FILE, a CSV with old,new,on.

    Load the new tree first. Several old codes may become one; where one becomes several, import
    a list with the new codes instead. Loading a file again moves nobody again.
    """
    with open_resources() as resources, resources.sessions.begin() as session:
        rows = read_recoding_rows(file)
        done = recode_everywhere(session, rows, name=file.name, now=resources.now())
    moved = sum(one.moved for one in done)
    known = sum(one.is_known for one in done)
    shown = [f"{moved:,} people moved by {len(done) - known} recodings; {known} known before."]
    shown += [
        f"{one.recoding.old_code} goes on after that day; end it with `loa areas load`."
        for one in done
        if one.still_valid
    ]
    return Answer(
        {"moved": moved, "recodings": [_recoding_document(one) for one in done]}, [*shown]
    )


@levels.command("load")
@click.argument("file", type=A_FILE)
@answering
def load_levels_command(file: Path) -> Answer:
    """Load level decisions from FILE, a CSV with area,level,from,document[,scheme].

    Either every line is taken over or none.
    """
    with open_resources() as resources, resources.sessions.begin() as session:
        count = load_level_path(session, file, now=resources.now())
    return Answer({"decisions": count}, [f"{count} decisions are on record."])


@levels.command("set")
@click.argument("code")
@click.option("--level", type=int, required=True, help="The level, as the decision says.")
@click.option(
    "--from",
    "effective_at",
    type=Moment(),
    required=True,
    help="From when, with the hour: 2026-12-01T00:00+07:00.",
)
@click.option("--document", required=True, help="The decision's number, such as 1825/QĐ-UBND.")
@click.option("--scheme", default=DEFAULT_SCHEME, show_default=True, help="The level scheme.")
@answering
def set_command(
    code: str, level: int, effective_at: datetime, document: str, scheme: str
) -> Answer:
    """Record one decision: area CODE is at a level from a moment on."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        area = get_area(session, code, on=local_day(now))
        decision = decide_level(
            session,
            code,
            level=level,
            effective_at=effective_at,
            document=document,
            scheme=scheme,
            now=now,
        )
        colour = get_level(scheme, level).colour("vi")
        shown = (
            f"{area.full_name} ({code}): level {level} ({colour}) from "
            f"{local_minute(effective_at)}, {document}."
        )
        return Answer(_decision_document(decision), [shown])


@levels.command("list")
@click.option("--at", type=Moment(), help="The moment to look at; now when left out.")
@answering
def list_levels_command(at: datetime | None) -> Answer:
    """List the decisions in force, and those announced for later."""
    with open_resources() as resources, resources.sessions() as session:
        moment = at or resources.now()
        current = levels_at(session, at=moment)
        coming = announced_levels(session, now=moment)
        names = _names(session, moment)
    table = Table("code", "area", "level", "from", "document", "", box=None)
    for note, decisions in (("in force", current), ("announced", coming)):
        for code, decision in sorted(decisions.items()):
            table.add_row(code, names.get(code, ""), *_decision_cells(decision), note)
    document = {
        "in_force": [_decision_document(decision) for decision in current.values()],
        "announced": [_decision_document(decision) for decision in coming.values()],
    }
    return Answer(document, [table])


@levels.command("history")
@click.argument("code")
@answering
def history_command(code: str) -> Answer:
    """Show every decision ever recorded about area CODE, the newest first."""
    with open_resources() as resources, resources.sessions() as session:
        decisions = level_history(session, code)
    table = Table("level", "from", "document", "recorded", box=None)
    for decision in decisions:
        table.add_row(*_decision_cells(decision), local_minute(decision.recorded_at))
    return Answer([_decision_document(decision) for decision in decisions], [table])


def _names(session: Session, moment: datetime) -> dict[str, str]:
    known = list_areas(session, on=local_day(moment))
    return {area.code: area.full_name for area in known}


def _decision_cells(decision: LevelDecision) -> tuple[str, str, str]:
    colour = get_level(decision.scheme, decision.level).colour("vi")
    return f"{decision.level} {colour}", local_minute(decision.effective_at), decision.document


def _area_document(area: Area, decision: LevelDecision | None) -> dict[str, object]:
    return {
        "code": area.code,
        "name": area.name,
        "kind": area.kind,
        "parent": area.parent_code,
        "valid_from": area.valid_from.isoformat(),
        "valid_to": area.valid_to.isoformat() if area.valid_to else None,
        "tags": area.tag_list,
        "level": _decision_document(decision) if decision else None,
    }


def _decision_document(decision: LevelDecision) -> dict[str, object]:
    return {
        "area": decision.area_code,
        "scheme": decision.scheme,
        "level": decision.level,
        "colour": get_level(decision.scheme, decision.level).colour("vi"),
        "from": local_iso(decision.effective_at),
        "document": decision.document,
    }


def _recoding_document(done: Recoded) -> dict[str, object]:
    return {
        "old": done.recoding.old_code,
        "new": done.recoding.new_code,
        "on": done.recoding.recoded_on.isoformat(),
        "moved": done.moved,
        "known": done.is_known,
        "old_still_valid": done.still_valid,
    }

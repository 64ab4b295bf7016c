"""Commands about the hotline: what it says, who approved it, and how to try it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from campaigns.local_time import local_minute
from campaigns.people import get_person
from campaigns.subscribers.languages import NAMES
from hotline.answers.bank import AnswerBank, load_bank
from hotline.answers.versions import (
    AnswerVersion,
    approve_answers,
    approve_waiting,
    newest_versions,
)
from hotline.loading import load_set, read_set, shipped_files
from service.cli.authors import caution_about, find_author
from service.cli.hotline_call import call
from service.cli.hotline_declarations import declarations
from service.cli.hotline_recordings import record, recordings, unrecorded
from service.cli.hotline_stats import stats
from service.cli.hotline_tickets import ticket, tickets
from service.cli.hotline_views import outline, show_outline
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources
from service.script_files import read_files

A_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def hotline() -> None:
    """What the hotline says, who approved it, and how to try it."""


for _command in (call, declarations, record, recordings, stats, ticket, tickets):
    hotline.add_command(_command)


@hotline.command("check")
@click.argument("directory", type=A_DIRECTORY, required=False)
@answering
def check(directory: Path | None) -> Answer:
    """Check the hotline's files in DIRECTORY, or those shipped with Loa, and draw the menus.

    Every key must lead somewhere, no way may be longer than three menus or 45 seconds, and
    everything must be written in every language. What nobody has recorded yet in the languages
    that no machine speaks is listed: until then callers in these hear an apology and
    Vietnamese. Needs no database and changes nothing.
    """
    found = read_set(read_files(directory) if directory else shipped_files())
    heading = f"{found.script.title}: {len(found.script.nodes)} nodes, {len(found.answers)} answers"
    shown: list[RenderableType] = [Text(f"{heading}; no fault.", style="green")]
    document = outline(found)
    missing = unrecorded(found)
    shown += [
        Text(f"Not recorded in {NAMES[language]}, {len(names)}: {', '.join(names)}", "yellow")
        for language, names in missing.items()
        if names
    ]
    checked = {"valid": True, "outline": document, "missing_recordings": missing}
    return Answer(checked, [*shown, show_outline(document)])


@hotline.command("load")
@click.argument("directory", type=A_DIRECTORY, required=False)
@click.option("--user", help="Who wrote it; LOA_USER or the account's name when left out.")
@answering
def load(directory: Path | None, user: str | None) -> Answer:
    """Take over the hotline's files from DIRECTORY, or those shipped with Loa.

    The menus hold from the next turn of any call on. Answers that say something else than before
    wait for approval; until then the approved ones are spoken. A set with any fault is refused,
    and what runs stays.
    """
    found = read_set(read_files(directory) if directory else shipped_files())
    with open_resources() as resources, resources.sessions.begin() as session:
        author = find_author(session, user)
        caution = caution_about(session, author)
        loaded = load_set(session, found, author=author, now=resources.now())
    said = f"Edition {loaded.edition} runs. {loaded.answers} answers wait for approval."
    following = "Have them approved: loa hotline approve --all --user LOGIN"
    shown = [said, *([following] if loaded.answers else [])]
    if loaded.answers:
        shown += caution
    document = {"edition": loaded.edition, "answers_waiting": loaded.answers, "author": author}
    return Answer(document, [Text(line) for line in shown])


@hotline.command("answers")
@click.option("--at", type=Moment(), help="The moment to look at; now when left out.")
@answering
def answers(at: datetime | None) -> Answer:
    """List the answers: which are true now, until when, and who approved them."""
    with open_resources() as resources, reading(resources.sessions) as session:
        moment = at or resources.now()
        newest = newest_versions(session)
        bank = load_bank(session)
        rows = [_describe(version, bank, moment) for version in newest]
    table = Table("Code", "Version", "Topic", "From", "Until", "Approved by", "Spoken now")
    for row in rows:
        table.add_row(
            row["code"],
            str(row["version"]),
            row["topic"],
            _day(row["from"]),
            _day(row["until"]),
            row["approved_by"] or f"waits for {row['needs']}",
            row["spoken_now"] or "no",
        )
    return Answer({"at": moment.isoformat(), "answers": rows}, [table])


@hotline.command("approve")
@click.argument("codes", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every answer that waits for this person.")
@click.option("--user", required=True, help="Who approves; see `loa users list`.")
@answering
def approve(codes: tuple[str, ...], every: bool, user: str) -> Answer:  # noqa: FBT001 - click
    """Approve the newest version of the answers CODES, so that they may be spoken.

    Nobody approves what they wrote. Medical answers need the role health_data_owner, the others
    content_approver.
    """
    if every == bool(codes):
        raise click.UsageError("Name the answers, or give --all.")
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, user)
        now = resources.now()
        approved = (
            approve_waiting(session, person, now=now)
            if every
            else approve_answers(session, codes, person=person, now=now)
        )
        named = [f"{version.code} (version {version.version})" for version in approved]
    said = f"Approved by {user}: {', '.join(named)}." if named else "Nothing waited for approval."
    return Answer({"approved": named, "by": user}, [Text(said)])


def _describe(version: AnswerVersion, bank: AnswerBank, moment: datetime) -> dict[str, Any]:
    answer = version.answer
    spoken = bank.find(version.code, at=moment)
    return {
        "code": version.code,
        "version": version.version,
        "topic": version.topic,
        "question": answer.question,
        "source": answer.source,
        "from": answer.valid.from_.isoformat(),
        "until": answer.valid.until.isoformat() if answer.valid.until else None,
        "written_by": version.author,
        "approved_by": version.approver or None,
        "needs": version.needed_role.value,
        "spoken_now": f"{spoken.code} v{spoken.version}" if spoken else None,
    }


def _day(written: str | None) -> str:
    return local_minute(datetime.fromisoformat(written)) if written else "–"

"""Commands about health declarations by keypad: which there are, what one says, and its end."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from campaigns.local_time import ZONE
from campaigns.people import get_person
from hotline.declaration_work import ReadDeclaration, erase_declaration, read_declaration
from hotline.declarations.records import Declaration, list_declarations
from service.cli.new_files import to_file
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import Resources, open_resources
from service.stored_files import store
from service.voice_files import open_voice_file


@click.group("declarations")
def declarations() -> None:
    """Health declarations by keypad: sealed, and deleted in time."""


@declarations.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="At most so many.",
)
@answering
def list_command(limit: int) -> Answer:
    """List the newest declarations, without what is in them."""
    with open_resources() as resources, reading(resources.sessions) as session:
        rows = [_describe(one) for one in list_declarations(session, limit=limit)]
    table = Table("Reference", "Begun", "Complete", "Deleted on")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return Answer({"declarations": rows}, [table])


@declarations.command("show")
@click.argument("reference")
@click.option("--user", required=True, help="Who reads; needs the role health_data_owner.")
@answering
def show(reference: str, user: str) -> Answer:
    """Show what the declaration REFERENCE says, to the health department alone."""
    with open_resources() as resources, resources.sessions.begin() as session:
        said = _read(session, reference, user, resources=resources)
        described = _describe(said.declaration)
        spoken = {question: voice.seconds for question, voice in said.spoken.items()}
    table = Table("Question", "Answer")
    for question, keyed in said.keyed.items():
        table.add_row(question, keyed)
    for question, seconds in spoken.items():
        table.add_row(question, f"spoken, {seconds} s")
    return Answer(described | {"answers": dict(said.keyed), "spoken_seconds": spoken}, [table])


@declarations.command("voice")
@click.argument("reference")
@click.argument("question")
@to_file
@click.option("--user", required=True, help="Who listens; needs the role health_data_owner.")
@answering
def voice(reference: str, question: str, out: Path, user: str) -> Answer:
    """Write what was spoken to QUESTION of REFERENCE to a file that only you can read."""
    with open_resources() as resources, resources.sessions.begin() as session:
        said = _read(session, reference, user, resources=resources)
        sound = open_voice_file(resources, said.spoken.get(question))
    store(out.parent, out.name, sound)
    return Answer({"reference": reference, "file": str(out)}, [Text(f"Written to {out}.")])


@declarations.command("erase")
@click.argument("reference")
@answering
def erase(reference: str) -> Answer:
    """Delete the declaration REFERENCE now, for instance because its caller asks for it."""
    with open_resources() as resources, resources.sessions.begin() as session:
        erase_declaration(session, reference, now=resources.now())
    return Answer({"erased": reference}, [Text(f"Declaration {reference} is deleted.")])


def _read(session: Session, reference: str, login: str, *, resources: Resources) -> ReadDeclaration:
    person = get_person(session, login)
    return read_declaration(
        session, reference, person, sealer=resources.sealer, now=resources.now()
    )


def _describe(declaration: Declaration) -> dict[str, object]:
    return {
        "reference": declaration.reference,
        "begun_at": f"{declaration.begun_at.astimezone(ZONE):%Y-%m-%dT%H:%M%z}",
        "is_complete": declaration.is_complete,
        "deleted_on": f"{declaration.delete_at.astimezone(ZONE):%Y-%m-%d}",
    }

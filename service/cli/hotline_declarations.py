"""Commands about health declarations by keypad: which there are, what one says, and its end."""

import click
from rich.table import Table
from rich.text import Text

from campaigns.audit import record
from campaigns.errors import PersonError
from campaigns.local_time import ZONE
from campaigns.people import Role, get_person
from hotline.declarations.records import Declaration, get_declaration, list_declarations
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources


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
        if Role.HEALTH_DATA_OWNER not in get_person(session, user).role_set:
            raise PersonError(
                f"{user} may not read declarations. Nothing was shown; the role "
                "health_data_owner may."
            )
        found = get_declaration(session, reference)
        answers = found.read(resources.sealer)
        subject = f"declaration:{reference}"
        record(session, "declaration.read", subject, now=resources.now(), by=user)
        described = _describe(found)
    table = Table("Question", "Answer")
    for question, keyed in answers.items():
        table.add_row(question, keyed)
    return Answer(described | {"answers": answers}, [table])


@declarations.command("erase")
@click.argument("reference")
@answering
def erase(reference: str) -> Answer:
    """Delete the declaration REFERENCE now, for instance because its caller asks for it."""
    with open_resources() as resources, resources.sessions.begin() as session:
        session.delete(get_declaration(session, reference))
        record(session, "declaration.erased", f"declaration:{reference}", now=resources.now())
    return Answer({"erased": reference}, [Text(f"Declaration {reference} is deleted.")])


def _describe(declaration: Declaration) -> dict[str, object]:
    return {
        "reference": declaration.reference,
        "begun_at": f"{declaration.begun_at.astimezone(ZONE):%Y-%m-%dT%H:%M%z}",
        "is_complete": declaration.is_complete,
        "deleted_on": f"{declaration.delete_at.astimezone(ZONE):%Y-%m-%d}",
    }

"""Commands about the people who write, sign and send."""

import click
from rich.table import Table

from campaigns.people import Person, Role, add_person, list_people
from service.cli.output import Answer, answering
from service.resources import open_resources


@click.group()
def users() -> None:
    """People who write, sign and send."""


def _written(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it must not be empty")
    return value.strip()


@users.command("add")
@click.argument("login", callback=_written)
@click.option("--name", default="", help="The person's name; the login when left out.")
@click.option(
    "--agency",
    required=True,
    callback=_written,
    help="The agency they sign for, such as 'Sở Y tế'.",
)
@click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in Role]),
    multiple=True,
    required=True,
    help="What they may do; give it more than once for more roles.",
)
@answering
def add(login: str, name: str, agency: str, roles: tuple[str, ...]) -> Answer:
    """Add a person with the login LOGIN."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = add_person(
            session,
            login,
            name=name or login,
            agency=agency,
            roles=[Role(role) for role in roles],
            now=resources.now(),
        )
        return Answer(_document(person), [f"{login} may now act as {', '.join(sorted(roles))}."])


@users.command("list")
@answering
def list_command() -> Answer:
    """List everybody who may act."""
    with open_resources() as resources, resources.sessions() as session:
        people = list_people(session)
    table = Table("login", "name", "agency", "roles", box=None)
    for person in people:
        table.add_row(person.login, person.name, person.agency, ", ".join(sorted(person.role_set)))
    return Answer([_document(person) for person in people], [table])


def _document(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "agency": person.agency,
        "roles": sorted(person.role_set),
    }

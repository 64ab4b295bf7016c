"""Commands about the people who write, sign and send."""

import click
from rich.table import Table

from campaigns.access.credentials import Credentials, all_credentials
from campaigns.access.standing import Standing, change_person, restore_person, withdraw_person
from campaigns.people import Person, Role, add_person, get_person, list_people
from service.cli.output import Answer, answering
from service.cli.user_proofs import invite_command, password, totp
from service.cli.user_sessions import attempts, end_sessions, sessions
from service.database import reading
from service.resources import open_resources

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def users() -> None:
    """People who write, sign and send."""


def _written(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("it must not be empty")
    return value and value.strip()


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
    type=_ROLES,
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


@users.command("change")
@click.argument("login")
@click.option("--name", callback=_written, help="Another name.")
@click.option("--agency", callback=_written, help="Another agency, from the next signature on.")
@click.option(
    "--role",
    "roles",
    type=_ROLES,
    multiple=True,
    help="All roles they have from now on; more than once for more. Their sessions end.",
)
@answering
def change(login: str, name: str | None, agency: str | None, roles: tuple[str, ...]) -> Answer:
    """Change what LOGIN is called, for whom they act, or as what."""
    wanted = Standing(name, agency, [Role(role) for role in roles] or None)
    with open_resources() as resources, resources.sessions.begin() as session:
        person = change_person(session, get_person(session, login), wanted, now=resources.now())
        acts = f"{login} acts for {person.agency} as {', '.join(sorted(person.role_set))}."
        return Answer(_document(person), [acts])


@users.command("withdraw")
@click.argument("login")
@answering
def withdraw(login: str) -> Answer:
    """End at once all that LOGIN may do. What they wrote and signed stays."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = withdraw_person(session, get_person(session, login), now=resources.now())
        done = f"{login} acts no more; their keys, sessions and invitations have ended."
        return Answer(_document(person), [done])


@users.command("restore")
@click.argument("login")
@answering
def restore(login: str) -> Answer:
    """Let LOGIN act again, who was withdrawn."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = restore_person(session, get_person(session, login), now=resources.now())
        acts = f"{login} may act again as {', '.join(sorted(person.role_set))}."
        return Answer(_document(person), [f"{acts} Keys and sessions of before stay ended."])


@users.command("list")
@answering
def list_command() -> Answer:
    """List everybody who may act, or once might."""
    with open_resources() as resources, reading(resources.sessions) as session:
        people, credentials = list_people(session), all_credentials(session)
    table = Table("login", "name", "agency", "roles", "logs in with", box=None)
    documents = []
    for person in people:
        proofs = _proofs(credentials.get(person.id))
        documents.append(_document(person) | proofs)
        shown = [
            word for word, has in zip(("password", "app"), proofs.values(), strict=True) if has
        ]
        state = "withdrawn" if person.withdrawn_at else " and ".join(shown) or "nothing yet"
        roles = ", ".join(sorted(person.roles_given))
        table.add_row(person.login, person.name, person.agency, roles, state)
    return Answer(documents, [table])


for command in (invite_command, password, totp, sessions, end_sessions, attempts):
    users.add_command(command)


def _document(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "agency": person.agency,
        "roles": sorted(person.roles_given),
        "withdrawn_at": person.withdrawn_at.isoformat() if person.withdrawn_at else None,
    }


def _proofs(kept: Credentials | None) -> dict[str, object]:
    return {
        "has_password": kept is not None and kept.password_hash is not None,
        "has_totp": kept is not None and kept.totp_sealed is not None,
    }

"""Commands about the people who write, sign and send."""

import click
from rich.table import Table

from campaigns.access.credentials import Credentials, all_credentials
from campaigns.access.standing import Standing, change_person, restore_person, withdraw_person
from campaigns.people import (
    Person,
    Role,
    add_person,
    all_person_areas,
    areas_of,
    get_person,
    list_people,
)
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
@click.option(
    "--area",
    "areas",
    multiple=True,
    help="For a commune editor: the code of an area they write for; more than once for more.",
)
@answering
def add(
    login: str, name: str, agency: str, roles: tuple[str, ...], areas: tuple[str, ...]
) -> Answer:
    """Add a person with the login LOGIN."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = add_person(
            session,
            login,
            name=name or login,
            agency=agency,
            roles=[Role(role) for role in roles],
            areas=areas,
            now=resources.now(),
        )
        bound = areas_of(session, person)
        acts = f"{login} may now act as {', '.join(sorted(roles))}{_where(bound)}."
        return Answer(_document(person, bound), [acts])


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
@click.option(
    "--area",
    "areas",
    multiple=True,
    help="All areas a commune editor writes for from now on; more than once for more.",
)
@answering
def change(
    login: str,
    name: str | None,
    agency: str | None,
    roles: tuple[str, ...],
    areas: tuple[str, ...],
) -> Answer:
    """Change what LOGIN is called, for whom they act, as what, or where."""
    wanted = Standing(name, agency, [Role(role) for role in roles] or None, areas or None)
    with open_resources() as resources, resources.sessions.begin() as session:
        person = change_person(session, get_person(session, login), wanted, now=resources.now())
        bound = areas_of(session, person)
        roles_now = ", ".join(sorted(person.role_set))
        acts = f"{login} acts for {person.agency} as {roles_now}{_where(bound)}."
        return Answer(_document(person, bound), [acts])


@users.command("withdraw")
@click.argument("login")
@answering
def withdraw(login: str) -> Answer:
    """End at once all that LOGIN may do. What they wrote and signed stays."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = withdraw_person(session, get_person(session, login), now=resources.now())
        done = f"{login} acts no more; their keys, sessions and invitations have ended."
        return Answer(_document(person, areas_of(session, person)), [done])


@users.command("restore")
@click.argument("login")
@answering
def restore(login: str) -> Answer:
    """Let LOGIN act again, who was withdrawn."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = restore_person(session, get_person(session, login), now=resources.now())
        acts = f"{login} may act again as {', '.join(sorted(person.role_set))}."
        return Answer(
            _document(person, areas_of(session, person)),
            [f"{acts} Keys and sessions of before stay ended."],
        )


@users.command("list")
@answering
def list_command() -> Answer:
    """List everybody who may act, or once might."""
    with open_resources() as resources, reading(resources.sessions) as session:
        people, credentials = list_people(session), all_credentials(session)
        areas = all_person_areas(session)
    table = Table("login", "name", "agency", "roles", "areas", "logs in with", box=None)
    documents = []
    for person in people:
        proofs = _proofs(credentials.get(person.id))
        bound = areas.get(person.id, [])
        documents.append(_document(person, bound) | proofs)
        shown = [
            word for word, has in zip(("password", "app"), proofs.values(), strict=True) if has
        ]
        state = "withdrawn" if person.withdrawn_at else " and ".join(shown) or "nothing yet"
        roles = ", ".join(sorted(person.roles_given))
        table.add_row(
            person.login, person.name, person.agency, roles, ", ".join(bound) or "-", state
        )
    return Answer(documents, [table])


for command in (invite_command, password, totp, sessions, end_sessions, attempts):
    users.add_command(command)


def _where(areas: list[str]) -> str:
    return f" in {', '.join(areas)}" if areas else ""


def _document(person: Person, areas: list[str]) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "agency": person.agency,
        "roles": sorted(person.roles_given),
        "areas": areas,
        "withdrawn_at": person.withdrawn_at.isoformat() if person.withdrawn_at else None,
    }


def _proofs(kept: Credentials | None) -> dict[str, object]:
    return {
        "has_password": kept is not None and kept.password_hash is not None,
        "has_totp": kept is not None and kept.totp_sealed is not None,
    }

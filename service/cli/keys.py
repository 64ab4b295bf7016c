"""Commands about keys: what programs show when they act for somebody."""

from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from campaigns.access.keys import ApiKey, NewKey, add_key, list_keys, revoke_key, rotate_key
from campaigns.access.permissions import Permission
from campaigns.local_time import ZONE, local_minute
from campaigns.people import get_person
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources


@click.group()
def keys() -> None:
    """Keys with which programs act for somebody."""


@keys.command("add")
@click.argument("login")
@click.option("--name", required=True, help="What it is for, such as 'report of the province'.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([one.value for one in Permission]),
    multiple=True,
    help="What it may do; more than once for more. All that LOGIN may when left out.",
)
@click.option(
    "--until", type=Moment(takes_days=True), help="When it ends; in 90 days when left out."
)
@answering
def add(login: str, name: str, scopes: tuple[str, ...], until: datetime | None) -> Answer:
    """Make a key that acts for LOGIN. It is shown once and kept nowhere."""
    with open_resources() as resources, resources.sessions.begin() as session:
        new = add_key(
            session,
            get_person(session, login),
            name=name,
            scopes=[Permission(scope) for scope in scopes],
            now=resources.now(),
            expires_at=until,
        )
        return _made(new)


@keys.command("rotate")
@click.argument("number", type=int)
@answering
def rotate(number: int) -> Answer:
    """Make a successor of key NUMBER; the old one works for another week."""
    with open_resources() as resources, resources.sessions.begin() as session:
        return _made(rotate_key(session, number, now=resources.now()))


@keys.command("revoke")
@click.argument("number", type=int)
@answering
def revoke(number: int) -> Answer:
    """End key NUMBER at once."""
    with open_resources() as resources, resources.sessions.begin() as session:
        key = revoke_key(session, number, now=resources.now())
        return Answer(_document(key), [f"Key {number} opens nothing any more."])


@keys.command("list")
@answering
def list_command() -> Answer:
    """List all keys, also those that have ended."""
    with open_resources() as resources, reading(resources.sessions) as session:
        found = list_keys(session)
        documents = [_document(key) for key in found]
        table = Table("no.", "login", "for", "ends", "last used", "may", box=None)
        for key in found:
            ends = key.revoked_at or key.expires_at
            used = local_minute(key.used_at) if key.used_at else "never"
            table.add_row(
                str(key.id),
                key.person.login,
                key.name,
                f"{ends.astimezone(ZONE):%d/%m/%Y}",
                used,
                key.scopes.replace(" ", ", "),
            )
    return Answer(documents, [table])


def _made(new: NewKey) -> Answer:
    ends = f"{new.key.expires_at.astimezone(ZONE):%d/%m/%Y}"
    return Answer(
        _document(new.key) | {"text": new.text},
        [Text(new.text), f"Keep it now: it is not shown again. It ends on {ends}."],
    )


def _document(key: ApiKey) -> dict[str, object]:
    return {
        "key": key.id,
        "login": key.person.login,
        "name": key.name,
        "scopes": key.scopes.split(),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "used_at": key.used_at.isoformat() if key.used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }

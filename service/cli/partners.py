"""Commands about telecom partners: accounts, keys, and how far each has read."""

from datetime import datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from campaigns.local_time import ZONE
from campaigns.partners.accounts import (
    add_partner,
    change_partner,
    get_partner,
    list_partners,
    withdraw_partner,
)
from campaigns.partners.keys import (
    NewPartnerKey,
    PartnerScope,
    add_partner_key,
    revoke_partner_key,
    rotate_partner_key,
)
from service.cli.moments import Moment
from service.cli.output import Answer, answering
from service.cli.partner_pushes import push, replay_feed, secret
from service.cli.partner_reports import reconcile, reports, settle, signing_key
from service.database import reading
from service.partner_documents import describe_key, describe_partner, describe_partners
from service.resources import open_resources


@click.group()
def partners() -> None:
    """Telecom companies that carry texts, and what they are told of them."""


for command in (secret, push, replay_feed, reports, settle, reconcile, signing_key):
    partners.add_command(command)


@partners.command("add")
@click.argument("name")
@click.option(
    "--carriers",
    required=True,
    help="Networks, as in viettel,vinaphone; each has one partner.",
)
@click.option("--title", default="", help="The company's name.")
@click.option("--contact", default="", help="Whom to call when something is wrong.")
@click.option(
    "--from",
    "addresses",
    multiple=True,
    help="An address or network to ask from; any if none.",
)
@answering
def add(name: str, carriers: str, title: str, contact: str, addresses: tuple[str, ...]) -> Answer:
    """Add the partner NAME, and make its first key, which is shown once and kept nowhere."""
    with open_resources() as resources, resources.sessions.begin() as session:
        partner = add_partner(
            session,
            name,
            title=title,
            carriers=_split(carriers),
            contact=contact,
            addresses=addresses,
            now=resources.now(),
        )
        return _made(add_partner_key(session, partner, now=resources.now()))


@partners.command("change")
@click.argument("name")
@click.option("--carriers", default=None, help="Their networks from now on, and no others.")
@click.option("--title", default=None, help="The company's name.")
@click.option("--contact", default=None, help="Whom to call when something is wrong.")
@click.option("--from", "addresses", multiple=True, help="All addresses they may ask from.")
@click.option("--from-anywhere", is_flag=True, help="They may ask from any address.")
@answering
def change(
    name: str,
    carriers: str | None,
    title: str | None,
    contact: str | None,
    *,
    addresses: tuple[str, ...],
    from_anywhere: bool,
) -> Answer:
    """Change what is kept about the partner NAME."""
    if addresses and from_anywhere:
        raise click.UsageError("Give --from or --from-anywhere, not both.")
    with open_resources() as resources, resources.sessions.begin() as session:
        partner = get_partner(session, name)
        change_partner(
            session,
            partner,
            carriers=None if carriers is None else _split(carriers),
            title=title,
            contact=contact,
            addresses=addresses if addresses or from_anywhere else None,
            now=resources.now(),
        )
        document = describe_partner(session, partner, now=resources.now())
    return Answer(document, [f"{name} stands for {', '.join(document['carriers'])}."])


@partners.command("withdraw")
@click.argument("name")
@answering
def withdraw(name: str) -> Answer:
    """End the account of the partner NAME; what it was told stays on record."""
    with open_resources() as resources, resources.sessions.begin() as session:
        partner = get_partner(session, name)
        withdraw_partner(session, partner, now=resources.now())
        document = describe_partner(session, partner, now=resources.now())
    return Answer(document, [f"{name} is told nothing more, and its keys open nothing."])


@partners.command("key")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([one.value for one in PartnerScope]),
    multiple=True,
    help="What it may do; more than once for more. All that a partner may when left out.",
)
@click.option(
    "--until", type=Moment(takes_days=True), help="When it ends; in 90 days when left out."
)
@answering
def key(name: str, scopes: tuple[str, ...], until: datetime | None) -> Answer:
    """Make a key for programs of the partner NAME. It is shown once and kept nowhere."""
    with open_resources() as resources, resources.sessions.begin() as session:
        new = add_partner_key(
            session,
            get_partner(session, name),
            scopes=[PartnerScope(scope) for scope in scopes],
            now=resources.now(),
            expires_at=until,
        )
        return _made(new)


@partners.command("rotate")
@click.argument("name")
@answering
def rotate(name: str) -> Answer:
    """Make a successor of NAME's newest key; the old one works for another week."""
    with open_resources() as resources, resources.sessions.begin() as session:
        return _made(rotate_partner_key(session, get_partner(session, name), now=resources.now()))


@partners.command("revoke")
@click.argument("number", type=int)
@answering
def revoke(number: int) -> Answer:
    """End the partner's key NUMBER at once."""
    with open_resources() as resources, resources.sessions.begin() as session:
        ended = revoke_partner_key(session, number, now=resources.now())
        return Answer(describe_key(ended), [f"Key {number} opens nothing any more."])


@partners.command("status")
@answering
def status() -> Answer:
    """Show all partners, their networks and keys, and how far each has read."""
    with open_resources() as resources, reading(resources.sessions) as session:
        documents = describe_partners(session, list_partners(session), now=resources.now())
    table = Table(
        "name", "networks", "last entry", "acknowledged", "pushed", "valid keys", box=None
    )
    for one in documents:
        keys = ", ".join(str(each["key"]) for each in one["keys"] if each["valid"])
        table.add_row(
            Text(one["name"], style="dim" if one["withdrawn_at"] else ""),
            ", ".join(one["carriers"]),
            str(one["last_seq"]),
            str(one["acknowledged_seq"]),
            _say_push(one["push"]),
            keys or "none",
        )
    empty = "There are no partners yet. Add one with `loa partners add NAME --carriers C`."
    return Answer({"partners": documents}, [table if documents else empty])


def _made(new: NewPartnerKey) -> Answer:
    ends = f"{new.key.expires_at.astimezone(ZONE):%d/%m/%Y}"
    return Answer(
        describe_key(new.key) | {"text": new.text},
        [Text(new.text), f"Keep it now: it is not shown again. It ends on {ends}."],
    )


def _say_push(push: dict[str, Any] | None) -> Text:
    """Say in a few words how far a partner was pushed, and what is wrong."""
    if push is None or not push["url"]:
        return Text("no")
    said = Text(str(push["pushed_seq"]))
    if push["disabled_at"]:
        said.append(f", off: {push['disabled_why']}", style="red")
    elif push["failing_since"]:
        said.append(f", failing: {push['failure']}", style="red")
    for letter in push["dead_letters"]:
        said.append(f"\ngiven up: {letter['first_seq']} to {letter['last_seq']}", style="red")
    return said


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]

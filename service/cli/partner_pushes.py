"""Commands about what is pushed to partners: to where, with which secret, and once more."""

import click
from rich.text import Text

from campaigns.partners.accounts import get_partner
from campaigns.partners.endpoints import SECRET_OVERLAP, draw_push_secret, push_to, stop_pushing
from campaigns.partners.pushing import replay
from service.cli.output import Answer, answering
from service.partner_documents import describe_partner
from service.pushes.addresses import PushAddresses
from service.resources import open_resources


@click.command("secret")
@click.argument("name")
@click.option("--at-once", is_flag=True, help="End every earlier secret now, as after a leak.")
@answering
def secret(name: str, *, at_once: bool) -> Answer:
    """Draw another secret with which the partner NAME and we sign. It is shown once.

    The one before it works for another week.
    """
    with open_resources() as resources, resources.sessions.begin() as session:
        text = draw_push_secret(
            session,
            get_partner(session, name),
            sealer=resources.sealer,
            now=resources.now(),
            at_once=at_once,
        )
    before = "ends now" if at_once else f"works for {SECRET_OVERLAP.days} days"
    said = f"Hand it over by a safe way now. If there was one before, it {before}."
    return Answer({"name": name, "secret": text}, [Text(text), said])


@click.command("push")
@click.argument("name")
@click.option("--url", default="", help="Where their program takes receipts: https://...")
@click.option("--off", is_flag=True, help="Push nothing more; they can still pull.")
@answering
def push(name: str, url: str, *, off: bool) -> Answer:
    """Push the feed of the partner NAME to an address, behind what they have read so far."""
    if bool(url) == off:
        raise click.UsageError("Give either --url or --off.")
    with open_resources() as resources:
        if url:
            PushAddresses(resources.settings.push_networks).require(url)
        with resources.sessions.begin() as session:
            partner, now = get_partner(session, name), resources.now()
            if url:
                endpoint = push_to(session, partner, url, now=now)
                said = f"{name} is pushed what follows entry {endpoint.pushed_seq}."
            else:
                stop_pushing(session, partner, why="switched off by command", now=now)
                said = f"Nothing more is pushed to {name}; what they have is not forgotten."
            return Answer(describe_partner(session, partner, now=now), [said])


@click.command("replay")
@click.argument("name")
@click.option(
    "--after", type=click.IntRange(min=0), required=True, help="Begin behind this entry; 0 is all."
)
@answering
def replay_feed(name: str, after: int) -> Answer:
    """Push the feed of the partner NAME once more, with what was given up meanwhile."""
    with open_resources() as resources, resources.sessions.begin() as session:
        partner, now = get_partner(session, name), resources.now()
        again = replay(session, partner, after=after, now=now)
        document = describe_partner(session, partner, now=now)
    return Answer(document, [f"{name} is pushed {again} entries again, from {after + 1} on."])

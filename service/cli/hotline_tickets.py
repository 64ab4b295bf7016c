"""Commands about tickets: callbacks, rumours and feedback that callers left, and the inbox."""

from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from campaigns.local_time import local_iso, local_minute
from campaigns.people import get_person
from campaigns.sealing import Sealer
from hotline.ticket_work import (
    answer_ticket,
    assign_ticket,
    close_ticket,
    describe_ticket,
    open_voice,
    reveal_number,
)
from hotline.tickets import Ticket, TicketKind, list_tickets
from service.cli.new_files import to_file
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources
from service.stored_files import store
from service.voice_files import open_voice_file


@click.command("tickets")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in TicketKind]),
    multiple=True,
    help="Only these; all when left out.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="At most so many.",
)
@click.option("--all", "with_closed", is_flag=True, help="Those that are closed as well.")
@answering
def tickets(kind: tuple[str, ...], limit: int, with_closed: bool) -> Answer:  # noqa: FBT001 - click
    """List what callers left or wrote and nobody has closed, the most urgent first."""
    kinds = frozenset(TicketKind(one) for one in kind) or None
    with open_resources() as resources, reading(resources.sessions) as session:
        found = list_tickets(session, kinds=kinds, with_closed=with_closed, limit=limit)
        rows = [_described(ticket, sealer=resources.sealer) for ticket in found]
        opened = [local_minute(ticket.opened_at) for ticket in found]
    table = Table("Opened", "Reference", "Kind", "Urgency", "Topic", "Commune", "State", "Number")
    for row, moment in zip(rows, opened, strict=True):
        names = ("reference", "kind", "urgency", "topic", "area", "state", "number")
        row["number"] = row["number"] or "withheld"
        table.add_row(moment, *(str(row[name]) for name in names))
    said = [_quoted(row) for row in rows if row["said"]]
    return Answer({"tickets": rows}, [table, *said])


@click.group("ticket")
def ticket() -> None:
    """Work on one ticket: assign it, note the answer, close it, see its number."""


@ticket.command("assign")
@click.argument("reference")
@click.option("--user", required=True, help="Who works on it.")
@click.option("--instead-of", default="", help="Who has it and hands it over.")
@answering
def assign(reference: str, user: str, instead_of: str) -> Answer:
    """Give the ticket REFERENCE to somebody; nobody loses one without being named."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, user)
        found = assign_ticket(
            session, reference, person, instead_of=instead_of, now=resources.now()
        )
        return _told(found, sealer=resources.sealer)


@ticket.command("answer")
@click.argument("reference")
@click.option("--text", required=True, help="What the caller was told.")
@answering
def answer(reference: str, text: str) -> Answer:
    """Keep what the caller of ticket REFERENCE was told."""
    with open_resources() as resources, resources.sessions.begin() as session:
        found = answer_ticket(
            session, reference, text, sealer=resources.sealer, now=resources.now()
        )
        return _told(found, sealer=resources.sealer)


@ticket.command("close")
@click.argument("reference")
@answering
def close(reference: str) -> Answer:
    """Close the ticket REFERENCE for good."""
    with open_resources() as resources, resources.sessions.begin() as session:
        found = close_ticket(session, reference, now=resources.now())
        return _told(found, sealer=resources.sealer)


@ticket.command("number")
@click.argument("reference")
@click.option("--user", required=True, help="Who calls back; needs the role hotline_operator.")
@answering
def number(reference: str, user: str) -> Answer:
    """Show the whole number of ticket REFERENCE to whoever calls back, and what was texted."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, user)
        shown = reveal_number(
            session, reference, person, sealer=resources.sealer, now=resources.now()
        )
    lines = [shown.number or "The caller withheld the number.", *shown.said]
    document = {"reference": reference, "number": shown.number, "said": shown.said}
    return Answer(document, [Text(line) for line in lines])


@ticket.command("voice")
@click.argument("reference")
@to_file
@click.option("--user", required=True, help="Who listens; needs the role hotline_operator.")
@answering
def voice(reference: str, out: Path, user: str) -> Answer:
    """Write the voice message of ticket REFERENCE to a file that only you can read."""
    with open_resources() as resources, resources.sessions.begin() as session:
        found = open_voice(session, reference, get_person(session, user), now=resources.now())
        sound = open_voice_file(resources, found.voice)
    store(out.parent, out.name, sound)
    return Answer({"reference": reference, "file": str(out)}, [Text(f"Written to {out}.")])


def _told(ticket: Ticket, *, sealer: Sealer) -> Answer:
    said = f"Ticket {ticket.reference} is {ticket.state.value}."
    return Answer(_described(ticket, sealer=sealer), [Text(said)])


def _quoted(row: dict[str, object]) -> Text:
    said = row["said"]
    assert isinstance(said, list)  # noqa: S101 - for the type checker
    return Text(f"{row['reference']}: {' / '.join(said)}")


def _described(ticket: Ticket, *, sealer: Sealer) -> dict[str, object]:
    """Return a ticket as the interface describes it, with moments in the province's time."""
    return {
        name: local_iso(value) if isinstance(value, datetime) else value
        for name, value in describe_ticket(ticket, sealer=sealer).items()
    }

"""The drill: a broadcast whose parts are killed on the way, and what that cost."""

import click
from rich.table import Table

from service.cli.demo import empty_directory
from service.cli.output import NOTES, Answer, answering
from service.demonstration import prepare_sample, send_sample
from service.drill import DIRECTORY, LEASE_S, Drilled, Part, drill
from service.machine import Wishes, running_machine, settings_in
from service.settings import load_settings


def _parts(_ctx: click.Context, _param: click.Parameter, written: str) -> list[Part]:
    try:
        return [Part(word.strip()) for word in written.split(",")]
    except ValueError:
        raise click.BadParameter(f"choose from {', '.join(Part)}, separated by commas") from None


@click.command("drill")
@click.option(
    "--subscribers",
    type=click.IntRange(1, 2_000_000),
    default=20_000,
    show_default=True,
    help="How many people the sample province has.",
)
@click.option(
    "--kill",
    "parts",
    default=",".join(Part),
    show_default=True,
    callback=_parts,
    help="What is killed, one after the other, twice each.",
)
@answering
def drill_command(subscribers: int, parts: list[Part]) -> Answer:
    """Kill parts of a running broadcast, and print what was lost, doubled or left unknown.

    Exit code 1 if anything was. Everything lives in a directory of its own, which the next drill
    replaces; the carrier runs on this machine and texts nobody.
    """
    directory = empty_directory(load_settings().data_dir / DIRECTORY)
    settings = settings_in(directory).model_copy(update={"claim_lease_s": LEASE_S})
    options = ("--fail", "0.01", "--late-ms", "200", "--latency-ms", "20")
    wishes = Wishes(port=0, carrier_port=0, carrier_options=options)
    with running_machine(settings, wishes) as machine:
        NOTES.print(f"A sample province with {subscribers:,} people:")
        sample = prepare_sample(machine.resources, subscribers, say=NOTES.print)
        broadcast_id = send_sample(machine.resources, sample, say=NOTES.print)
        drilled = drill(machine, broadcast_id, parts, say=NOTES.print)
    return Answer(drilled.document(), [_shown(drilled)], refused=not drilled.is_clean)


def _shown(drilled: Drilled) -> Table:
    table = Table("", "texts", title=f"{drilled.kills} kills in {drilled.seconds:.0f} s", box=None)
    for name in ("planned", "at_the_carrier", "lost", "doubled", "unknown"):
        table.add_row(name.replace("_", " "), f"{getattr(drilled, name):,}")
    table.add_row("ledger", "balanced" if drilled.balanced else "DOES NOT BALANCE")
    return table

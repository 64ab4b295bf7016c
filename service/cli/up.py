"""The command that runs everything on this one machine."""

import logging
import sys
from contextlib import suppress

import click

from service.cli.output import NOTES
from service.cli.serving import say_ready, serving
from service.machine import Machine, Wishes, running_machine
from service.settings import load_settings


@click.command()
@click.option("--port", default=8000, show_default=True, help="Where the web listens; 0: any free.")
@click.option(
    "--carrier-port", default=8010, show_default=True, help="Where the carrier on this machine is."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many workers send and keep the books; one for each core is right.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready.")
@serving
def up(port: int, carrier_port: int, workers: int, as_json: bool) -> None:  # noqa: FBT001 - click
    """Run everything on this machine until Ctrl-C: queue, web, workers, clock.

    What a setting points elsewhere is not started here: the database, the queue server, and the
    carrier. Without an account at a carrier, texts go to a carrier on this machine, which keeps
    them to itself.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    wishes = Wishes(port=port, carrier_port=carrier_port, workers=workers)
    # The supervisor ends quietly; only a start that is cut short comes out here.
    with suppress(KeyboardInterrupt), running_machine(load_settings(), wishes) as machine:
        document = {"web": machine.web_url, "carrier": machine.carrier_url}
        say_ready(document, _sentences(machine), as_json=as_json)
        machine.supervisor.run()
    NOTES.print("Stopped; nothing is left running.")


def _sentences(machine: Machine) -> str:
    carrier = (
        "No carrier account is set: texts go to the carrier on this machine and to nobody else.\n"
    )
    return (
        f"Loa answers at {machine.web_url}; "
        f"its data is in {machine.resources.settings.data_dir}.\n"
        f"{carrier if machine.carrier_url else ''}Ctrl-C stops everything."
    )

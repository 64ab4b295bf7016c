"""The demonstration: a sample province, a sample campaign, and its ledger."""

import shutil
import sys
from pathlib import Path

import click
from rich.console import RenderableType

from campaigns.broadcasts.ledger import Ledger
from service.cli.broadcasts import follow_receipts
from service.cli.ledger_views import show_ledger
from service.cli.output import ANSWERS, NOTES, Answer, answering
from service.demonstration import DIRECTORY, prepare_sample, send_sample
from service.embedded.valkey import require_unused
from service.machine import Machine, Wishes, running_machine, settings_in
from service.settings import load_settings


@click.command()
@click.option(
    "--subscribers",
    type=click.IntRange(1, 2_000_000),
    default=10_000,
    show_default=True,
    help="How many people the sample province has.",
)
@click.option("--once", is_flag=True, help="Stop after the ledger, also with a terminal attached.")
@answering
def demo(subscribers: int, once: bool) -> Answer:  # noqa: FBT001 - click
    """Run a sample campaign for a sample province, from the import to the ledger.

    Everything is real but the carrier, which runs on this machine and texts nobody. All of it
    lives in a directory of its own, which the next demonstration replaces.
    """
    directory = empty_directory(load_settings().data_dir / DIRECTORY)
    wishes = Wishes(port=0, carrier_port=0, carrier_options=("--fail", "0.01", "--late-ms", "200"))
    with running_machine(settings_in(directory), wishes) as machine:
        ledger = _play(machine, subscribers)
        if sys.stdin.isatty() and not once:
            ANSWERS.print(show_ledger(ledger))
            _keep_serving(machine)
    shown: list[RenderableType] = [show_ledger(ledger)]
    return Answer(ledger.document(), shown, refused=not ledger.is_settled)


def _play(machine: Machine, subscribers: int) -> Ledger:
    NOTES.print(f"A sample province with {subscribers:,} people, in {machine.web_url}:")
    sample = prepare_sample(machine.resources, subscribers, say=NOTES.print)
    broadcast_id = send_sample(machine.resources, sample, say=NOTES.print)
    return follow_receipts(machine.resources, broadcast_id, tend=machine.supervisor.tend)


def _keep_serving(machine: Machine) -> None:
    NOTES.print(f"Loa goes on serving at {machine.web_url}; Ctrl-C stops everything.")
    directory = machine.resources.settings.data_dir
    NOTES.print(
        f"Ring its hotline from another terminal: LOA_DATA_DIR={directory} "
        f".venv/bin/loa hotline call --url {machine.web_url}",
        markup=False,
    )
    machine.supervisor.run()


def empty_directory(directory: Path) -> Path:
    """Make *directory* anew; refuse if a running installation has its data there."""
    if directory.exists():
        # Another demonstration's data would be taken from under its running processes.
        require_unused(directory)
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    return directory

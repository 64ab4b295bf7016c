"""The processes in the background: workers and the clock."""

import os
import sys

import click

from campaigns.audit import Actor
from service.background import run_clock, run_worker
from service.cli.serving import say_ready, serving
from service.embedded.children import Child, Supervisor
from service.logs import begin_logs
from service.resources import open_queue, open_resources
from service.schema import require_current
from service.settings import load_settings
from workers.queues import USUAL_QUEUES, QueueName

MOST_WORKERS = 64


def _read_queues(_ctx: click.Context, _param: click.Parameter, value: str) -> list[QueueName]:
    try:
        return [QueueName(name.strip()) for name in value.split(",") if name.strip()]
    except ValueError:
        raise click.BadParameter(f"the queues are {', '.join(QueueName)}.") from None


@click.command()
@click.option(
    "--queues",
    callback=_read_queues,
    default=",".join(USUAL_QUEUES),
    show_default=True,
    help="Which queues to work on, the most urgent first, separated by commas.",
)
@click.option(
    "--count",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="How many worker processes to run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready.")
@serving
def worker(queues: list[QueueName], count: int, as_json: bool) -> None:  # noqa: FBT001 - click
    """Run workers, which send texts, take in receipts and keep the books.

    The queue `partners` needs a worker of its own: it waits for what partners answer.

    SIGTERM lets each finish the batch it holds.
    """
    if count > 1:
        _run_many(queues, count, as_json=as_json)
    else:
        _run_one(queues, as_json=as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready.")
@serving
def clock(as_json: bool) -> None:  # noqa: FBT001 - click
    """Run the clock, which puts due jobs on the queues; a second one does no harm."""
    begin_logs()
    with open_queue(load_settings()) as redis:
        redis.ping()
        say_ready({"clock": os.getpid()}, "", as_json=as_json)
        run_clock(redis)


def _run_one(queues: list[QueueName], *, as_json: bool) -> None:
    begin_logs()
    worker = Actor("", "worker")
    with open_resources(actor=worker) as resources, open_queue(resources.settings) as redis:
        require_current(resources.engine)
        redis.ping()
        say_ready({"worker": os.getpid(), "queues": queues}, "", as_json=as_json)
        run_worker(resources, redis, queues=queues)


def _run_many(queues: list[QueueName], count: int, *, as_json: bool) -> None:
    begin_logs()
    command = (sys.executable, "-m", "service", "worker", "--queues", ",".join(queues))
    with Supervisor() as supervisor:
        for number in range(1, count + 1):
            supervisor.start(Child(f"worker-{number}", command))
        say_ready({"workers": count, "queues": queues}, "", as_json=as_json)
        supervisor.run()

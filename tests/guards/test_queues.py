"""No job waits on a queue that nobody empties."""

from tests.guards.sources import ROOT
from workers.queues import QueueName


def test_every_queue_is_served_by_the_procfile() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    workers = [line.split("--queues ")[1].split()[0] for line in lines if "loa worker" in line]

    assert {name for queues in workers for name in queues.split(",")} == set(QueueName)

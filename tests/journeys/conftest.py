"""A whole installation of real processes for each journey, on each database."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from campaigns.broadcasts.ledger import Ledger, draw_ledger
from campaigns.deliveries import Batch, BatchState
from campaigns.partners.models import Partner
from service.cli.app import main
from service.database import reading
from service.machine import Machine, Wishes, running_machine
from service.queue_server import open_redis
from service.settings import load_settings
from tests.databases import someone_waits

PATIENCE_S = 90
LOOK_EVERY_S = 0.02
LEASE_S = 6
WORKERS = 2
# Callbacks come twice, late and out of order; the answers take long enough to die in between.
CARRIER = ("--twice", "--shuffle", "--late-ms", "200", "--latency-ms", "30", "--fail", "0.05")


@dataclass
class Installation:
    """Loa as an operator knows it: its commands, its processes, and its carrier's own log."""

    machine: Machine

    def loa(self, *words: str, code: int = 0) -> Any:
        """Run a command as an operator would and return its JSON document."""
        result = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def ledger(self, broadcast: int) -> Ledger:
        with reading(self.machine.resources.sessions) as session:
            return draw_ledger(session, broadcast)

    def until(self, condition: Callable[[], bool]) -> None:
        """Look again and again until *condition* holds; a journey that never gets there fails."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.machine.supervisor.tend()
            assert time.monotonic() < deadline, "the journey did not get there in time"
            # Whoever looks without a pause takes the machine from those who are looked at.
            time.sleep(LOOK_EVERY_S)

    def carrier_says(self) -> dict[str, int]:
        """Return how many texts the carrier has by its own log, to how many people, and twice."""
        with urlopen(f"{self.machine.carrier_url}/_loa/texts", timeout=10) as answer:  # noqa: S310
            document: dict[str, int] = json.load(answer)
        return document

    def logs(self) -> str:
        """Return what all processes have logged so far."""
        files = (self.machine.resources.settings.data_dir / "logs").glob("*.log")
        return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))

    def kill_a_worker_that_speaks(self, broadcast: int) -> None:
        """Send SIGKILL to a worker while it holds a claimed batch."""
        pids: list[int] = []

        def holds_a_batch() -> bool:
            with reading(self.machine.resources.sessions) as session:
                claimants = session.scalars(
                    select(Batch.claimant).where(
                        Batch.broadcast_id == broadcast, Batch.state == BatchState.CLAIMED
                    )
                ).all()
            pids.extend(int(claimant.split("-")[-2]) for claimant in claimants)
            return bool(pids)

        self.until(holds_a_batch)
        os.kill(pids[0], signal.SIGKILL)

    def kill_workers_that_tell(self) -> None:
        """Send SIGKILL to every worker while one is about to tell partners of what it has done.

        Until then it waits for the partners' rows; on SQLite whoever writes waits to begin.
        """
        resources = self.machine.resources
        with resources.sessions.begin() as session:
            session.execute(select(Partner.id).with_for_update())
            self.until(lambda: someone_waits(resources.engine))
            self.kill_all_workers()

    def kill_all_workers(self) -> None:
        """Send SIGKILL to every worker that is up, at once; the supervisor starts others."""
        supervisor = self.machine.supervisor
        names = [f"worker-{number}" for number in range(1, WORKERS + 1)]
        for name in filter(supervisor.is_up, names):
            os.killpg(supervisor.pid(name), signal.SIGKILL)

    def flush_the_queue(self) -> None:
        settings = self.machine.resources.settings
        with open_redis(settings.redis_url) as redis:
            redis.flushall()


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    fresh_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """Run everything; a test may give options for the carrier by indirect parametrisation."""
    settings = {
        "LOA_DATABASE_URL": fresh_database,
        "LOA_DATA_DIR": str(tmp_path / "a province"),
        "LOA_SECRET_KEY": "a secret for tests, of no value at all",
        "LOA_SEAL_KEY": "a seal key for tests, of no value at all",
        "LOA_LOOPBACK_ACCOUNT_SID": "AC" + "0" * 32,
        "LOA_LOOPBACK_AUTH_TOKEN": "a token for tests",
        "LOA_CLAIM_LEASE_S": str(LEASE_S),
        "LOA_PUSH_NETWORKS": "127.0.0.1/32",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    options = (*CARRIER, *getattr(request, "param", ()))
    wishes = Wishes(port=0, carrier_port=0, workers=WORKERS, carrier_options=options)
    with running_machine(load_settings(), wishes) as machine:
        yield Installation(machine)

"""A list of subscribers handed over through the interface, beside the same by the command line.

Both from the moment the list is given until everybody in it is a subscriber: through the
interface a worker is asked for it and imports it, at the command line a process starts for it.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.databases import fresh_database
from benchmarks.importing import write_list
from benchmarks.sending import a_machine
from campaigns.access.keys import add_key
from campaigns.people import Role, add_person
from service.machine import Machine

ROWS = 200_000
_LOOK_EVERY_S = 0.05
_COMMAND = ("-m", "service", "subscribers", "import")


def measure(*, postgresql: str | None, runs: int) -> dict[str, Any]:
    """Return seconds through the interface and by the command line for ROWS, by database."""
    measured: dict[str, Any] = {}
    with TemporaryDirectory() as directory:
        path = write_list(Path(directory) / "list.csv", ROWS)
        for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
            handed, typed = [], []
            for _ in range(runs):
                with fresh_database(kind, postgresql) as url, a_machine(url) as machine:
                    handed.append(hand_over(machine, path))
                with fresh_database(kind, postgresql) as url, a_machine(url):
                    typed.append(import_by_command(path))
            ours, peer = statistics.median(handed), statistics.median(typed)
            measured[kind] = {
                "seconds": round(ours, 2),
                "command_seconds": round(peer, 2),
                "ratio": round(peer / ours, 2),
            }
    return measured


def hand_over(machine: Machine, path: Path) -> float:
    """Send the list at *path*; return seconds until it is imported."""
    now = datetime.now(UTC)
    with machine.resources.sessions.begin() as session:
        person = add_person(
            session, "lan", name="Lan", agency="", roles=set(Role) - {Role.COMMUNE_EDITOR}, now=now
        )
        key = add_key(session, person, name="list", scopes=(), now=now).text
    begun = time.perf_counter()
    accepted = _ask(machine, key, "?name=list.csv", path.read_bytes())
    number = accepted["import"]
    while (shown := _ask(machine, key, f"/{number}"))["state"] in {"waiting", "importing"}:
        time.sleep(_LOOK_EVERY_S)
    if shown["state"] != "done":
        raise RuntimeError(f"the list was refused: {shown['refused_because']}")
    return time.perf_counter() - begun


def import_by_command(path: Path) -> float:
    """Import the list at *path* by the command line; return its seconds."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *_COMMAND, str(path)], check=True, capture_output=True, env=os.environ
    )
    return time.perf_counter() - begun


def _ask(machine: Machine, key: str, rest: str, content: bytes | None = None) -> dict[str, Any]:
    asked = Request(  # noqa: S310 - an address on this machine
        f"{machine.web_url}/api/v1/subscribers/imports{rest}",
        data=content,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "text/csv",
            "Idempotency-Key": "list",
        },
    )
    with urlopen(asked) as answer:  # noqa: S310 - the same
        said: dict[str, Any] = json.load(answer)
        return said

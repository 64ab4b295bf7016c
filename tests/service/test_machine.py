"""One machine: ``loa up`` as a process, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.fakes.processes import is_alive

UP = ("up", "--port", "0", "--carrier-port", "0", "--workers", "1", "--json")
_ENDS_WITHIN_S = 30


def descendants(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    children = {int(child) for child in found}
    return children.union(*(descendants(child) for child in children))


def loa_up(data_dir: Path, *options: str) -> "subprocess.Popen[str]":
    foreign = ("LOA_", "TWILIO_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.Popen(
        [sys.executable, "-m", "service", *UP, *options],
        env=own | {"LOA_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_ctrl_c_and_sigterm_end_everything_and_say_so(tmp_path: Path) -> None:
    """Whether a person or a service manager ends it, it is a success and nothing stays behind."""
    endings = (signal.SIGINT, signal.SIGTERM)
    machines = [loa_up(tmp_path / ending.name) for ending in endings]
    started = set[int]()
    try:
        for machine, ending in zip(machines, endings, strict=True):
            assert machine.stdout is not None
            assert set(json.loads(machine.stdout.readline())) == {"web", "carrier"}
            started |= descendants(machine.pid)
            machine.send_signal(ending)

        said = [machine.communicate(timeout=_ENDS_WITHIN_S) for machine in machines]
    finally:
        for machine in machines:
            machine.kill()
            machine.wait()

    assert [machine.returncode for machine in machines] == [0, 0]
    assert said == [("", "Stopped; nothing is left running.\n")] * 2
    assert len(started) >= 2 * len(("queue", "carrier", "web", "worker", "clock"))
    assert [pid for pid in started if is_alive(pid)] == []


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Else whoever listens there would be taken for the web that was just started."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = str(listening.getsockname()[1])
        for option in ("--port", "--carrier-port"):
            machine = loa_up(tmp_path, option, port)
            said = machine.communicate(timeout=_ENDS_WITHIN_S)
            assert machine.returncode == 1
            assert json.loads(said[0])["message"].endswith(f"give another {option}.")
    assert not (tmp_path / "logs").exists()

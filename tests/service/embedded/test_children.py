"""Children: kept alive together, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.embedded.children import STOP_WITHIN_S, Child, Supervisor
from service.errors import UnreachableError
from tests.fakes.processes import eventually, is_alive

STAYS = "import signal; signal.pause()"
LEAVES_A_MARK = "import os,pathlib,signal; pathlib.Path('{}').write_text(str(os.getpid())); {}"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause(); signal.pause()"
PARENT = """
import sys
from service.embedded.children import Child, Supervisor
with Supervisor() as supervisor:
    supervisor.start(Child("patient", (sys.executable, "-c", sys.argv[1])))
    supervisor.run()
"""


def a_child(code: str = STAYS, *, name: str = "patient", directory: Path | None = None) -> Child:
    return Child(name, (sys.executable, "-c", code), directory=directory)


def a_supervising_process(tmp_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process that supervises one child; return it and the child's number."""
    noted = tmp_path / "child.pid"
    # The child notes its number itself, and so is known to be past its start.
    code = LEAVES_A_MARK.format(noted, "signal.pause()")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, code])
    assert eventually(lambda: noted.exists() and noted.read_text() != "")
    return parent, int(noted.read_text())


def test_a_child_that_is_killed_comes_back() -> None:
    """A worker that the machine kills for lack of memory is working again a moment later."""
    with Supervisor() as supervisor:
        supervisor.start(a_child())
        first = supervisor.pid("patient")
        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            supervisor.tend()
            return supervisor.pid("patient") != first

        assert eventually(is_back)
        assert is_alive(supervisor.pid("patient"))


def test_a_child_that_cannot_stay_up_is_reported_with_its_log(tmp_path: Path) -> None:
    """A web process whose port is taken is not started for ever; the clerk is told."""
    with Supervisor(log_dir=tmp_path / "logs") as supervisor:
        supervisor.start(a_child("raise SystemExit('the port is taken')", name="web"))

        def tend_for_ever() -> bool:
            supervisor.tend()
            return False

        with pytest.raises(UnreachableError, match=r"web ended 5 times.*web\.log"):
            eventually(tend_for_ever)
    assert "the port is taken" in (tmp_path / "logs" / "web.log").read_text()


def test_leaving_stops_every_child() -> None:
    with Supervisor() as supervisor:
        for name in ("web", "worker", "clock"):
            supervisor.start(a_child(name=name))
        pids = [supervisor.pid(name) for name in ("web", "worker", "clock")]

    assert not any(is_alive(pid) for pid in pids)


def test_a_child_that_will_not_stop_is_killed_in_time(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        supervisor.start(a_child(LEAVES_A_MARK.format("ready", DEAF), directory=tmp_path))
        assert eventually((tmp_path / "ready").exists)
        pid = supervisor.pid("patient")
        began = time.monotonic()

    assert not is_alive(pid)
    assert time.monotonic() - began < STOP_WITHIN_S + 2


def test_grandchildren_are_not_left_behind(tmp_path: Path) -> None:
    """A web server's own processes end with it, also when it is killed and cannot tell them."""
    spawning = (
        "import subprocess,sys; subprocess.Popen([sys.executable, '-c', "
        f"{LEAVES_A_MARK.format('grandchild', 'signal.pause()')!r}]).wait()"
    )
    noted = tmp_path / "grandchild"
    with Supervisor() as supervisor:
        supervisor.start(a_child(spawning, directory=tmp_path))
        assert eventually(lambda: noted.exists() and noted.read_text() != "")
        os.kill(supervisor.pid("patient"), signal.SIGKILL)

        def is_gone() -> bool:
            supervisor.tend()
            return not is_alive(int(noted.read_text()))

        assert eventually(is_gone)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_parent_stops_all(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, a service manager's stop and a closed terminal leave nothing running."""
    parent, child = a_supervising_process(tmp_path)

    parent.send_signal(number)

    assert parent.wait(20) == 0
    assert not is_alive(child)


def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    parent, child = a_supervising_process(tmp_path)

    parent.kill()
    parent.wait(20)

    assert eventually(lambda: not is_alive(child))


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with Supervisor(log_dir=tmp_path) as supervisor:
        supervisor.start(Child("web", ("/no/such/program",)))
        assert eventually(lambda: not supervisor.is_up("web"))

    assert "/no/such/program cannot be started" in (tmp_path / "web.log").read_text()

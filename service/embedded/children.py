"""Children: the processes of one machine, kept alive together and never left behind."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from service.embedded import lifeline
from service.errors import UnreachableError

STOP_WITHIN_S = 10.0
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_STEADY_AFTER_S = 20.0
_GIVE_UP_AFTER = 5
_LOOK_EVERY_S = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Child:
    """How to start one process.

    ``stops_last`` is for what the others need until their end, such as the queue server.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    inherits: tuple[int, ...] = ()
    stops_last: bool = False


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    started_at: float
    falls: int = 0
    again_at: float | None = None


class Supervisor:
    """Starts children, starts again whichever dies, and stops all of them at the end.

    Use it as a context manager in the main thread: inside, SIGTERM and a closed terminal act like
    Ctrl-C; on the way out every child is stopped within ``STOP_WITHIN_S``. Should this process be
    killed outright, the kernel ends the children.
    """

    def __init__(self, *, log_dir: Path | None = None) -> None:
        """Let children write to ``log_dir/NAME.log``, or to this process's own output."""
        self._log_dir = log_dir
        self._running: dict[str, _Running] = {}
        self._handlers = ExitStack()

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGHUP):
            before = signal.signal(number, _interrupt)
            self._handlers.callback(signal.signal, number, before)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # A second Ctrl-C must not cut short what keeps children from being left behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.signal(number, signal.SIG_IGN)
            self._handlers.callback(signal.signal, number, before)
        try:
            self.stop()
        finally:
            self._handlers.close()

    def start(self, child: Child) -> None:
        """Start *child*; it is kept alive from now on by ``tend``."""
        self._running[child.name] = _Running(child, self._spawn(child), time.monotonic())

    def pid(self, name: str) -> int:
        """Return the process id of the child called *name*; raise KeyError for a stranger."""
        return self._running[name].process.pid

    def is_up(self, name: str) -> bool:
        """Whether the child called *name* runs at this moment."""
        return self._running[name].process.poll() is None

    def tend(self) -> None:
        """Start again every child that died, after a wait that grows with each early death.

        Call it a few times a second. Raises UnreachableError when a child will not stay up.
        """
        for running in self._running.values():
            if running.again_at is not None:
                if time.monotonic() >= running.again_at:
                    self._start_again(running)
            elif running.process.poll() is not None:
                self._note_fall(running)

    def run(self) -> None:
        """Tend the children until Ctrl-C, SIGTERM or a closed terminal."""
        with suppress(KeyboardInterrupt):
            while True:
                self.tend()
                time.sleep(_LOOK_EVERY_S)

    def stop(self) -> None:
        """Ask all children to stop, those marked ``stops_last`` at the end; kill who does not."""
        deadline = time.monotonic() + STOP_WITHIN_S
        last = [running for running in self._running.values() if running.child.stops_last]
        first = [running for running in self._running.values() if not running.child.stops_last]
        # The last ones get at least a fifth of the time, for they have data to write.
        _stop_all(first, deadline - (STOP_WITHIN_S / 5 if last else 0))
        _stop_all(last, deadline)
        self._running.clear()

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        with ExitStack() as files:
            output = files.enter_context(self._open_log(child.name)) if self._log_dir else None
            return subprocess.Popen(
                [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid()), *child.command],
                cwd=child.directory,
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=child.inherits,
                start_new_session=True,
            )

    def _open_log(self, name: str) -> IO[bytes]:
        assert self._log_dir is not None  # noqa: S101 - asked for only where there is one
        self._log_dir.mkdir(parents=True, exist_ok=True)
        return (self._log_dir / f"{name}.log").open("ab")

    def _note_fall(self, running: _Running) -> None:
        _kill_group(running.process)
        now = time.monotonic()
        steady = now - running.started_at >= _STEADY_AFTER_S
        running.falls = 1 if steady else running.falls + 1
        name, code = running.child.name, running.process.returncode
        if running.falls >= _GIVE_UP_AFTER:
            raise UnreachableError(
                f"The process {name} ended {running.falls} times right after its start (exit code "
                f"{code}). Everything is being stopped; what was saved stays saved. "
                f"{self._where_to_look(name)}"
            )
        wait = min(_FIRST_WAIT_S * 2 ** (running.falls - 1), _LONGEST_WAIT_S)
        running.again_at = now + wait
        log.warning("%s ended unexpectedly (exit code %s); again in %.1f s", name, code, wait)

    def _start_again(self, running: _Running) -> None:
        running.process = self._spawn(running.child)
        running.started_at = time.monotonic()
        running.again_at = None

    def _where_to_look(self, name: str) -> str:
        if self._log_dir is None:
            return "Its last words are above."
        return f"Its last words are in {self._log_dir / f'{name}.log'}."


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop_all(children: list[_Running], deadline: float) -> None:
    for running in children:
        running.process.terminate()
    for running in children:
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(max(deadline - time.monotonic(), 0))
        _kill_group(running.process)
        running.process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of *process* and of those it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)

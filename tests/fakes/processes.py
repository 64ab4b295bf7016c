"""Looking at real processes from outside."""

import os
import time
from collections.abc import Callable
from pathlib import Path

# Longer than a server of the queue may take to answer, which some requests wait for first.
_PATIENCE_S = 45


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether *is_so* comes true while a patient person would still look."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    """Whether process *pid* runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"

"""``python lifeline.py PARENT COMMAND...`` becomes COMMAND, which dies with its PARENT process.

A program of its own, because the kernel ties the signal to whoever calls; doing it in the parent
between fork and exec can hang as soon as the parent has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask the kernel for SIGTERM when *parent* ends, then become *command*."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted here
    except OSError as refused:
        sys.exit(f"{command[0]} cannot be started: {refused.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

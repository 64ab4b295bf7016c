"""Stolen time: what a machine that is shared with others took away while something was measured."""

from collections.abc import Callable, Sequence
from pathlib import Path

_STAT = Path("/proc/stat")
# user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in user already.
_KINDS, _STEAL = 8, 7


def watch_stolen() -> Callable[[], float | None]:
    """Begin to watch; what is returned says how many percent were stolen since.

    It is the processor time that was wanted here and given to another machine (proc(5), *steal*);
    None where the system does not say.
    """
    before = _read()

    def stolen() -> float | None:
        after = _read()
        if before is None or after is None:
            return None
        spent = [now - then for then, now in zip(before, after, strict=True)]
        return round(100 * spent[_STEAL] / max(1, sum(spent)), 1)

    return stolen


def _read() -> Sequence[int] | None:
    if not _STAT.exists():
        return None
    first = _STAT.read_text().partition("\n")[0]
    return [int(ticks) for ticks in first.split()[1 : 1 + _KINDS]]

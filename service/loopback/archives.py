"""What the carrier was given: in memory for answers, in a journal for its next start."""

import errno
import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from service.errors import UnreachableError


@dataclass(slots=True)
class KeptText:
    """One accepted text; ``at`` is in unix seconds, ``is_told`` once its sender knows its fate."""

    sid: str
    to: str
    body: str
    sender: str
    service: str
    callback: str
    at: float
    is_told: bool = False


class Archive:
    """Every text the carrier accepted, written down before the sender gets its answer."""

    def __init__(self, journal: Path) -> None:
        """Read *journal*, or begin it; raise UnreachableError when another carrier writes it."""
        self._texts: dict[str, KeptText] = {}
        self._by_number: dict[str, list[KeptText]] = {}
        self._bodies: dict[str, str] = {}
        self._told: list[str] = []
        journal.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise UnreachableError(
                f"Another carrier already keeps its journal in {journal}. Nothing was started. "
                "Stop that one, or give this one another --journal."
            ) from None
        with journal.open("rb") as lines:
            self._size = self._reload(lines)
        # A line that was being written when the carrier was killed had no answer yet.
        os.ftruncate(self._file, self._size)

    def keep(self, text: KeptText) -> None:
        """Write *text* down; raise OSError, with nothing kept, when the disk refuses."""
        self._write(
            {
                "sid": text.sid,
                "to": text.to,
                "body": text.body,
                "from": text.sender,
                "service": text.service,
                "callback": text.callback,
                "at": text.at,
            }
        )
        self._remember(text)

    def note_told(self, text: KeptText) -> None:
        """Note that the sender of *text* has heard of its fate."""
        text.is_told = True
        self._told.append(text.sid)

    def save_told(self) -> None:
        """Write down what was noted since the last time, in one line."""
        if self._told:
            self._write({"told": self._told})
            self._told = []

    def close(self) -> None:
        self.save_told()
        os.close(self._file)

    def find(self, sid: str) -> KeptText | None:
        return self._texts.get(sid)

    def texts(self, to: str | None = None) -> Iterator[KeptText]:
        """Go through the texts, to one number or to all, newest first."""
        if to is None:
            return reversed(self._texts.values())
        return reversed(self._by_number.get(to, []))

    def untold(self) -> list[KeptText]:
        """Return the texts whose senders wait for news, oldest first."""
        return [text for text in self._texts.values() if not text.is_told]

    def summary(self) -> dict[str, int]:
        """Count texts, numbers, numbers with several texts, and texts repeated word for word."""
        several = [texts for texts in self._by_number.values() if len(texts) > 1]
        repeated = sum(
            count - 1
            for texts in several
            for count in Counter(text.body for text in texts).values()
        )
        return {
            "count": len(self._texts),
            "distinct": len(self._by_number),
            "doubled": len(several),
            "repeated": repeated,
            "untold": sum(not text.is_told for text in self._texts.values()),
        }

    def _remember(self, text: KeptText) -> None:
        # A broadcast has few bodies and many texts.
        text.body = self._bodies.setdefault(text.body, text.body)
        self._texts[text.sid] = text
        self._by_number.setdefault(text.to, []).append(text)

    def _write(self, record: dict[str, Any]) -> None:
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        written = 0
        try:
            written = os.write(self._file, line)
        finally:
            if written < len(line):
                os.ftruncate(self._file, self._size)
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(line)

    def _reload(self, lines: BinaryIO) -> int:
        whole = 0
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._take_up(orjson.loads(line))
            whole += len(line)
        return whole

    def _take_up(self, record: dict[str, Any]) -> None:
        if "told" in record:
            told: Iterable[str] = record["told"]
            for sid in told:
                self._texts[sid].is_told = True
            return
        self._remember(
            KeptText(
                sid=record["sid"],
                to=record["to"],
                body=record["body"],
                sender=record["from"],
                service=record["service"],
                callback=record["callback"],
                at=record["at"],
            )
        )

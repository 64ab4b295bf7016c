"""Logs: one JSON line an event, saying to which request, job and broadcast it belongs.

Whatever looks like a telephone number is masked on its way out. Nothing should ever hold one by
then; this is the second lock.
"""

import logging
import logging.config
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

import orjson

from campaigns.phones import hide_numbers

_FIELDS = "fields"

_belongs_to: ContextVar[Mapping[str, object]] = ContextVar("loa_belongs_to")


@contextmanager
def belonging_to(**ids: object) -> Iterator[None]:
    """Write *ids*, such as ``job=...``, on every line that is logged inside the block."""
    before = _belongs_to.set({**_belongs_to.get({}), **ids})
    try:
        yield
    finally:
        _belongs_to.reset(before)


def note(log: logging.Logger, event: str, **fields: object) -> None:
    """Log *event* with *fields* of its own, as information."""
    log.info(event, extra={_FIELDS: fields})


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``event``, and what it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """Write *record*; of an exception its kind only, for its words may hold anything."""
        told = {
            "event": record.getMessage(),
            **_belongs_to.get({}),
            **getattr(record, _FIELDS, {}),
        }
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: _without_number(value) for name, value in told.items()},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return orjson.dumps(line).decode()


class Sentences(logging.Formatter):
    """The same for people at a terminal: when, how grave, where, and what happened."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return hide_numbers(super().format(record))


def plan_of_logs() -> dict[str, object]:
    """Return where a process logs what, as `logging.config.dictConfig` takes it.

    A terminal is shown what is wrong, in sentences; whatever else reads along gets JSON, and is
    told what was done too.
    """
    for_people = sys.stderr.isatty()
    ours = {"level": "WARNING" if for_people else "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            # The web server insists on these two names.
            "generic": {"()": Sentences if for_people else JsonLines},
            "access": {"()": Sentences},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "generic",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {
            "_granian": {"level": "WARNING", "handlers": ["console"], "propagate": False},
            "service": ours,
            "workers": ours,
        },
        "root": {"level": "WARNING", "handlers": ["console"]},
    }


def begin_logs() -> None:
    """Let this process log as `plan_of_logs` says."""
    logging.config.dictConfig(plan_of_logs())


def _without_number(value: object) -> object:
    return hide_numbers(value) if isinstance(value, str) else value

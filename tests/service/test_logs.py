"""Logs: JSON lines that say what they belong to, and never hold a number."""

import json
import logging
import sys

import pytest

from service.logs import (
    JsonLines,
    Sentences,
    belonging_to,
    note,
    plan_of_logs,
)


class Kept(logging.Handler):
    """Keeps every line as *formatter* writes it."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def a_log(formatter: logging.Formatter) -> tuple[logging.Logger, Kept]:
    log = logging.Logger("service.x", logging.INFO)  # noqa: LOG001 - this test's own
    kept = Kept(formatter)
    log.addHandler(kept)
    return log, kept


def test_a_line_says_what_it_belongs_to() -> None:
    log, kept = a_log(JsonLines())
    with belonging_to(job="send_batch-7"), belonging_to(broadcast=7):
        note(log, "batch", texts=25)
    log.warning("the clock is %s", "late")
    inside, outside = map(json.loads, kept.lines)
    assert inside.pop("at").endswith("+00:00")
    assert inside == {
        "level": "info",
        "logger": "service.x",
        "event": "batch",
        "job": "send_batch-7",
        "broadcast": 7,
        "texts": 25,
    }
    assert (outside["level"], outside["event"]) == ("warning", "the clock is late")
    assert "job" not in outside


def test_of_an_exception_only_its_kind_is_written() -> None:
    """Its words may hold whatever somebody sent."""
    log, kept = a_log(JsonLines())
    try:
        raise ValueError("sent by 0961234515")  # noqa: TRY301 - the very thing under test
    except ValueError:
        log.exception("no")
    assert json.loads(kept.lines[0])["exception"] == "ValueError"
    assert "sent by" not in kept.lines[0]


WRITTEN = ["+84961234515", "84961234515", "0084961234515", "0961234515", "096 123 45 15"]


@pytest.mark.parametrize("number", [*WRITTEN, "096.1234.515", "0205-3812-345"])
@pytest.mark.parametrize("formatter", [JsonLines(), Sentences()])
def test_a_number_is_masked_however_it_is_written(
    number: str, formatter: logging.Formatter
) -> None:
    log, kept = a_log(formatter)
    note(log, f"from {number}, again", by=f"({number})")
    assert "xxx, again" in kept.lines[0]
    assert number not in kept.lines[0]


def test_a_terminal_is_shown_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "Sentences" in str(plan_of_logs()["formatters"])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert "JsonLines" in str(plan_of_logs()["formatters"])

"""``make bench``: every figure beside its peer, medians of at least three runs.

``python -m benchmarks [--only NAME,...] [--rows N] [--texts N] [--runs N]``; the results also go
to ``var/bench.json``. PostgreSQL is the one at LOA_TEST_POSTGRESQL_URL, or one that is started for
the purpose with the safety it has in production (fsync on).

Below the figures stands what other machines on the same processors took meanwhile. Where that is
much, the figures tell of them and not of Loa.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    auditing,
    calling,
    handing_over,
    importing,
    interface,
    launching,
    opting_out,
    pulling,
    pushing,
    sending,
)
from benchmarks.stolen import watch_stolen
from tests.databases import GIVEN_URL, PostgreSQLServer, find_programs

RESULTS = Path("var/bench.json")
_DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
}

Figures = dict[str, dict[str, Any]]


def measure_importing(given: argparse.Namespace, postgresql: str | None) -> Figures:
    figures: Figures = {}
    found = importing.measure(given.rows, postgresql=postgresql, runs=given.runs)
    for kind, run in found.items():
        peers = {"phonenumbers and ORM objects": run["peer_seconds"]}
        figures[f"import, {kind}"] = a_figure(run["seconds"], "s", peers, run["ratio"])
        figures[f"import peak, {kind}"] = a_figure(run["peak_mb"], "MB")
    return figures


def measure_launching(given: argparse.Namespace, postgresql: str | None) -> Figures:
    figures: Figures = {}
    found = launching.measure(given.rows, postgresql=postgresql, runs=given.runs)
    for kind, run in found.items():
        peers = {"one object for each delivery": run["peer_seconds"]}
        figures[f"plan, {kind}"] = a_figure(run["plan_seconds"], "s")
        figures[f"launch, {kind}"] = a_figure(run["launch_seconds"], "s", peers, run["ratio"])
        figures[f"plan and launch peak, {kind}"] = a_figure(run["peak_mb"], "MB")
    return figures


def measure_sending(given: argparse.Namespace, postgresql: str | None) -> Figures:
    figures: Figures = {}
    found = sending.measure(given.texts, postgresql=postgresql, runs=given.runs)
    for kind, run in found.items():
        name, rate = f"sending with receipts, {kind}", run["texts_per_s"]
        less = {"a job for each text, no rows, no receipts": run["sending_peer_texts_per_s"]}
        same = {"a job for each text, rows and receipts": run["hearing_peer_texts_per_s"]}
        figures[name] = a_figure(rate, "texts/s", less, run["sending_ratio"])
        figures[f"{name}, same work"] = a_figure(rate, "texts/s", same, run["hearing_ratio"])
        figures[f"{name}, partners told"] = a_figure(run["telling_texts_per_s"], "texts/s")
    return figures


def measure_calling(given: argparse.Namespace, postgresql: str | None) -> Figures:
    if postgresql is None:
        return {}
    found = calling.measure(postgresql=postgresql, runs=given.runs)
    rate, peer = found["turns_per_s"], found["peer_per_s"]
    peers = {"a stateless view with VoiceResponse": round(peer)}
    return {
        "hotline turns, postgresql": a_figure(round(rate), "turns/s", peers, round(rate / peer, 2)),
        f"hotline turn p99 at {calling.RATE_PER_S}/s, postgresql": a_figure(
            round(found["p99_ms"], 1), "ms"
        ),
        f"hotline turn p99 at {calling.RATE_PER_S}/s while a broadcast is sent": a_figure(
            round(found["p99_during_broadcast_ms"], 1), "ms"
        ),
        f"hotline turn p99 at {calling.USUAL_RATE_PER_S}/s while a broadcast is sent": a_figure(
            round(found["usual_p99_during_broadcast_ms"], 1), "ms"
        ),
    }


def measure_interface(given: argparse.Namespace, postgresql: str | None) -> Figures:
    if postgresql is None:
        return {}
    found = interface.measure(given.rows, postgresql=postgresql, runs=given.runs)
    ours, peer = found["all"], found["peer"]
    ratio = round(ours["per_s"] / peer["per_s"], 1)
    usual = "Flask and SQLAlchemy, OFFSET and COUNT"
    figures = {
        "interface, all in turns": a_figure(
            ours["per_s"], "requests/s", {usual: peer["per_s"]}, ratio
        ),
        "interface p95, all in turns": a_figure(ours["p95_ms"], "ms", {usual: peer["p95_ms"]}),
    }
    for path, run in found["each"].items():
        figures[f"interface, {path}"] = a_figure(run["per_s"], "requests/s")
        figures[f"interface p95, {path}"] = a_figure(run["p95_ms"], "ms")
    return figures


def measure_handing_over(given: argparse.Namespace, postgresql: str | None) -> Figures:
    figures: Figures = {}
    for kind, run in handing_over.measure(postgresql=postgresql, runs=given.runs).items():
        peers = {"by the command line": run["command_seconds"]}
        name = f"import through the interface, {handing_over.ROWS} rows, {kind}"
        figures[name] = a_figure(run["seconds"], "s", peers, run["ratio"])
    return figures


def measure_pushing(given: argparse.Namespace, postgresql: str | None) -> Figures:
    if postgresql is None:
        return {}
    found = pushing.measure(postgresql=postgresql, runs=given.runs)
    name = f"push to {pushing.QUICK} of {pushing.PARTNERS} partners at {pushing.RATE_PER_S}/s"
    return {
        f"{name}, slowest entry": a_figure(found["slowest_s"], "s"),
        f"{name}, p99": a_figure(found["p99_s"], "s"),
        f"{name}, median": a_figure(found["median_s"], "s"),
    }


def measure_auditing(given: argparse.Namespace, postgresql: str | None) -> Figures:
    figures: Figures = {}
    for kind, run in auditing.measure(postgresql=postgresql, runs=given.runs).items():
        name = f"audit in a launch of {auditing.ROWS}, {kind}"
        figures[name] = a_figure(run["share_percent"], "% of the launch")
    return figures


def measure_pulling(given: argparse.Namespace, postgresql: str | None) -> Figures:
    if postgresql is None:
        return {}
    found = pulling.measure(postgresql=postgresql, runs=given.runs)
    peers = {"Flask and SQLAlchemy objects": found["peer_per_s"]}
    name, ratio = "partner's feed, NDJSON", round(found["per_s"] / found["peer_per_s"], 1)
    return {
        name: a_figure(found["per_s"], "rows/s", peers, ratio),
        f"{name}, two stretches at a time": a_figure(found["in_two_per_s"], "rows/s"),
    }


def measure_opting_out(given: argparse.Namespace, postgresql: str | None) -> Figures:
    if postgresql is None:
        return {}
    found = opting_out.measure(given.rows, postgresql=postgresql, runs=given.runs)
    name = f"opt-out to silence while {given.rows:,} are texted, postgresql"
    return {
        f"{name}, median": a_figure(round(found["median_s"], 3), "s"),
        f"{name}, worst of {found['people']}": a_figure(round(found["worst_s"], 3), "s"),
        f"{name}, texted after their STOP": a_figure(found["texted_after"], "people"),
        f"{name}, spared": a_figure(found["spared"], "people"),
    }


MEASURES: dict[str, Callable[[argparse.Namespace, str | None], Figures]] = {
    "auditing": measure_auditing,
    "calling": measure_calling,
    "handing_over": measure_handing_over,
    "importing": measure_importing,
    "interface": measure_interface,
    "launching": measure_launching,
    "opting_out": measure_opting_out,
    "pulling": measure_pulling,
    "pushing": measure_pushing,
    "sending": measure_sending,
}


def a_figure(
    value: float, unit: str, peers: dict[str, float] | None = None, ratio: float | None = None
) -> dict[str, Any]:
    """Return one figure as ``var/bench.json`` keeps it."""
    return {"value": value, "unit": unit, "peers": peers or {}, "ratio": ratio}


def show(figures: Figures) -> Table:
    table = Table("figure", "ours", "peer", "ratio", box=None)
    for name, figure in figures.items():
        peers = ", ".join(f"{value:g} ({peer})" for peer, value in figure["peers"].items())
        ratio = f"{figure['ratio']:g}x" if figure["ratio"] else ""
        table.add_row(name, f"{figure['value']:g} {figure['unit']}", peers, ratio)
    return table


def keep(figures: Figures) -> None:
    """Write *figures* to ``var/bench.json``, beside those of earlier runs of other measures."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known | figures, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def a_postgresql() -> Iterator[str | None]:
    """Yield the address of a PostgreSQL server to measure on, None where there is none."""
    if given := os.environ.get(GIVEN_URL):
        yield given
    elif find_programs() is None:
        yield None
    else:
        server = PostgreSQLServer(Path(gettempdir()), **_DURABLE)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks")
    options.add_argument("--only", default=",".join(MEASURES), help="which measures, by name")
    options.add_argument("--rows", type=int, default=1_000_000, help="people to import and plan")
    options.add_argument("--texts", type=int, default=30_000, help="texts to send")
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - set(MEASURES):
        options.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    console = Console()
    with a_postgresql() as postgresql:
        if postgresql is None:
            console.print("PostgreSQL was not found: only SQLite is measured.")
        for name in names:
            console.print(f"measuring {name} ...")
            stolen = watch_stolen()
            figures = MEASURES[name](given, postgresql)
            percent = stolen()
            keep({each: figure | {"stolen_percent": percent} for each, figure in figures.items()})
            console.print(show(figures))
            if percent is not None:
                console.print(f"{percent:g} % of the processors' time was given to other machines.")


if __name__ == "__main__":
    main()

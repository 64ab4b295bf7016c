"""Importing: a million rows from a file to sealed subscribers, beside the loop everybody writes.

Run ``python -m benchmarks.importing [--rows N] [--postgresql URL]``. The import runs in a process
of its own, whose peak memory is measured; the peer parses each row with ``phonenumbers`` and adds
ORM objects in one transaction, on 20,000 rows, and is scaled.
"""

import argparse
import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import phonenumbers
from sqlalchemy import select

from benchmarks.databases import fresh_database
from campaigns.areas import LANG_SON, Area
from campaigns.sealing import Sealer
from campaigns.subscribers.models import ConsentEvent, ConsentKind, Subscriber
from service.database import open_engine, open_sessions
from service.lists import import_list

POSTGRESQL_URL = "LOA_TEST_POSTGRESQL_URL"
PEER_ROWS = 20_000
RUNS = 3
_SEAL_KEY = b"a seal key that opens only benchmarks"
_PREFIXES = (32, 34, 36, 38, 86, 96, 97, 98, 81, 83, 88, 91, 94, 70, 77, 90, 93, 56, 92, 55)
_FORMS = (
    *("0{0}{1}{2}",) * 12,
    *("+84{0}{1}{2}",) * 4,
    *("0{0} {1} {2}",) * 3,
    "{0}{1}{2}",
)


def measure(rows: int, *, postgresql: str | None = None, runs: int = RUNS) -> dict[str, Any]:
    """Return seconds, peak megabytes and the peer's seconds for *rows*, for each database."""
    measured: dict[str, Any] = {}
    with TemporaryDirectory() as directory:
        path = write_list(Path(directory) / "list.csv", rows)
        peer_path = write_list(Path(directory) / "peer.csv", min(rows, PEER_ROWS))
        for kind in ("sqlite", "postgresql") if postgresql else ("sqlite",):
            done = [_in_child("import", kind, path, postgresql) for _ in range(runs)]
            peer = _in_child("peer", kind, peer_path, postgresql)
            seconds = statistics.median(run["seconds"] for run in done)
            peer_seconds = peer["seconds"] * rows / peer["rows"]
            measured[kind] = {
                "rows": rows,
                "seconds": round(seconds, 2),
                "peak_mb": max(run["peak_mb"] for run in done),
                "entered": done[-1]["entered"],
                "peer_seconds": round(peer_seconds, 1),
                "ratio": round(peer_seconds / seconds, 1),
            }
    return measured


def write_list(path: Path, rows: int) -> Path:
    """Write *rows* made-up people in the forms that clerks type, in groups of one commune."""
    chance = random.Random(20)
    known = [line.split(",")[0] for line in LANG_SON.read_text("utf-8").splitlines()[2:]]
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["Số điện thoại", "Mã xã", "Ngôn ngữ", "Nhãn", "Nguồn", "Ngày đồng ý"])
        for row in range(rows):
            form = _FORMS[chance.randrange(len(_FORMS))]
            prefix = chance.choice(_PREFIXES)
            number = form.format(
                prefix, f"{chance.randrange(1000):03}", f"{chance.randrange(10_000):04}"
            )
            code = known[row * len(known) // rows]
            language = chance.choice(("vi", "vi", "vi", "Tày"))
            tags = chance.choice(("", "", "cửa khẩu", "chợ|cửa khẩu"))
            lines.writerow([number, code, language, tags, "phiếu", f"{1 + row % 28:02}/10/2021"])
    return path


def import_once(url: str, path: Path) -> dict[str, Any]:
    """Import *path* as ``loa subscribers import`` does; return seconds, peak and people."""
    engine = open_engine(url)
    begun = time.perf_counter()
    imported = import_list(
        open_sessions(engine), path, sealer=Sealer(_SEAL_KEY), now=datetime.now(UTC)
    )
    seconds = time.perf_counter() - begun
    engine.dispose()
    return {"seconds": seconds, "entered": imported.outcome.merged.entered}


def import_by_objects(url: str, path: Path) -> dict[str, Any]:
    """Import *path* the way everybody begins: parse with phonenumbers, look up, add objects."""
    engine = open_engine(url)
    sealer = Sealer(_SEAL_KEY)
    begun = time.perf_counter()
    rows = 0
    with open_sessions(engine).begin() as session, path.open(encoding="utf-8") as file:
        areas = set(session.scalars(select(Area.code)))
        seen: dict[bytes, Subscriber] = {}
        for row in csv.DictReader(file):
            rows += 1
            parsed = phonenumbers.parse(row["Số điện thoại"], "VN")
            if not phonenumbers.is_valid_number(parsed) or row["Mã xã"] not in areas:
                continue
            number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            fingerprint = sealer.fingerprint(number)
            now = datetime.now(UTC)
            if fingerprint in seen:
                seen[fingerprint].area_code = row["Mã xã"]
                continue
            subscriber = Subscriber(
                fingerprint=fingerprint,
                sealed=sealer.seal(number),
                area_code=row["Mã xã"],
                created_at=now,
                updated_at=now,
            )
            seen[fingerprint] = subscriber
            session.add(subscriber)
        session.flush()
        session.add_all(
            ConsentEvent(
                subscriber_id=subscriber.id,
                kind=ConsentKind.GRANTED,
                source="list",
                at=subscriber.created_at,
                recorded_at=subscriber.created_at,
            )
            for subscriber in seen.values()
        )
    seconds = time.perf_counter() - begun
    engine.dispose()
    return {"seconds": seconds, "rows": rows}


def _in_child(what: str, kind: str, path: Path, postgresql: str | None) -> dict[str, Any]:
    with fresh_database(kind, postgresql) as url:
        command = [sys.executable, "-m", "benchmarks.importing", what, url, str(path)]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def main() -> None:
    """Measure and print one line for each database, or do one run for the measuring process."""
    if len(sys.argv) == 4 and sys.argv[1] in {"import", "peer"}:  # noqa: PLR2004 - what _in_child passes
        run = import_once if sys.argv[1] == "import" else import_by_objects
        answer = run(sys.argv[2], Path(sys.argv[3]))
        answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(answer))
        return
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=RUNS)
    options.add_argument("--postgresql", default=os.environ.get(POSTGRESQL_URL))
    given = options.parse_args()
    measured = measure(given.rows, postgresql=given.postgresql, runs=given.runs)
    for kind, found in measured.items():
        print(
            f"import of {found['rows']:,} rows, {kind}: {found['seconds']} s, peak "
            f"{found['peak_mb']} MB; phonenumbers and ORM: {found['peer_seconds']} s "
            f"(x{found['ratio']})"
        )


if __name__ == "__main__":
    main()

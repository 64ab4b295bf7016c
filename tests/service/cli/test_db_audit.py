"""``loa db audit``: the trail in a file that proves itself."""

import hashlib
import json
from pathlib import Path

from tests.service.cli.clerk import Clerk


def test_an_auditor_follows_the_chain_with_nothing_but_the_file(
    clerk: Clerk, tmp_path: Path
) -> None:
    """What is done with all that is kept is on record too: loading, saving, handing out."""
    clerk.answer("areas", "load", "--lang-son")
    clerk.answer("users", "add", "soat", "--agency", "Thanh tra", "--role", "auditor")
    clerk.answer("db", "backup", str(tmp_path / "all.backup"))
    clerk.answer("db", "audit", str(tmp_path / "first.ndjson"))
    file = tmp_path / "audit.ndjson"
    written = clerk.answer("db", "audit", str(file))
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    deeds = [line["action"] for line in lines]
    assert deeds == ["areas.loaded", "person.added", "database.saved", "audit.exported"]
    assert written["entries"] == len(lines)
    previous = "0" * 64
    for line in lines:
        digest = line.pop("digest")
        assert line["previous"] == previous
        covered = json.dumps(list(line.values()), ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256(covered.encode()).hexdigest() == digest
        previous = digest
    again = clerk.run("db", "audit", str(file))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    rest = clerk.answer("db", "audit", str(tmp_path / "rest.ndjson"), "--after", "4")
    assert rest["entries"] == 1

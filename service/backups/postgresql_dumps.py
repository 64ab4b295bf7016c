"""Backups of PostgreSQL: by its own programs, into its own compressed format."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.engine import URL

from service.backups.drafts import new_file
from service.errors import BackupError


def back_up(engine: Engine, file: Path) -> None:
    """Write a snapshot of the database of *engine* to *file*, which must not exist."""
    program = _find("pg_dump")
    with new_file(file) as draft:
        _run(
            [program, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}"],
            url=engine.url,
        )
        _run([_find("pg_restore"), "--file=/dev/null", str(draft)])


def restore(engine: Engine, file: Path) -> None:
    """Fill the empty database of *engine* from *file*, all of it or nothing.

    Raises BackupError when *file* is no sound backup or the database has tables already.
    """
    program = _find("pg_restore")
    _run([program, "--file=/dev/null", str(file)])
    if inspect(engine).get_table_names():
        raise BackupError(
            "The database in LOA_DATABASE_URL has tables already. Nothing was changed. Create an "
            "empty one (createdb loa_restored), set LOA_DATABASE_URL to it, and try again."
        )
    database = f"--dbname={engine.url.database}"
    whole = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run([program, *whole, database, str(file)], url=engine.url)


def _find(name: str) -> str:
    # Debian's wrappers on PATH pick a version by themselves; a newer program reads older servers.
    debian = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3])
    )
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise BackupError(
            f"PostgreSQL's program {name} is not on this machine, so nothing was done. Install it "
            "(Debian: apt-get install postgresql-client) or run this where the server runs."
        )
    return found


def _run(command: list[str], *, url: URL | None = None) -> None:
    ran = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | (_address(url) if url else {}),
    )
    if ran.returncode:
        said = re.sub(r"\s+", " ", ran.stderr).strip() or f"exit code {ran.returncode}"
        raise BackupError(
            f"{Path(command[0]).name} refuses: {said[:300]}. The data is as it was, and no "
            "half-written file was kept."
        )


def _address(url: URL) -> dict[str, str]:
    """Say where the server is by the environment, because anybody may read command lines."""
    given = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
        "PGSSLROOTCERT": url.query.get("sslrootcert"),
        "PGAPPNAME": "loa db",
    }
    return {name: str(value) for name, value in given.items() if value}

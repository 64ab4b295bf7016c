"""``loa db``: the schema, its health, and backups."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import URL, Engine, create_engine

from campaigns.audit import export_entries, record
from service.backups import postgresql_dumps, sqlite_files
from service.backups.aftermath import Aftermath, settle_aftermath
from service.backups.checksums import require_same, write_checksum
from service.checkups import examine, find_seal
from service.cli.new_files import NewFile
from service.cli.output import Answer, answering
from service.database import open_engine, open_sessions, reading
from service.errors import BackupError, SchemaError
from service.resources import at_the_command_line
from service.schema import current_and_head
from service.settings import Settings, load_settings
from service.upgrades import upgrade

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """The database: bring it to this version, check it, save it, bring it back."""


@db.command(name="upgrade")
@answering
def upgrade_() -> Answer:
    """Bring the database to this version of Loa.

    Safe to repeat: a database that is at this version already is left alone.
    """
    with _opened() as (_, engine):
        before, _head = current_and_head(engine)
        upgrade(engine)
        after, _head = current_and_head(engine)
    done = "is at this version already" if before == after else f"is now at version {after}"
    return Answer({"before": before, "after": after}, [f"The database {done}."])


@db.command()
@answering
def check() -> Answer:
    """Look whether the database and the queue answer and everything in them is sound."""
    with _opened() as (settings, engine):
        findings = examine(settings, engine)
    sound = all(finding.ok for finding in findings)
    return Answer(
        {"ok": sound, "checks": [asdict(finding) for finding in findings]},
        [f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.said}" for finding in findings],
        refused=not sound,
    )


@db.command()
@click.argument("file", type=_FILE)
@answering
def backup(file: Path) -> Answer:
    """Write everything the database knows into FILE, which must not exist yet.

    Loa may go on working meanwhile. The file opens only together with LOA_SEAL_KEY: keep that
    key too, but somewhere else.
    """
    with _opened() as (_, engine):
        _require_tables(engine)
        if engine.dialect.name == "sqlite":
            sqlite_files.back_up(_sqlite_path(engine), file)
        else:
            postgresql_dumps.back_up(engine, file)
        _record(engine, "database.saved", file)
    size, checksum = file.stat().st_size, write_checksum(file)
    return Answer(
        {"file": str(file), "bytes": size, "checksum": str(checksum)},
        [
            f"Saved to {file} ({size / 1_000_000:,.1f} MB).",
            f"Keep {checksum.name} with it: `restore` finds out by it if the file was damaged.",
        ],
    )


@db.command()
@click.argument("file", type=_FILE)
@click.option(
    "--replace", is_flag=True, help="SQLite only: put the database that is there aside, and go on."
)
@answering
def restore(file: Path, replace: bool) -> Answer:  # noqa: FBT001 - click's call
    """Bring back everything from FILE, which `loa db backup` wrote.

    Stop Loa first. Numbers in it open only with the LOA_SEAL_KEY it was written with. Every
    broadcast that was not over comes back paused, because what it sent since is not known.
    """
    if not file.is_file():
        raise BackupError(f"There is no file {file}. Nothing was changed.")
    is_proved = require_same(file)
    with _opened() as (settings, engine):
        aside, aftermath = _restore_any(engine, file, replace=replace)
        current, head = current_and_head(engine)
        _record(engine, "database.restored", file)
        key = find_seal(settings, engine) if current == head else None
    shown = ["Everything is back." if aside is None else f"Everything is back; before: {aside}"]
    if not is_proved:
        shown.append(f"No checksum lay beside {file.name}: nothing tells if it was damaged.")
    if aftermath.paused:
        shown.append(
            f"Broadcasts that were under way and are now paused: {aftermath.paused}. What they "
            "sent since the backup is not known here: do not resume one without asking the carrier."
        )
    if current != head:
        shown.append("The backup is of another version of Loa: run `loa db upgrade` now.")
    is_locked = key is not None and not key.ok
    if is_locked and key is not None:
        shown.append(f"But nobody can be texted or called back from here: {key.said}")
    document = {
        "version": current,
        "needed": head,
        "aside": aside and str(aside),
        "opens": not is_locked,
    }
    return Answer(document | asdict(aftermath), [*shown], refused=is_locked)


@db.command()
@click.argument("file", type=NewFile())
@click.option(
    "--after", type=click.IntRange(0), default=0, help="Only what follows the entry of this number."
)
@answering
def audit(file: Path, after: int) -> Answer:
    """Write the audit trail into FILE, which must not exist yet, one JSON object a line.

    An auditor follows the chain in it with nothing else; docs/manual.md says how.
    """
    with _opened() as (_, engine), reading(open_sessions(engine)) as session:
        _require_tables(engine)
        with file.open("x", encoding="utf-8") as lines:
            count = sum(bool(lines.write(line)) for line in export_entries(session, after=after))
        _record(engine, "audit.exported", file)
    return Answer({"file": str(file), "entries": count}, [f"{count:,} entries are in {file}."])


def _record(engine: Engine, deed: str, file: Path) -> None:
    """Note what was done with all that is kept; a database of another version cannot take it."""
    current, head = current_and_head(engine)
    if current == head:
        with open_sessions(engine, actor=at_the_command_line()).begin() as session:
            record(session, deed, f"file:{file.name[:100]}", now=datetime.now(UTC))


def _restore_any(engine: Engine, file: Path, *, replace: bool) -> tuple[Path | None, Aftermath]:
    """Restore *file* and return where the database that was there is kept, if there was one."""
    now = datetime.now(UTC)
    if engine.dialect.name != "sqlite":
        postgresql_dumps.restore(engine, file)
        return None, settle_aftermath(engine, now=now)
    database = _sqlite_path(engine)
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%S}")
    settled: list[Aftermath] = []

    def prepare(arriving: Path) -> None:
        # Not opened as Loa's database is: a backup must stay one file until it has its name.
        copy = create_engine(URL.create("sqlite", database=str(arriving)))
        settled.append(settle_aftermath(copy, now=now))
        copy.dispose()

    existed = sqlite_files.restore(database, file, replace=replace, aside=aside, prepare=prepare)
    return (aside if existed else None), settled[0]


@contextmanager
def _opened() -> Iterator[tuple[Settings, Engine]]:
    # Saving and mending data must be possible without the secrets, which may be what was lost.
    settings = load_settings()
    engine = open_engine(settings.database)
    try:
        yield settings, engine
    finally:
        engine.dispose()


def _require_tables(engine: Engine) -> None:
    # Asking a SQLite database that is not there would make an empty one.
    missing = engine.dialect.name == "sqlite" and not _sqlite_path(engine).exists()
    if missing or current_and_head(engine)[0] is None:
        raise SchemaError("The database has no tables yet, so there is nothing to save.")


def _sqlite_path(engine: Engine) -> Path:
    return Path(engine.url.database or "")

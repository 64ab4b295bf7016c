"""Lists: a subscriber file from the disk into the database, and its refused rows back again."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from campaigns.audit import record
from campaigns.phones import hide_numbers
from campaigns.sealing import Sealer
from campaigns.subscribers.imports import (
    Outcome,
    Staged,
    merge_import,
    preview_import,
    stage_list,
)
from campaigns.subscribers.rejects import RejectsFile, check_overwritable, free_path
from campaigns.subscribers.rows import Rejection
from campaigns.subscribers.sheets import Row, Sheet, open_sheet
from service.database import begin_on, one_connection

End = Callable[[Session, Outcome, RejectsFile], None]
Watch = Callable[[Sheet, Iterable[Row]], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list did, and where its refused rows went; *rejects* is None if nowhere."""

    outcome: Outcome
    rejects: Path | None


def import_list(
    sessions: sessionmaker[Session],
    path: Path,
    *,
    sealer: Sealer,
    now: datetime,
    area_code: str | None = None,
    complete: bool = False,
    dry_run: bool = False,
    rejects: Path | None = None,
    watch: Watch = lambda _, rows: rows,
    end: End = lambda *_: None,
) -> Imported:
    """Import the list at *path*, or with *dry_run* say what that would do.

    Refused rows go to *rejects*, written even if there are none; without it, to a fresh file
    beside the list once something was imported. Nobody waits while the list is read; the merge
    is one short transaction, ended by *end*: both data and rejects file are there then, or none.
    """
    target = _target(path, rejects, dry_run=dry_run)
    with (
        open_sheet(path) as sheet,
        one_connection(sessions) as connection,
        RejectsFile(target or path, sheet.headings, delimiter=sheet.delimiter) as refused,
    ):
        with begin_on(connection, sessions, read_only=True) as session:
            staged = stage_list(
                session,
                sheet,
                sealer=sealer,
                now=now,
                area_code=area_code,
                on_reject=refused.add if target is not None else _ignore,
                watch=partial(watch, sheet),
            )
            preview = preview_import(session, staged, complete=complete) if dry_run else None
        wanted = bool(rejects or (target and staged.rejected))
        if wanted:
            refused.finish()
        with begin_on(connection, sessions) as session:
            outcome = preview or _merge(session, staged, complete=complete, now=now)
            end(session, outcome, refused)
        if wanted:
            refused.keep()
    return Imported(outcome, target if wanted else None)


def _target(path: Path, rejects: Path | None, *, dry_run: bool) -> Path | None:
    """Return where refused rows may go, if anywhere."""
    if rejects is not None:
        check_overwritable(rejects, source=path)
        return rejects
    return None if dry_run else free_path(path)


def describe_outcome(outcome: Outcome) -> dict[str, object]:
    """Write what an import did, or would do, as programs are told."""
    return {
        "rows_read": outcome.rows_read,
        "rows_rejected": sum(outcome.rows_rejected.values()),
        "rejected": outcome.rows_rejected,
        "duplicates": outcome.duplicates,
        **asdict(outcome.merged),
        "warnings": list(outcome.warnings),
    }


def _merge(session: Session, staged: Staged, *, complete: bool, now: datetime) -> Outcome:
    outcome = merge_import(session, staged, now=now, complete=complete)
    merged = outcome.merged
    record(
        session,
        "subscribers.imported",
        f"list:{hide_numbers(staged.name)[:100]}",
        now=now,
        rows=outcome.rows_read,
        entered=merged.entered,
        changed=merged.changed,
        returned=merged.returned,
        left=merged.left,
    )
    return outcome


def _ignore(_: Rejection) -> None:
    """Nobody asked where this row goes."""

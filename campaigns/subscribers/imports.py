"""Imports: a list of subscribers taken over as one, or not at all.

First a list is staged, which may take long and disturbs nobody; then it is merged, in one short
transaction of the caller's. Killed in between or refused, the data is as it was.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.areas import get_area, list_areas
from campaigns.errors import SubscriberFileError
from campaigns.local_time import local_day
from campaigns.phones import hide_numbers
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import require_own_seal
from campaigns.subscribers.headings import AREA, read_headings
from campaigns.subscribers.merges import Merged, compare_stage, merge_stage
from campaigns.subscribers.rows import Rejection, RowReader
from campaigns.subscribers.sheets import Row, Sheet
from campaigns.subscribers.stages import Stage, drop_stage


@dataclass(frozen=True, slots=True)
class Staged:
    """A list that is read and sealed, waiting in temporary tables to be merged."""

    name: str
    rows_read: int
    numbers: int
    rejected: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def duplicates(self) -> int:
        """How many usable rows repeated a number; the last one of each counts."""
        return self.rows_read - sum(self.rejected.values()) - self.numbers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or a dry run would do. All counts are of people unless they say rows."""

    rows_read: int
    rows_rejected: dict[str, int]
    duplicates: int
    merged: Merged
    warnings: tuple[str, ...] = field(default=())


def stage_list(
    session: Session,
    sheet: Sheet,
    *,
    sealer: Sealer,
    now: datetime,
    area_code: str | None = None,
    on_reject: Callable[[Rejection], None] = lambda _: None,
    watch: Callable[[Iterable[Row]], Iterable[Row]] = lambda rows: rows,
) -> Staged:
    """Read *sheet* to its end into temporary tables of this session's connection.

    *area_code* is where people live of whom the list does not say it; *watch* sees every row
    go by. Writes nothing that lasts, so the transaction need not be one that writes. Raises
    SubscriberFileError, UnknownAreaError for *area_code*, and SealBrokenError for a seal that is
    not this database's; no message holds a number.
    """
    today = local_day(now)
    require_own_seal(session, sealer=sealer)
    if area_code is not None:
        get_area(session, area_code, on=today)
    columns = read_headings(sheet.headings, name=sheet.name)
    if AREA not in columns.at and area_code is None:
        raise SubscriberFileError(
            f"{sheet.name} has no column for the area (area, mã xã). Nothing was imported. "
            "Add the column, or name the one area of the whole list with --area."
        )
    stage = Stage(session)
    reader = RowReader(
        columns,
        areas={area.code: area.name for area in list_areas(session, on=today)},
        prepare=stage.prepare,
        now=now,
        area_code=area_code,
        on_reject=on_reject,
    )
    stage.fill(reader.read_rows(watch(sheet.rows)), sealer=sealer)
    return Staged(
        sheet.name,
        rows_read=reader.read,
        numbers=stage.settle(),
        rejected=dict(reader.rejected),
        warnings=(*sheet.warnings, *columns.warnings),
    )


def preview_import(session: Session, staged: Staged, *, complete: bool = False) -> Outcome:
    """Say what `merge_import` would do now; change nothing, and forget the staged list."""
    merged = compare_stage(session, complete=complete)
    drop_stage(session)
    return _outcome(staged, merged)


def merge_import(
    session: Session, staged: Staged, *, now: datetime, complete: bool = False
) -> Outcome:
    """Take the staged list over, on the connection that staged it.

    Who is new enters with a consent event; who is known is brought up to date where the list
    says something else; who had left returns. Nobody who opted out is opted in, nobody who was
    erased is filled in again. With *complete* the list is all there is of the areas it names:
    whoever lives there and is not on it, not even in a refused row, leaves.
    """
    source = hide_numbers(f"list {staged.name}")
    merged = merge_stage(session, complete=complete, source=source, now=now)
    drop_stage(session)
    return _outcome(staged, merged)


def _outcome(staged: Staged, merged: Merged) -> Outcome:
    return Outcome(staged.rows_read, staged.rejected, staged.duplicates, merged, staged.warnings)

"""The day's figures: delivered by file or program, and at once what texts and the hotline quote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.errors import FiguresRefusedError
from campaigns.figures import FIGURES, DayFigures, deliver_figures
from campaigns.levels import read_moment
from campaigns.people import Person
from campaigns.tables import NumberedRow, read_table
from hotline.editions import mark_changed

COLUMNS = ("day", "as_of", "source", *FIGURES)


@dataclass(frozen=True, slots=True)
class Given:
    """One day's figures as somebody hands them over."""

    counted_on: date
    as_of: datetime
    source: str
    figures: Mapping[str, int]


def deliver(session: Session, person: Person, given: Given, *, now: datetime) -> DayFigures:
    """Keep *given* as the figures of its day; the hotline quotes them from its next turn on.

    Raises as `deliver_figures` does.
    """
    kept = deliver_figures(
        session,
        person,
        counted_on=given.counted_on,
        as_of=given.as_of,
        source=given.source,
        figures=given.figures,
        now=now,
    )
    mark_changed(session)
    return kept


def read_figures(path: Path) -> Iterator[Given]:
    """Yield the days in the CSV at *path*; raise FiguresRefusedError with the line of a fault."""
    rows = read_table(path, columns=COLUMNS, optional=len(FIGURES), refuse=FiguresRefusedError)
    for row in rows:
        yield _read(row, name=path.name)


def _read(row: NumberedRow, *, name: str) -> Given:
    number, cells = row
    try:
        return Given(
            date.fromisoformat((cells["day"] or "").strip()),
            read_moment((cells["as_of"] or "").strip()),
            (cells["source"] or "").strip(),
            {figure: int(cells[figure]) for figure in FIGURES if (cells.get(figure) or "").strip()},
        )
    except ValueError:
        raise FiguresRefusedError(
            f"{name}, line {number}: write day as 2026-11-20, as_of as 2026-11-20T15:00+07:00, "
            "and figures in digits alone. Nothing was kept."
        ) from None

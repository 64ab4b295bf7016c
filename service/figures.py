"""The day's figures: delivered by file or program, and at once what texts and the hotline quote."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.errors import FiguresRefusedError
from campaigns.figures import FIGURES, Delivered, deliver_figures
from campaigns.levels import read_moment
from campaigns.people import Person
from campaigns.tables import NumberedRow, read_table
from hotline.editions import mark_changed

COLUMNS = ("day", "as_of", "source", *FIGURES)


def deliver(session: Session, person: Person, given: Delivered, *, now: datetime) -> Delivered:
    """Keep *given* as the figures of its day; the hotline quotes them from its next turn on.

    Raises as `deliver_figures` does.
    """
    kept = deliver_figures(session, person, given, now=now)
    mark_changed(session)
    return kept


def read_figures(path: Path) -> Iterator[Delivered]:
    """Yield the days in the CSV at *path*; raise FiguresRefusedError with the line of a fault."""
    rows = read_table(path, columns=COLUMNS, optional=len(FIGURES), refuse=FiguresRefusedError)
    for row in rows:
        yield _read(row, name=path.name)


def _read(row: NumberedRow, *, name: str) -> Delivered:
    number, cells = row
    try:
        return Delivered(
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

"""Recodings: an area's official code gives way to another, and its people move with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Date, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.areas import LONGEST_CODE, Area
from campaigns.base import Base, BigId
from campaigns.bulk import change, rows_of
from campaigns.errors import AreaFileError
from campaigns.local_time import local_day
from campaigns.subscribers.models import Subscriber
from campaigns.tables import NumberedRow, read_table

COLUMNS = ("old", "new", "on")


class AreaRecoding(Base):
    """One code that gave way to another on a day; several may give way to the same one."""

    __tablename__ = "area_recodings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    old_code: Mapped[str] = mapped_column(String(LONGEST_CODE), unique=True)
    new_code: Mapped[str] = mapped_column(String(LONGEST_CODE))
    recoded_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Recoded:
    """What one recoding of a file did.

    ``is_known``: it was on record already, and nobody was moved again. ``still_valid``: the old
    code goes on after that day, so lists may bring people in under it.
    """

    recoding: AreaRecoding
    moved: int
    is_known: bool
    still_valid: bool


def recode_areas(session: Session, rows: Iterable[NumberedRow], *, now: datetime) -> list[Recoded]:
    """Move everybody registered under an old code to its new one; rows have the keys COLUMNS.

    All recodings of one day happen at once, those of an earlier day first. What was on record is
    left alone, so that a file can be loaded again. Level decisions are not moved: the new area
    has its own. Raises AreaFileError naming the line; then nothing is kept.
    """
    known = {row.old_code: row for row in session.scalars(select(AreaRecoding))}
    wanted = _read_rows(session, rows, known=known, now=now)
    fresh = [one for one in wanted if one.old_code not in known]
    moved: dict[str, int] = {}
    for day in sorted({one.recoded_on for one in fresh}):
        moved |= _move(session, [one for one in fresh if one.recoded_on == day], now=now)
    session.add_all(fresh)
    session.flush()
    return [
        Recoded(
            known.get(one.old_code, one),
            moved=moved.get(one.old_code, 0),
            is_known=one.old_code in known,
            still_valid=_is_valid(_versions(session, one.old_code), one.recoded_on),
        )
        for one in wanted
    ]


def read_recoding_rows(path: Path) -> Iterator[NumberedRow]:
    """Yield the rows of the CSV at *path*; columns old, new, on."""
    return read_table(path, columns=COLUMNS, optional=0, refuse=AreaFileError)


def _read_rows(
    session: Session,
    rows: Iterable[NumberedRow],
    *,
    known: Mapping[str, AreaRecoding],
    now: datetime,
) -> list[AreaRecoding]:
    found: list[AreaRecoding] = []
    successors = {old: row.new_code for old, row in known.items()}
    for number, row in rows:
        try:
            one = _read_row(row, now=now)
            _require_valid(session, one)
            _require_one_successor(one, known=known, successors=successors)
        except ValueError as wrong:
            raise AreaFileError(
                f"Line {number}: {wrong}. Nobody was moved; mend the line and load again."
            ) from None
        if one.old_code not in {earlier.old_code for earlier in found}:
            found.append(one)
        successors[one.old_code] = one.new_code
    return found


def _read_row(row: dict[str, str], *, now: datetime) -> AreaRecoding:
    if None in row or None in row.values():
        raise ValueError("it has more or fewer cells than the heading")
    old, new, on = (row[column].strip() for column in COLUMNS)
    if not (old and new):
        raise ValueError("it needs an old and a new code")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise ValueError("the day is written YYYY-MM-DD") from None
    if day > local_day(now):
        raise ValueError(f"{day:%d/%m/%Y} is still to come; load the file on that day")
    return AreaRecoding(old_code=old, new_code=new, recoded_on=day, recorded_at=now)


def _require_valid(session: Session, one: AreaRecoding) -> None:
    """Raise ValueError unless the new code holds on the day, and the old one until then."""
    day = f"{one.recoded_on:%d/%m/%Y}"
    if not _is_valid(_versions(session, one.new_code), one.recoded_on):
        raise ValueError(f"no area has the new code {one.new_code} on {day}")
    old = _versions(session, one.old_code)
    day_before = one.recoded_on - timedelta(days=1)
    if not (_is_valid(old, one.recoded_on) or _is_valid(old, day_before)):
        raise ValueError(f"no area has the old code {one.old_code} on {day} or the day before")


def _require_one_successor(
    one: AreaRecoding, *, known: Mapping[str, AreaRecoding], successors: Mapping[str, str]
) -> None:
    """Raise ValueError where *one* splits a code, leads back to it, or changes a recorded day."""
    before = successors.get(one.old_code)
    if before is not None and before != one.new_code:
        raise ValueError(
            f"{one.old_code} becomes {before} already, and who goes to {one.new_code} instead only "
            "a list can say; import one with the new codes"
        )
    if one.old_code in known and known[one.old_code].recoded_on != one.recoded_on:
        raise ValueError(
            f"{one.old_code} became {one.new_code} on {known[one.old_code].recoded_on:%d/%m/%Y} "
            "and not on another day"
        )
    code: str | None = one.new_code
    while code is not None:
        if code == one.old_code:
            raise ValueError(f"{one.old_code} would lead back to itself")
        code = successors.get(code)


def _versions(session: Session, code: str) -> list[tuple[date, date | None]]:
    found = session.execute(select(Area.valid_from, Area.valid_to).where(Area.code == code))
    return [(valid_from, valid_to) for valid_from, valid_to in found]


def _is_valid(versions: Iterable[tuple[date, date | None]], day: date) -> bool:
    return any(begins <= day and (ends is None or day <= ends) for begins, ends in versions)


def _move(session: Session, recodings: list[AreaRecoding], *, now: datetime) -> dict[str, int]:
    """Move people by all of *recodings* at once; return how many left each old code."""
    leaving = (
        select(Subscriber.area_code, func.count().label("people"))
        .where(Subscriber.area_code.in_([one.old_code for one in recodings]))
        .group_by(Subscriber.area_code)
    )
    people = {row.area_code: row.people for row in session.execute(leaving)}
    pairs = [(one.old_code, one.new_code) for one in recodings]
    given = rows_of(session, {"old": String, "new": String}, pairs)
    change(
        session,
        update(Subscriber)
        .where(Subscriber.area_code == given.c.old)
        .values(area_code=given.c.new, updated_at=now),
    )
    return people

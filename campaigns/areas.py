"""Areas: the tree of administrative units, keyed by official code, each with validity dates."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sqlalchemy import ColumnElement, Date, UniqueConstraint, and_, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.errors import AreaFileError, UnknownAreaError
from campaigns.tables import NumberedRow, read_table

LONGEST_CODE = 16
COLUMNS = ("code", "name", "kind", "parent", "valid_from", "valid_to", "tags")
LANG_SON = resources.files("campaigns") / "data" / "areas-lang-son.csv"


class Area(Base):
    """One administrative unit for one stretch of time.

    The code is the key everywhere else; names repeat across levels and years (there was a
    district Cao Lộc and there is a commune Cao Lộc). A unit whose name or parent changes gets a
    second row that begins where the first ends.
    """

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(default=None)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date, default=None)
    tags: Mapped[str] = mapped_column(default="")

    @property
    def full_name(self) -> str:
        """Kind and name as a citizen reads them: ``xã Ba Sơn``."""
        return f"{self.kind} {self.name}".strip()

    @property
    def tag_list(self) -> list[str]:
        return [tag for tag in self.tags.split("|") if tag]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows of a file were new, changed something, or said what was known already."""

    added: int
    changed: int
    unchanged: int


def valid_on(day: date) -> ColumnElement[bool]:
    """The condition that an area row holds on *day*; ``valid_to`` is the last day."""
    return and_(Area.valid_from <= day, or_(Area.valid_to.is_(None), Area.valid_to >= day))


def list_areas(session: Session, *, on: date) -> list[Area]:
    """Return every area valid on day *on*, by code."""
    return list(session.scalars(select(Area).where(valid_on(on)).order_by(Area.code)))


def get_area(session: Session, code: str, *, on: date) -> Area:
    """Return the area with *code* on day *on*, or raise UnknownAreaError."""
    area = session.scalar(select(Area).where(Area.code == code, valid_on(on)))
    if area is None:
        raise UnknownAreaError(
            f"No area has the code {code} on {on:%d/%m/%Y}. "
            "See the codes with `loa areas list`; a new tree is loaded with `loa areas load`."
        )
    return area


def codes_below(areas: Sequence[Area], roots: Iterable[str]) -> set[str]:
    """Return the codes of *roots* and everything below them in *areas*; unknown roots raise."""
    children: dict[str | None, list[str]] = {}
    for area in areas:
        children.setdefault(area.parent_code, []).append(area.code)
    known = {area.code for area in areas}
    reached: set[str] = set()
    waiting = list(roots)
    for code in waiting:
        if code not in known:
            raise UnknownAreaError(
                f"No area has the code {code} today. See the codes with `loa areas list`."
            )
        if code not in reached:
            reached.add(code)
            waiting.extend(children.get(code, ()))
    return reached


def load_areas(session: Session, rows: Iterable[NumberedRow]) -> Loaded:
    """Take over an area file's *rows* (keys: COLUMNS); raise AreaFileError and keep nothing.

    A row replaces what is known under its code and ``valid_from``; nothing is ever deleted, an
    area ends by its ``valid_to``.
    """
    known = {(area.code, area.valid_from): area for area in session.scalars(select(Area))}
    added = changed = unchanged = 0
    for number, row in rows:
        area = _read_row(row, number)
        before = known.get((area.code, area.valid_from))
        if before is None:
            session.add(area)
            known[area.code, area.valid_from] = area
            added += 1
        elif _same(before, area):
            unchanged += 1
        else:
            _overwrite(before, area)
            changed += 1
    _check_tree(list(known.values()))
    session.flush()
    return Loaded(added, changed, unchanged)


def read_area_rows(path: Path | Traversable) -> Iterator[NumberedRow]:
    """Yield the rows of the area CSV at *path*."""
    return read_table(path, columns=COLUMNS, optional=2, refuse=AreaFileError)


def load_lang_son(session: Session) -> Loaded:
    """Load Lạng Sơn as it is since 1 July 2025 (NQ 1672/NQ-UBTVQH15): 61 xã, 4 phường."""
    return load_areas(session, read_area_rows(LANG_SON))


def has_any_area(session: Session) -> bool:
    return session.scalar(select(true()).where(select(Area.id).exists())) is not None


def _read_row(row: dict[str, str], number: int) -> Area:
    def refuse(problem: str) -> AreaFileError:
        return AreaFileError(f"Line {number}: {problem}. Nothing was loaded; mend the line.")

    if None in row or any(row.get(column) is None for column in COLUMNS[:5]):
        raise refuse("it has more or fewer cells than the heading")
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    code = cells["code"]
    if not (code.isascii() and code.isalnum() and len(code) <= LONGEST_CODE and cells["name"]):
        raise refuse(
            f"an area needs a code of at most {LONGEST_CODE} letters or digits, and a name"
        )
    try:
        valid_from = date.fromisoformat(cells["valid_from"])
        valid_to = date.fromisoformat(cells["valid_to"]) if cells["valid_to"] else None
    except ValueError:
        raise refuse("dates are written YYYY-MM-DD") from None
    if valid_to is not None and valid_to < valid_from:
        raise refuse("the area ends before it begins")
    tags = sorted({tag.strip() for tag in cells["tags"].split("|") if tag.strip()})
    return Area(
        code=code,
        name=cells["name"],
        kind=cells["kind"],
        parent_code=cells["parent"] or None,
        valid_from=valid_from,
        valid_to=valid_to,
        tags=f"|{'|'.join(tags)}|" if tags else "",
    )


_CONTENT = ("name", "kind", "parent_code", "valid_to", "tags")


def _same(before: Area, after: Area) -> bool:
    return all(getattr(before, name) == getattr(after, name) for name in _CONTENT)


def _overwrite(before: Area, after: Area) -> None:
    for name in _CONTENT:
        setattr(before, name, getattr(after, name))


def _check_tree(areas: list[Area]) -> None:
    """Refuse overlapping validities, parents that do not exist, and circles."""
    by_code: dict[str, list[Area]] = {}
    for area in areas:
        by_code.setdefault(area.code, []).append(area)
    for code, versions in by_code.items():
        versions.sort(key=lambda area: area.valid_from)
        for earlier, later in itertools.pairwise(versions):
            if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                raise AreaFileError(
                    f"Area {code} is valid twice from {later.valid_from}. Nothing was loaded; "
                    "end the earlier row with valid_to."
                )
    for area in areas:
        if area.parent_code is not None and area.parent_code not in by_code:
            raise AreaFileError(
                f"Area {area.code} lies in {area.parent_code}, which no row describes. "
                "Nothing was loaded; add the parent's row."
            )
        _walk_up(area, by_code)


def _walk_up(area: Area, by_code: dict[str, list[Area]]) -> None:
    """Follow the parents valid when *area* began; a circle would never end."""
    seen = {area.code}
    parent = area.parent_code
    while parent is not None:
        if parent in seen:
            raise AreaFileError(
                f"Area {area.code} lies in a circle of parents. Nothing was loaded."
            )
        seen.add(parent)
        versions = by_code.get(parent, [])
        valid = [version for version in versions if version.valid_from <= area.valid_from]
        parent = (valid or versions)[-1].parent_code if versions else None

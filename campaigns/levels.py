"""Levels: how serious an epidemic is in one area from a moment on, as decided by a document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.areas import Area
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.errors import LevelFileError, UnknownAreaError, UnknownLevelError
from campaigns.local_time import ZONE
from campaigns.tables import NumberedRow, read_table

COLUMNS = ("area", "level", "from", "document", "scheme")
DEFAULT_SCHEME = "nq128"
_SCHEMES = resources.files("campaigns") / "data" / "level_schemes.yaml"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a scheme; ``colours`` by language, ``notice_hours`` before a raise to it."""

    scheme: str
    level: int
    colours: Mapping[str, str]
    risk: str
    notice_hours: int

    def colour(self, language: str) -> str:
        """The colour's name in *language*, in Vietnamese where that language has none."""
        return self.colours.get(language) or self.colours["vi"]


class LevelDecision(Base):
    """One area's level under one scheme from a moment on.

    Never inherited downwards and never computed: inside a green province there were red communes
    (decision 1825/QĐ-UBND of 20/11/2021, effective 06h00 of the next day).
    """

    __tablename__ = "level_decisions"
    __table_args__ = (Index(None, "area_code", "effective_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    scheme: Mapped[str]
    area_code: Mapped[str]
    level: Mapped[int]
    effective_at: Mapped[datetime]
    document: Mapped[str]
    recorded_at: Mapped[datetime]


@cache
def level_schemes() -> dict[str, dict[int, Level]]:
    """Return every scheme's levels by number, from ``data/level_schemes.yaml``."""
    written: list[dict[str, Any]] = yaml.safe_load(_SCHEMES.read_text(encoding="utf-8"))
    return {
        scheme["code"]: {
            row["level"]: Level(
                scheme["code"], row["level"], row["colour"], row["risk"], row["notice_hours"]
            )
            for row in scheme["levels"]
        }
        for scheme in written
    }


def get_level(scheme: str, level: int) -> Level:
    """Return one level of *scheme*, or raise UnknownLevelError."""
    levels = level_schemes().get(scheme)
    if levels is None:
        raise UnknownLevelError(
            f"There is no level scheme {scheme}; known are {', '.join(level_schemes())}."
        )
    if level not in levels:
        raise UnknownLevelError(
            f"Scheme {scheme} has no level {level}; it has {', '.join(map(str, levels))}."
        )
    return levels[level]


def decide_level(
    session: Session,
    area_code: str,
    *,
    level: int,
    effective_at: datetime,
    document: str,
    now: datetime,
    scheme: str = DEFAULT_SCHEME,
) -> LevelDecision:
    """Record that *document* puts *area_code* at *level* from *effective_at* on.

    The same decision recorded twice is one decision; another one for the same moment replaces the
    earlier in effect, while both stay in the history. Raises UnknownAreaError, UnknownLevelError.
    """
    get_level(scheme, level)
    _require_area(session, area_code)
    latest = level_at(session, area_code, at=effective_at, scheme=scheme)
    if latest is not None and (latest.level, latest.effective_at, latest.document) == (
        level,
        effective_at,
        document,
    ):
        return latest
    decision = LevelDecision(
        scheme=scheme,
        area_code=area_code,
        level=level,
        effective_at=effective_at,
        document=document,
        recorded_at=now,
    )
    session.add(decision)
    session.flush()
    record(
        session,
        "level.decided",
        f"area:{area_code}",
        now=now,
        scheme=scheme,
        level=level,
        effective_at=effective_at,
        document=document,
    )
    return decision


def _require_area(session: Session, code: str) -> None:
    if session.scalar(select(Area.id).where(Area.code == code).limit(1)) is None:
        raise UnknownAreaError(f"No area has the code {code}. See the codes with `loa areas list`.")


def level_at(
    session: Session, area_code: str, *, at: datetime, scheme: str = DEFAULT_SCHEME
) -> LevelDecision | None:
    """Return the decision in force for *area_code* at the moment *at*, if there is one."""
    return session.scalar(
        select(LevelDecision)
        .where(
            LevelDecision.scheme == scheme,
            LevelDecision.area_code == area_code,
            LevelDecision.effective_at <= at,
        )
        .order_by(LevelDecision.effective_at.desc(), LevelDecision.id.desc())
        .limit(1)
    )


def levels_at(
    session: Session, *, at: datetime, scheme: str = DEFAULT_SCHEME
) -> dict[str, LevelDecision]:
    """Return the decision in force at the moment *at* for every area that has one."""
    ranked = (
        select(
            LevelDecision.id,
            func.row_number()
            .over(
                partition_by=LevelDecision.area_code,
                order_by=(LevelDecision.effective_at.desc(), LevelDecision.id.desc()),
            )
            .label("rank"),
        )
        .where(LevelDecision.scheme == scheme, LevelDecision.effective_at <= at)
        .subquery()
    )
    newest = select(ranked.c.id).where(ranked.c.rank == 1)
    decisions = session.scalars(select(LevelDecision).where(LevelDecision.id.in_(newest)))
    return {decision.area_code: decision for decision in decisions}


def announced_levels(
    session: Session, *, now: datetime, scheme: str = DEFAULT_SCHEME
) -> dict[str, LevelDecision]:
    """Return, for every area with a decision still to come, the next one that takes effect."""
    decisions = session.scalars(
        select(LevelDecision)
        .where(LevelDecision.scheme == scheme, LevelDecision.effective_at > now)
        .order_by(LevelDecision.effective_at.desc(), LevelDecision.id)
    )
    return {decision.area_code: decision for decision in decisions}


def announced_level(
    session: Session, area_code: str, *, now: datetime, scheme: str = DEFAULT_SCHEME
) -> LevelDecision | None:
    """Return the next decision that takes effect for *area_code*, if one is recorded.

    Of two for the same moment the one recorded later counts.
    """
    return session.scalar(
        select(LevelDecision)
        .where(
            LevelDecision.scheme == scheme,
            LevelDecision.area_code == area_code,
            LevelDecision.effective_at > now,
        )
        .order_by(LevelDecision.effective_at, LevelDecision.id.desc())
        .limit(1)
    )


def level_history(session: Session, area_code: str) -> list[LevelDecision]:
    """Return every decision about *area_code*, the newest moment first.

    Raises UnknownAreaError for a code that no area has or had.
    """
    _require_area(session, area_code)
    return list(
        session.scalars(
            select(LevelDecision)
            .where(LevelDecision.area_code == area_code)
            .order_by(LevelDecision.effective_at.desc(), LevelDecision.id.desc())
        )
    )


def load_levels(session: Session, rows: Iterable[NumberedRow], *, now: datetime) -> int:
    """Record every decision of a level file's *rows* (keys: COLUMNS) and return how many.

    Raises LevelFileError naming the line; then nothing of the file is kept.
    """
    count = 0
    for number, row in rows:
        try:
            _require_no_more_cells(row)
            decide_level(
                session,
                (row.get("area") or "").strip(),
                level=int((row.get("level") or "").strip()),
                effective_at=read_moment(row.get("from") or ""),
                document=_required(row, "document"),
                scheme=(row.get("scheme") or "").strip() or DEFAULT_SCHEME,
                now=now,
            )
        except (ValueError, UnknownAreaError, UnknownLevelError) as wrong:
            raise LevelFileError(
                f"Line {number}: {_about(wrong)} Nothing was loaded; mend the line and load again."
            ) from None
        count += 1
    return count


def load_level_path(session: Session, path: Path, *, now: datetime) -> int:
    """Load the CSV of level decisions at *path*; columns area, level, from, document[, scheme]."""
    rows = read_table(path, columns=COLUMNS, optional=1, refuse=LevelFileError)
    return load_levels(session, rows, now=now)


def read_moment(written: str) -> datetime:
    """Read ``2021-10-30T00:00+07:00`` or, in the province's own time, ``2021-10-30 00:00``.

    A day without an hour is refused: a level begins at an hour.
    """
    try:
        moment = datetime.fromisoformat(written.strip())
        if len(written.strip()) > len("2021-10-30"):
            return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("the moment must be a day with an hour, such as 2021-10-30T00:00+07:00.")


def _require_no_more_cells(row: dict[str, str]) -> None:
    if None in row:
        raise ValueError("it has more cells than the heading.")


def _required(row: dict[str, str], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value:
        raise ValueError(f"the {column} is missing.")
    return value


def _about(wrong: Exception) -> str:
    text = str(wrong)
    return "the level must be a whole number." if "invalid literal" in text else text

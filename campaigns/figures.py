"""Figures: the day's numbers as the health data owner gives them, and the only ones ever quoted.

Founding document 003: the health department hands them over at 15:00 every day. From then on
yesterday's are not quoted any more: what needs today's has to wait for them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.errors import FiguresMissingError, FiguresRefusedError, NotPermittedError
from campaigns.local_time import ZONE, local_day
from campaigns.people import Person, Role

CUT_OFF = time(15)
# What each figure counts, by the name that authors write in braces.
FIGURES: Mapping[str, str] = {
    "cases_today": "new cases of the day",
    "cases_total": "cases since the beginning",
    "in_treatment": "people in treatment",
    "recovered_total": "people who recovered since the beginning",
    "deaths_total": "deaths since the beginning",
    "doses_total": "doses of vaccine given since the beginning",
}
# Whoever quotes a figure also says whose it is and up to when it counts.
CREDITS: Mapping[str, str] = {
    "figures_source": "who gave the day's figures",
    "figures_as_of": "the moment up to which the day's figures count",
}
LONGEST_SOURCE = 80
_MOST = 10**9
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+").fullmatch


class DayFigures(Base):
    """What was delivered for one day; a correction is a further row, and the newest counts."""

    __tablename__ = "day_figures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    counted_on: Mapped[date] = mapped_column(index=True)
    as_of: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(LONGEST_SOURCE))
    values: Mapped[str] = mapped_column(Text)
    delivered_by: Mapped[str] = mapped_column(String(64))
    delivered_at: Mapped[datetime]

    @property
    def delivered(self) -> "Delivered":
        return Delivered(self.counted_on, self.as_of, self.source, json.loads(self.values))


@dataclass(frozen=True, slots=True)
class Delivered:
    """One day's figures, as they are handed over and as they are quoted."""

    counted_on: date
    as_of: datetime
    source: str
    figures: Mapping[str, int]

    def slots(self, language: str) -> dict[str, str]:
        """Return what each blank about figures says in *language*."""
        point = "." if language not in {"en", "zh"} else ","
        said = {name: f"{count:,}".replace(",", point) for name, count in self.figures.items()}
        return said | {
            "figures_source": self.source,
            "figures_as_of": _moment(self.as_of, language),
        }


def deliver_figures(
    session: Session, person: Person, given: Delivered, *, now: datetime
) -> Delivered:
    """Keep the figures of one day; the same delivered twice are one.

    Raises NotPermittedError for anybody but the health data owner, FiguresRefusedError for what
    cannot be the figures of that day.
    """
    if Role.HEALTH_DATA_OWNER not in person.role_set:
        raise NotPermittedError(
            f"Figures are delivered by the role {Role.HEALTH_DATA_OWNER}, which {person.login} "
            "does not have. Nothing was kept."
        )
    _check(given, now=now)
    if _newest(session, given.counted_on) != given:
        session.add(
            DayFigures(
                counted_on=given.counted_on,
                as_of=given.as_of,
                source=given.source,
                values=json.dumps(dict(sorted(given.figures.items()))),
                delivered_by=person.login,
                delivered_at=now,
            )
        )
        session.flush()
        subject = f"figures:{given.counted_on}"
        record(session, "figures.delivered", subject, now=now, source=given.source, **given.figures)
    return given


def quotable_figures(session: Session, *, now: datetime) -> Delivered | None:
    """Return the figures that may be quoted at *now*, or None while they are missing."""
    return choose_figures(latest_figures(session), at=now)


def latest_figures(session: Session) -> list[Delivered]:
    """Return the newest figures of the newest two days: one of them is what may be quoted."""
    days = select(DayFigures.counted_on).distinct().order_by(DayFigures.counted_on.desc()).limit(2)
    rows = session.scalars(
        select(DayFigures).where(DayFigures.counted_on.in_(days)).order_by(DayFigures.id)
    )
    return list({row.counted_on: row.delivered for row in rows}.values())


def choose_figures(known: Iterable[Delivered], *, at: datetime) -> Delivered | None:
    """Return the newest of *known* if it is new enough to be quoted at the moment *at*."""
    newest = max(known, key=lambda one: one.counted_on, default=None)
    return newest if newest is not None and newest.counted_on >= due_on(at) else None


def due_on(moment: datetime) -> date:
    """Return the day whose figures must be there at *moment*: yesterday's until 15:00."""
    local = moment.astimezone(ZONE)
    return local.date() if local.time() >= CUT_OFF else local.date() - timedelta(days=1)


def quotes_figures(slots: Iterable[str]) -> bool:
    """Whether a text with these *slots* rests on the day's figures."""
    return not (FIGURES.keys() | CREDITS.keys()).isdisjoint(slots)


def lacks_credits(slots: Iterable[str]) -> bool:
    """Whether a text with these *slots* quotes figures without saying whose and of when."""
    given = set(slots)
    return not FIGURES.keys().isdisjoint(given) and not CREDITS.keys() <= given


def require_figures(session: Session, slots: Iterable[str], *, now: datetime) -> Delivered | None:
    """Return the figures that a text with these *slots* quotes at *now*; None where it quotes none.

    Raises FiguresMissingError while they are missing.
    """
    if not quotes_figures(slots):
        return None
    figures = quotable_figures(session, now=now)
    if figures is None:
        raise FiguresMissingError(
            f"The figures of {due_on(now):%d/%m/%Y}, due at {CUT_OFF:%H:%M}, are not here, and "
            "older ones are not quoted. Nothing was signed or sent. Ask the health data owner to "
            "deliver them with `loa figures load`, or take the figures out of the text."
        )
    return figures


def _check(given: Delivered, *, now: datetime) -> None:
    local, source = given.as_of.astimezone(ZONE), given.source
    faults = [
        (given.counted_on > local_day(now), "their day has not come yet"),
        (given.as_of > now, "they count up to a moment that has not come yet"),
        (local.date() < given.counted_on, "they end before their own day begins"),
        (not given.figures, "there is none among them"),
        (bool(given.figures.keys() - FIGURES.keys()), f"known are {', '.join(FIGURES)}"),
        (any(not 0 <= count < _MOST for count in given.figures.values()), "one counts no people"),
        (
            not (_ONE_LINE(source) and source.strip() and len(source) <= LONGEST_SOURCE),
            f"the source is no line of at most {LONGEST_SOURCE} letters",
        ),
    ]
    for is_wrong, fault in faults:
        if is_wrong:
            raise FiguresRefusedError(f"These figures are refused: {fault}. Nothing was kept.")


def _newest(session: Session, counted_on: date) -> Delivered | None:
    of_day = select(DayFigures).where(DayFigures.counted_on == counted_on)
    row = session.scalar(of_day.order_by(DayFigures.id.desc()).limit(1))
    return row.delivered if row else None


def _moment(moment: datetime, language: str) -> str:
    local = moment.astimezone(ZONE)
    match language:
        case "zh":
            minutes = f"{local.minute}分" if local.minute else ""
            return f"{local.month}月{local.day}日{local.hour}时{minutes}"
        case "en":
            return f"{local:%H:%M} {local.day}/{local.month}/{local.year}"
        case _:
            minutes = f"{local.minute:02}" if local.minute else ""
            return f"{local.hour}h{minutes} ngày {local.day}/{local.month}/{local.year}"

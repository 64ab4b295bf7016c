"""The day's figures: delivered by the health data owner, quoted by texts and the hotline."""

from datetime import date, datetime
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.errors import FiguresRefusedError
from campaigns.figures import LONGEST_SOURCE, Delivered, choose_figures, due_on, latest_figures
from service.api.given import Given, Line, Moment
from service.api.kept import kept
from service.api.requests import answer, caller, needs, resources, writing
from service.api.stores import STEADY
from service.figures import deliver

figures = APIBlueprint("figures", __name__, tag="Figures of the day")
Count = Annotated[int, Field(ge=0, lt=10**9)]


class FiguresIn(Given):
    """What is counted, by name, up to when, and who says so."""

    as_of: Moment
    source: Annotated[Line, Field(min_length=1, max_length=LONGEST_SOURCE)]
    figures: Annotated[dict[str, Count], Field(min_length=1, max_length=10)]


class DayOut(BaseModel):
    """The figures of one day, in their newest form."""

    day: date
    as_of: datetime
    source: str
    figures: dict[str, int]


class FiguresOut(BaseModel):
    """The newest figures; ``quoted`` is the day whose figures may be quoted at this moment.

    From 15:00 on that is only the day itself, which is ``due_on``.
    """

    due_on: date
    quoted: date | None
    days: list[DayOut]


@figures.get("/figures")
@needs(Permission.AREAS_READ)
@figures.output(FiguresOut)
def show() -> Response:
    """Show the newest figures, and which of them may be quoted."""
    now = resources().now()

    def read(session: Session) -> dict[str, object]:
        days = sorted(latest_figures(session), key=lambda one: one.counted_on, reverse=True)
        quoted = choose_figures(days, at=now)
        return {
            "due_on": due_on(now),
            "quoted": quoted.counted_on if quoted else None,
            "days": [_day(one) for one in days],
        }

    return kept(read, fresh=STEADY)


@figures.put("/figures/<string(maxlength=10):day>")
@needs(Permission.FIGURES_DELIVER)
@figures.input(FiguresIn)
@figures.output(DayOut)
def put(day: str, json_data: FiguresIn) -> Response:
    """Deliver the figures of a day, such as 2026-11-20.

    Delivered again they correct it; what was delivered before stays on record.
    """
    wanted = json_data
    given = Delivered(_read_day(day), wanted.as_of, wanted.source, wanted.figures)
    with writing() as session:
        deliver(session, caller().person, given, now=resources().now())
    return answer(_day(given))


def _read_day(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise FiguresRefusedError("Write the day as 2026-11-20. Nothing was kept.") from None


def _day(one: Delivered) -> dict[str, object]:
    return {
        "day": one.counted_on,
        "as_of": one.as_of,
        "source": one.source,
        "figures": dict(one.figures),
    }

"""Areas and their epidemic levels: the tree, decisions in force and announced, history."""

from datetime import date, datetime
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.areas import Area, list_areas
from campaigns.levels import (
    DEFAULT_SCHEME,
    LevelDecision,
    announced_levels,
    decide_level,
    get_level,
    level_history,
    levels_at,
)
from campaigns.local_time import ZONE
from service.api.given import Given, Line
from service.api.kept import kept
from service.api.once import once
from service.api.requests import answer, needs, reading, resources

areas = APIBlueprint("areas", __name__, tag="Areas and levels")
Code = Annotated[str, Field(min_length=1, max_length=16)]


class Decision(BaseModel):
    """One decision on the level of one area, from a moment on."""

    area: str
    scheme: str
    level: int
    colour: str
    effective_at: datetime
    document: str
    recorded_at: datetime


class AreaOut(BaseModel):
    """One administrative unit, with the decision in force there and the next one announced."""

    code: str
    name: str
    kind: str
    parent: str | None
    valid_from: date
    valid_to: date | None
    tags: list[str]
    in_force: Decision | None
    announced: Decision | None


class AreaList(BaseModel):
    items: list[AreaOut]


class DecisionList(BaseModel):
    items: list[Decision]


class At(Given):
    """The moment to look at; now when left out."""

    at: AwareDatetime | None = None


class NewDecision(Given):
    """What a document decides: a level, and from when, with the hour and its offset."""

    level: Annotated[int, Field(ge=1, le=9)]
    effective_at: AwareDatetime
    document: Annotated[Line, Field(min_length=1, max_length=120)]
    scheme: Annotated[str, Field(max_length=40)] = DEFAULT_SCHEME


@areas.get("/areas")
@needs(Permission.AREAS_READ)
@areas.input(At, location="query")
@areas.output(AreaList)
def list_all(query_data: At) -> Response:
    """List the areas of a day.

    Each with the level decision in force at the moment and the next one announced.
    """
    moment = query_data.at or resources().now()

    def read(session: Session) -> dict[str, object]:
        known = list_areas(session, on=moment.astimezone(ZONE).date())
        current = levels_at(session, at=moment)
        coming = announced_levels(session, now=moment)
        return {
            "items": [_area(area, current.get(area.code), coming.get(area.code)) for area in known]
        }

    return kept(read)


@areas.get("/areas/<string(maxlength=16):code>/levels")
@needs(Permission.AREAS_READ)
@areas.output(DecisionList)
def list_decisions(code: str) -> Response:
    """Show every decision ever recorded about one area.

    The newest moment first.
    """
    with reading() as session:
        return answer({"items": [decision_of(one) for one in level_history(session, code)]})


@areas.post("/areas/<string(maxlength=16):code>/levels")
@needs(Permission.LEVELS_DECIDE)
@areas.input(NewDecision)
@areas.output(Decision, status_code=201)
def decide(code: str, json_data: NewDecision) -> Response:
    """Record a level decision.

    It holds for campaigns and the hotline from its moment on. The same decision recorded twice is
    one.
    """

    def do(session: Any) -> dict[str, object]:
        decision = decide_level(
            session,
            code,
            level=json_data.level,
            effective_at=json_data.effective_at,
            document=json_data.document,
            scheme=json_data.scheme,
            now=resources().now(),
        )
        return decision_of(decision)

    return once(do, status=201)


def decision_of(decision: LevelDecision) -> dict[str, object]:
    """Write a decision as the interface shows it."""
    return {
        "area": decision.area_code,
        "scheme": decision.scheme,
        "level": decision.level,
        "colour": get_level(decision.scheme, decision.level).colour("vi"),
        "effective_at": decision.effective_at,
        "document": decision.document,
        "recorded_at": decision.recorded_at,
    }


def _area(
    area: Area, current: LevelDecision | None, coming: LevelDecision | None
) -> dict[str, object]:
    return {
        "code": area.code,
        "name": area.name,
        "kind": area.kind,
        "parent": area.parent_code,
        "valid_from": area.valid_from,
        "valid_to": area.valid_to,
        "tags": area.tag_list,
        "in_force": decision_of(current) if current else None,
        "announced": decision_of(coming) if coming else None,
    }

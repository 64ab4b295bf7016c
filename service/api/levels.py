"""Epidemic levels: decisions in force and announced, recorded one by one or together."""

from datetime import datetime
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.levels import (
    DEFAULT_SCHEME,
    LevelDecision,
    decide_level,
    get_level,
    level_history,
)
from service.api.given import Code, Given, Line, Moment
from service.api.once import Deed, once
from service.api.requests import answer, needs, reading, resources

levels = APIBlueprint("levels", __name__, tag="Areas and levels")
_MOST_DECISIONS = 5000


class Decision(BaseModel):
    """One decision on the level of one area, from a moment on."""

    area: str
    scheme: str
    level: int
    colour: str
    effective_at: datetime
    document: str
    recorded_at: datetime


class DecisionList(BaseModel):
    items: list[Decision]


class NewDecision(Given):
    """What a document decides: a level, and from when, with the hour and its offset."""

    level: Annotated[int, Field(ge=1, le=9)]
    effective_at: Moment
    document: Annotated[Line, Field(min_length=1, max_length=120)]
    scheme: Annotated[str, Field(max_length=40)] = DEFAULT_SCHEME


class DecisionIn(NewDecision):
    """A decision with the area it is about."""

    area: Code


class DecisionsIn(Given):
    """Decisions to be recorded together, or none of them."""

    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=_MOST_DECISIONS)]


@levels.get("/areas/<string(maxlength=16):code>/levels")
@needs(Permission.AREAS_READ)
@levels.output(DecisionList)
def list_decisions(code: str) -> Response:
    """Show every decision ever recorded about one area.

    The newest moment first.
    """
    with reading() as session:
        return answer({"items": [decision_of(one) for one in level_history(session, code)]})


@levels.post("/areas/<string(maxlength=16):code>/levels")
@needs(Permission.LEVELS_DECIDE)
@levels.input(NewDecision)
@levels.output(Decision, status_code=201)
@once(status=201)
def decide(code: str, json_data: NewDecision) -> Deed:
    """Record a level decision.

    It holds for campaigns and the hotline from its moment on. The same decision recorded twice is
    one.
    """
    return lambda session: decision_of(_decide(session, code, json_data))


@levels.post("/levels")
@needs(Permission.LEVELS_DECIDE)
@levels.input(DecisionsIn)
@levels.output(DecisionList, status_code=201)
@once(status=201)
def decide_many(json_data: DecisionsIn) -> Deed:
    """Record level decisions for many areas.

    All of them or none. The same decision recorded twice is one.
    """

    def do(session: Session) -> dict[str, object]:
        decided = [_decide(session, one.area, one) for one in json_data.decisions]
        return {"items": [decision_of(one) for one in decided]}

    return do


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


def _decide(session: Session, code: str, wanted: NewDecision) -> LevelDecision:
    return decide_level(
        session,
        code,
        level=wanted.level,
        effective_at=wanted.effective_at,
        document=wanted.document,
        scheme=wanted.scheme,
        now=resources().now(),
    )

"""Areas: the tree of a day with the level of each, taken over and recoded."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.areas import Area, list_areas
from campaigns.levels import LevelDecision, announced_levels, levels_at
from campaigns.local_time import local_day
from campaigns.recodings import Recoded
from campaigns.tables import NumberedRow
from service.api.given import Code, Given, Line, Moment
from service.api.kept import kept
from service.api.levels import Decision, decision_of
from service.api.once import Deed, once
from service.api.requests import needs, resources, takes
from service.api.stores import STEADY
from service.area_files import load_tree, recode_everywhere

areas = APIBlueprint("areas", __name__, tag="Areas and levels")
# All provinces, districts and communes there ever were at once in Viet Nam, and half as many more;
# hamlets follow in requests of their own. So many take some 100 MB of memory and a few seconds.
MOST_AREAS = 20_000
LARGEST_TREE = 6 * 1024 * 1024
_MOST_RECODINGS = 5000


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


class At(Given):
    """The moment to look at; now when left out."""

    at: Moment | None = None


class AreaIn(Given):
    """One row of an area file; several tags are separated by ``|``."""

    code: Code
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    kind: Annotated[Line, Field(max_length=40)] = ""
    parent: Annotated[str, Field(max_length=16)] = ""
    valid_from: date
    valid_to: date | None = None
    tags: Annotated[Line, Field(max_length=400)] = ""


class TreeIn(Given):
    """Areas to be taken over: what differs is changed, nothing is ever deleted."""

    areas: Annotated[list[AreaIn], Field(min_length=1, max_length=MOST_AREAS)]


class LoadedOut(BaseModel):
    """How many rows were new, changed something, or said what was known already."""

    added: int
    changed: int
    unchanged: int


class RecodingIn(Given):
    """From which day on an area's people are registered under another code."""

    old: Code
    new: Code
    on: date


class RecodingsIn(Given):
    recodings: Annotated[list[RecodingIn], Field(min_length=1, max_length=_MOST_RECODINGS)]


class RecodedOut(RecodingIn):
    """What one recoding did; ``is_known``: it was on record, and nobody was moved again."""

    moved: int
    is_known: bool


class RecodedList(BaseModel):
    items: list[RecodedOut]


@areas.post("/areas")
@needs(Permission.AREAS_WRITE)
@takes(LARGEST_TREE)
@areas.input(TreeIn)
@areas.output(LoadedOut)
@once()
def load(json_data: TreeIn) -> Deed:
    """Take over a tree of areas.

    As from a file: all rows or none, and faults name the row, counted from 1. At most 20,000 areas
    and 6 MB at a time; what lies in areas that are here already may follow in further requests.
    """

    def do(session: Session) -> dict[str, object]:
        rows = _as_rows(json_data.areas)
        loaded = load_tree(session, rows, name="request", now=resources().now())
        return {
            "added": loaded.added,
            "changed": loaded.changed,
            "unchanged": loaded.unchanged,
        }

    return do


@areas.post("/areas/recodings")
@needs(Permission.AREAS_WRITE)
@areas.input(RecodingsIn)
@areas.output(RecodedList)
@once()
def recode(json_data: RecodingsIn) -> Deed:
    """Move people from areas' old codes to new ones.

    Load the new tree first. Sent again, nobody is moved again.
    """

    def do(session: Session) -> dict[str, object]:
        rows = _as_rows(json_data.recodings)
        done = recode_everywhere(session, rows, name="request", now=resources().now())
        return {"items": [_recoded(one) for one in done]}

    return do


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
        known = list_areas(session, on=local_day(moment))
        current = levels_at(session, at=moment)
        coming = announced_levels(session, now=moment)
        return {
            "items": [_area(area, current.get(area.code), coming.get(area.code)) for area in known]
        }

    return kept(read, fresh=STEADY)


def _as_rows(given: Sequence[BaseModel]) -> Iterator[NumberedRow]:
    """Write rows as a file holds them: words, and nothing where nothing was said."""
    for number, row in enumerate(given, start=1):
        cells = row.model_dump(mode="json")
        yield number, {name: cell or "" for name, cell in cells.items()}


def _recoded(one: Recoded) -> dict[str, object]:
    recoding = one.recoding
    return {
        "old": recoding.old_code,
        "new": recoding.new_code,
        "on": recoding.recoded_on,
        "moved": one.moved,
        "is_known": one.is_known,
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

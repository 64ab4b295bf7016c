"""Local texts: what communes fill into a campaign, each for its own areas."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, cast

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission, reads_as_editor_alone
from campaigns.areas import get_area
from campaigns.local_time import local_day
from campaigns.people import editable_areas
from campaigns.plans.local_texts import (
    LocalPlace,
    fill_local,
    list_local,
    local_place,
    open_slots,
)
from campaigns.revisions import get_newest_revision
from campaigns.texts.slots import LOCAL_SLOTS
from service.api.given import Given
from service.api.requests import answer, caller, needs, reading, resources, writing

local_texts = APIBlueprint("local_texts", __name__, tag="Campaigns")
_LOCAL = "/campaigns/<string(maxlength=80):slug>/local"
# Longer than anything that is taken, so that what is too long is told why.
_Value = Annotated[str, StringConstraints(max_length=1000)]


class LocalTextOut(BaseModel):
    """What a slot says in one commune, by whom and since when.

    ``area`` is the commune itself, or the nearest area above that says anything.
    """

    slot: str
    value: str
    area: str
    filled_by: str
    filled_at: datetime


class LocalPlaceOut(BaseModel):
    """One commune: what was filled in, and which slots are empty."""

    area: str
    name: str
    texts: list[LocalTextOut]
    missing: list[str]


class LocalTexts(BaseModel):
    """The slots that a campaign leaves to communes, with what each means, and every commune."""

    campaign: str
    slots: dict[str, str]
    communes: list[LocalPlaceOut]


class LocalIn(Given):
    """What slots shall say, by their names; those that are left out stay as they are."""

    values: Annotated[dict[str, _Value], Field(min_length=1, max_length=len(LOCAL_SLOTS))]


@local_texts.get(_LOCAL)
@needs(Permission.CAMPAIGNS_READ)
@local_texts.output(LocalTexts)
def list_all(slug: str) -> Response:
    """Show what communes have filled in.

    For every commune of the campaign's areas; a commune editor sees their own.
    """
    now = resources().now()
    with reading() as session:
        revision = get_newest_revision(session, slug)
        found = list_local(session, revision, only=own_areas(session), now=now)
        slots = open_slots(revision.document)
    return answer(
        {
            "campaign": slug,
            "slots": {slot: LOCAL_SLOTS[slot] for slot in slots},
            "communes": [_place(one) for one in found],
        }
    )


@local_texts.put(f"{_LOCAL}/<string(maxlength=16):area>")
@needs(Permission.CAMPAIGNS_LOCALISE)
@local_texts.input(LocalIn)
@local_texts.output(LocalPlaceOut)
def fill(slug: str, area: str, json_data: LocalIn) -> Response:
    """Fill in slots for one area.

    For your own areas only; it holds for every commune below that says nothing of its own. Every
    text of the campaign says it from the next plan on; plans made before may not be launched any
    more. Whoever fills something in may not sign the campaign.
    """
    now = resources().now()
    with writing() as session:
        texts = fill_local(
            session,
            slug,
            area_code=area,
            values=json_data.values,
            person=caller().person,
            now=now,
        )
        slots = open_slots(get_newest_revision(session, slug).document)
        kept = get_area(session, area, on=local_day(now))
        return answer(_place(local_place(kept, texts, slots)))


def own_areas(session: Session) -> set[str] | None:
    """Return the areas that the caller reads local texts of, or None where it is all of them."""
    if not reads_as_editor_alone(caller().person.role_set):
        return None
    return editable_areas(session, caller().person, now=resources().now())


def without_others(session: Session, summary: dict[str, object]) -> dict[str, object]:
    """Return the *summary* of a plan as the caller may read it: samples of their areas only."""
    own = own_areas(session)
    if own is None:
        return summary
    samples = cast("list[dict[str, object]]", summary["samples"])
    return summary | {"samples": [one for one in samples if one["area"] in own]}


def _place(place: LocalPlace) -> Mapping[str, object]:
    return {
        "area": place.area.code,
        "name": place.area.full_name,
        "texts": [
            {
                "slot": slot,
                "value": text.value,
                "area": text.area_code,
                "filled_by": text.person.login,
                "filled_at": text.filled_at,
            }
            for slot, text in place.texts.items()
        ],
        "missing": list(place.missing),
    }

"""Audiences: which subscribers a campaign is for, and why the others are left out."""

import sys
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from campaigns.areas import Area, codes_below, list_areas
from campaigns.caps import capped
from campaigns.definitions.document import CampaignDocument, DecisionChoice, MessageClass
from campaigns.errors import EmptyAudienceError
from campaigns.levels import LevelDecision, announced_levels, levels_at
from campaigns.local_time import local_day
from campaigns.subscribers.models import (
    Subscriber,
    can_be_texted,
    current_carrier,
    has_stopped,
    may_be_texted,
)

FALLBACK_LANGUAGE = "vi"
_WORD_BITS = 32


@dataclass(frozen=True, slots=True)
class Place:
    """One area of an audience, with the decision its texts rest on."""

    area: Area
    decision: LevelDecision | None
    everybody: bool
    """Whether the area itself carries a wanted tag, so that its people need not."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The places of a campaign and the conditions on the people who live there.

    ``belongs`` selects subscribers by place, tag and language; ``reachable`` those of them who
    may be texted; ``skip_reason`` names, in one word, why another is not. ``opted_out`` selects
    those who want no such texts: where the campaign names the law for it, some are reachable.
    """

    places: Mapping[str, Place]
    belongs: ColumnElement[bool]
    reachable: ColumnElement[bool]
    skip_reason: ColumnElement[str]
    opted_out: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Group:
    """How many subscribers share a commune, a language, a carrier and a fate."""

    area_code: str
    language: str
    carrier: str
    skipped: str
    count: int


def choose_audience(session: Session, document: CampaignDocument, *, now: datetime) -> Audience:
    """Find the places and people *document* is for, as things stand at *now*.

    Raises UnknownAreaError for an area code that is not valid today, EmptyAudienceError when no
    area is at a wanted level.
    """
    places = _choose_places(session, document, now=now)
    if not places:
        raise EmptyAudienceError(
            f"The campaign {document.campaign} reaches nobody: none of its areas "
            f"{_spoken(document)}. Nothing was planned. "
            "Check the decisions with `loa areas levels list`."
        )
    is_emergency = document.class_ is MessageClass.EMERGENCY
    over_cap = None if is_emergency else capped(session, now=now)
    opted_out = has_stopped(document.scope)
    reachable = can_be_texted() if document.despite_opt_out else may_be_texted(document.scope)
    reason = case(
        (Subscriber.erased_at.is_not(None), "erased"),
        *(() if document.despite_opt_out else ((opted_out, "opted_out"),)),
        (Subscriber.left_at.is_not(None), "left"),
        else_="",
    )
    if over_cap is not None:
        over = Subscriber.id.in_(over_cap)
        reachable = and_(reachable, ~over)
        reason = case((over, literal("daily_cap")), else_=reason)
    return Audience(places, _belonging(document, places), reachable, reason, opted_out)


def count_despite_opt_out(session: Session, document: CampaignDocument, audience: Audience) -> int:
    """Count who would be texted although they opted out; none unless *document* overrides that."""
    if not document.despite_opt_out:
        return 0
    concerned = and_(audience.belongs, audience.reachable, audience.opted_out)
    return session.scalar(select(func.count()).select_from(Subscriber).where(concerned)) or 0


def text_language(document: CampaignDocument) -> ColumnElement[str]:
    """The language a subscriber is texted in: their own if the campaign has it, else Vietnamese."""
    written = sorted(document.texts)
    return case(
        (Subscriber.language.in_(written), Subscriber.language), else_=literal(FALLBACK_LANGUAGE)
    )


def count_groups(session: Session, document: CampaignDocument, audience: Audience) -> list[Group]:
    """Count everybody who belongs, by commune, language of the text, carrier and fate."""
    keys = (
        Subscriber.area_code,
        text_language(document).label("language"),
        current_carrier().label("carrier"),
        audience.skip_reason.label("skipped"),
    )
    counted = select(*keys, func.count()).where(audience.belongs).group_by(*keys)
    return [Group(*row) for row in session.execute(counted)]


def list_members(session: Session, audience: Audience) -> bytes:
    """Return the reachable subscribers' ids as a compressed bitmap, bit *n* for subscriber *n*.

    The database packs the bits, 32 ids to a row: fetching a million ids one by one costs more
    than everything else in a plan.
    """
    size = literal_column(str(_WORD_BITS), Integer)
    word = Subscriber.id // size
    bit = cast(1, BigInteger).bitwise_lshift(cast(Subscriber.id % size, Integer))
    packed = session.execute(
        select(word, cast(func.sum(bit), BigInteger))
        .where(audience.belongs, audience.reachable)
        .group_by(word)
    )
    words = {index: bits for index, bits in packed}  # noqa: C416 - a Row is no pair to dict()
    bitmap = array("I", bytes(4 * (max(words, default=0) + 1)))
    for index, bits in words.items():
        bitmap[index] = bits
    if sys.byteorder == "big":
        bitmap.byteswap()
    return zlib.compress(bitmap.tobytes().rstrip(b"\0"), 1)


def _choose_places(
    session: Session, document: CampaignDocument, *, now: datetime
) -> dict[str, Place]:
    wanted = document.audience
    areas = list_areas(session, on=local_day(now))
    reached = codes_below(areas, wanted.areas)
    decisions = (
        announced_levels(session, now=now, scheme=wanted.scheme)
        if wanted.decision == "announced"
        else levels_at(session, at=now, scheme=wanted.scheme)
    )
    places = {}
    for area in areas:
        decision = decisions.get(area.code)
        at_wanted_level = not wanted.levels or (
            decision is not None and decision.level in wanted.levels
        )
        if area.code in reached and at_wanted_level:
            tagged = not wanted.tags or bool(set(wanted.tags) & set(area.tag_list))
            places[area.code] = Place(area, decision, tagged)
    return places


def _belonging(document: CampaignDocument, places: Mapping[str, Place]) -> ColumnElement[bool]:
    everybody = [code for code, place in places.items() if place.everybody]
    others = [code for code, place in places.items() if not place.everybody]
    by_place: ColumnElement[bool] = Subscriber.area_code.in_(everybody)
    if others:
        tagged = or_(
            *(
                Subscriber.tags.contains(f"|{tag}|", autoescape=True)
                for tag in document.audience.tags
            )
        )
        by_place = or_(by_place, and_(Subscriber.area_code.in_(others), tagged))
    languages = document.audience.languages
    if not languages:
        return by_place
    return and_(by_place, Subscriber.language.in_(languages))


def _spoken(document: CampaignDocument) -> str:
    levels = " or ".join(str(level) for level in document.audience.levels or ())
    if document.audience.decision is DecisionChoice.ANNOUNCED:
        return f"has an announced level {levels} still to come"
    return f"is at level {levels} now"

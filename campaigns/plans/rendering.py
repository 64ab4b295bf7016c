"""Rendering: the texts of a campaign as citizens of each commune will read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.areas import Area
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import EmptySlotError
from campaigns.figures import Delivered
from campaigns.levels import get_level
from campaigns.local_time import ZONE
from campaigns.plans.audiences import Group, Place
from campaigns.subscribers.stop_links import anybodys_link
from campaigns.texts.diacritics import unaccent
from campaigns.texts.encodings import Chosen, choose
from campaigns.texts.slots import LOCAL_SLOTS, fill, slots_in

_MOST_NAMED = 5
# What communes filled in, by area and slot.
LocalValues = Mapping[str, Mapping[str, str]]
LEVEL_SLOTS = frozenset({"level", "colour", "from_hour", "from_day"})


@dataclass(frozen=True, slots=True)
class RenderedText:
    """One language's text for one place, and the level decision it rests on, if it does."""

    language: str
    area_code: str
    level: int
    decision_id: int | None
    chosen: Chosen


def render_texts(
    document: CampaignDocument,
    places: Mapping[str, Place],
    *,
    hotline: str,
    address: str = "",
    figures: Delivered | None = None,
    local: LocalValues | None = None,
) -> list[RenderedText]:
    """Render every language for every place that has something to say in each slot.

    A province has no level of its own and nobody registered in it; it simply gets no text. Where
    somebody lives in a place without a text, ``require_texts`` objects.
    """
    filled = local or {}
    said_everywhere = {
        language: {"hotline": hotline, "stop_link": anybodys_link(address)}
        | (figures.slots(language) if figures else {})
        for language in document.texts
    }
    return [
        _render(document, language, place, {**said_everywhere[language], **said})
        for language in sorted(document.texts)
        for place in places.values()
        if (place.decision is not None or not LEVEL_SLOTS & slots_in(document.texts[language]))
        and _is_filled(document.texts[language], said := filled.get(place.area.code, {}))
    ]


def require_texts(
    document: CampaignDocument,
    texts: Iterable[RenderedText],
    groups: Iterable[Group],
    *,
    places: Mapping[str, Place],
    local: LocalValues,
) -> None:
    """Raise EmptySlotError when somebody would get a text with a hole in it."""
    written = {(text.language, text.area_code) for text in texts}
    holes = [
        group
        for group in groups
        if not group.skipped and (group.language, group.area_code) not in written
    ]
    silent = {
        group.area_code
        for group in holes
        if not _is_filled(document.texts[group.language], local.get(group.area_code, {}))
    }
    if silent:
        raise _unfilled(document, [places[code].area for code in sorted(silent)])
    for group in holes:
        raise EmptySlotError(
            f"The {group.language} text speaks of a level, and {group.count:,} people live in "
            f"area {group.area_code}, which has no {document.audience.decision} level "
            "decision. Nothing was planned. Load the decision with `loa areas levels load`, "
            "or name the levels in the audience so that only decided communes are chosen."
        )


def rests_on_level(document: CampaignDocument, slots: Iterable[str]) -> bool:
    """Whether a text with these *slots* stops being true when the commune's level changes."""
    return bool(document.audience.levels) or bool(LEVEL_SLOTS.intersection(slots))


def slots_of(document: CampaignDocument) -> frozenset[str]:
    """Return the slots of all texts of *document* together."""
    return frozenset().union(*map(slots_in, document.texts.values()))


def _is_filled(template: str, said: Mapping[str, str]) -> bool:
    """Whether a place that says *said* fills every slot that *template* leaves to it."""
    return slots_in(template) & LOCAL_SLOTS.keys() <= said.keys()


def _unfilled(document: CampaignDocument, areas: Sequence[Area]) -> EmptySlotError:
    named = ", ".join(f"{area.full_name} ({area.code})" for area in areas[:_MOST_NAMED])
    more = f" and {len(areas) - _MOST_NAMED:,} more" if len(areas) > _MOST_NAMED else ""
    slots = ", ".join(f"{{{slot}}}" for slot in LOCAL_SLOTS if slot in slots_of(document))
    return EmptySlotError(
        f"The campaign leaves {slots} to each commune, and these have not filled in all of it: "
        f"{named}{more}. Nothing was planned. Their editors do so with "
        f"`loa campaigns fill {document.campaign} AREA`; `loa campaigns local "
        f"{document.campaign}` shows what is missing."
    )


def _render(
    document: CampaignDocument, language: str, place: Place, everywhere: Mapping[str, str]
) -> RenderedText:
    template = document.texts[language]
    slots = slots_in(template)
    decision = place.decision
    rests = decision is not None and rests_on_level(document, slots)
    values = _values(document, language, place, everywhere, rests=rests)
    body = fill(template, values)
    return RenderedText(
        language=language,
        area_code=place.area.code,
        level=decision.level if decision else 0,
        decision_id=decision.id if decision and rests else None,
        chosen=choose(body, document.encoding, language=language),
    )


def _values(
    document: CampaignDocument,
    language: str,
    place: Place,
    everywhere: Mapping[str, str],
    *,
    rests: bool,
) -> dict[str, str]:
    values = {
        **everywhere,
        "area": place.area.full_name,
        "document": document.document,
        "until": _day_and_hour(document.window.not_after) if document.window.not_after else "",
    }
    decision = place.decision
    if decision is not None:
        local = decision.effective_at.astimezone(ZONE)
        level = get_level(decision.scheme, decision.level)
        values |= {
            "level": str(decision.level),
            "colour": level.colour(language),
            "from_hour": _hour(local),
            "from_day": f"{local.day}/{local.month}",
        }
        if rests:
            values["document"] = decision.document
    # One accent in a name makes a whole English text UCS-2: shorter segments, twice the price.
    # Every other language is UCS-2 by its own letters, and keeps the names as they are written.
    is_plain = language == "en"
    return {name: unaccent(value) if is_plain else value for name, value in values.items()}


def _day_and_hour(moment: datetime) -> str:
    local = moment.astimezone(ZONE)
    return f"{_hour(local)} {local.day}/{local.month}"


def _hour(local: datetime) -> str:
    """Write an hour as Vietnamese notices do: ``0h``, ``18h30``."""
    return f"{local.hour}h{local.minute:02}" if local.minute else f"{local.hour}h"

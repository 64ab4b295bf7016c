"""Remedies: for each field of a campaign file, how it is written."""

from collections.abc import Iterator, Mapping

from campaigns.definitions.trees import Place

REMEDIES: Mapping[str, str] = {
    "campaign": "Write a short name in a-z, 0-9 and hyphens: campaign: cap-do-3-cam",
    "title": "Write what operators call it: title: Hướng dẫn cho địa bàn cấp độ 3",
    "issuer": "Name the unit that speaks: issuer: Sở Y tế",
    "document": "Write the ordering document's number: document: 18/KH-TBTT",
    "class": "Write class: public_info, or class: emergency",
    "mode": "Write mode: actual, or mode: exercise",
    "topic": "Write topic: vaccination, levels, declarations, certificates, travel or support",
    "despite_opt_out": "Name the law: despite_opt_out: Luật 91/2025/QH15, bảo vệ tính mạng",
    "audience": 'Write audience: {areas: ["20"]}, and more to narrow it',
    "audience.areas": 'Name area codes from `loa areas list`: areas: ["20"]',
    "audience.levels": "Write level numbers in brackets: levels: [3, 4]",
    "audience.decision": "Write decision: current, or decision: announced",
    "audience.scheme": "Write scheme: nq128",
    "audience.tags": "Write tags in brackets, in a-z, 0-9 and _: tags: [border_gate]",
    "audience.languages": "Write language codes in brackets: languages: [vi, zh]",
    "sender": "Write the registered name, at most 11 letters: sender: SYT LangSon",
    "encoding": "Write encoding: cheapest, accented or unaccented",
    "texts": 'Write one text for each language: texts: {vi: "..."}',
    "window": 'Write window: {hours: "07:00-21:00"}',
    "window.hours": 'Write hours: "07:00-21:00"',
    "window.not_after": "Write not_after: 2026-12-01T18:00+07:00",
    "window.lasts": "Write lasts: P3D for three days, or lasts: PT12H",
    "budget": "Write budget: {segments: 120000}",
    "budget.segments": "Write a whole number: segments: 120000",
    "drift": "Write a share from 0 to 0.2: drift: 0.02",
    "figures": "Write figures: {source: Sở Y tế, as_of: 2026-11-20T15:00+07:00}",
    "figures.source": "Name who published the figures: source: Sở Y tế",
    "figures.as_of": "Write up to when they count: as_of: 2026-11-20T15:00+07:00",
    "on_level_change": "Write on_level_change: true, or false",
}


def remedy_for(place: Place) -> str:
    """Return how the field at *place* is written, or the nearest field around it."""
    return next(
        (REMEDIES[name] for name in _names(place) if name in REMEDIES),
        "See docs/campaign-file.md for how a campaign file is written",
    )


def _names(place: Place) -> Iterator[str]:
    words = [part for part in place if isinstance(part, str)]
    for length in range(len(words), 0, -1):
        yield ".".join(words[:length])

"""Slots: the blanks in a text that an area, its level and the installation fill."""

import re
from collections.abc import Iterator, Mapping

from campaigns.errors import EmptySlotError, TextError, UnknownSlotError
from campaigns.figures import CREDITS, FIGURES

# What authors leave to each commune to say, in the words of its editor.
LOCAL_SLOTS: Mapping[str, str] = {
    "local_place": "where to go in the commune, such as trạm y tế xã",
    "local_hours": "on which days and at which hours",
    "local_contact": "whom to ask in the commune, with at most one telephone number",
}
# What each blank stands for, by the name that authors write in braces.
KNOWN_SLOTS: Mapping[str, str] = {
    "area": "the area with its kind, such as xã Ba Sơn",
    "level": "the number of the area's level",
    "colour": "the colour of that level in the text's language",
    "from_hour": "the hour at which the level takes effect",
    "from_day": "the day on which the level takes effect",
    "until": "the moment until which the text holds",
    "document": "the number of the document that decided the level or ordered the campaign",
    "hotline": "the number to ask",
    "stop_link": "the reader's own link for getting no more texts",
    **FIGURES,
    **CREDITS,
    **LOCAL_SLOTS,
}
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def slots_in(text: str) -> frozenset[str]:
    """Return the names of the slots in *text*.

    Raises UnknownSlotError for a name nobody can fill and TextError for a stray brace.
    """
    return frozenset(name for _, _, name in _pieces(text) if name is not None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with every slot filled from *values* and doubled braces made single.

    Raises EmptySlotError where *values* has nothing to say, UnknownSlotError and TextError as
    ``slots_in`` does. A value is taken as it is; braces in it are letters and fill nothing.
    """
    filled = []
    end = 0
    for start, stop, name in _pieces(text):
        filled.append(text[end:start])
        filled.append(text[start] if name is None else _value(name, values))
        end = stop
    filled.append(text[end:])
    return "".join(filled)


def _pieces(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Yield where each brace or slot begins and ends, and the slot's name or None."""
    for match in _PIECE.finditer(text):
        written = match.group()
        if written in {"{{", "}}"}:
            yield *match.span(), None
        elif match.group(1) is None:
            raise TextError(
                f"A single {written} stands at letter {match.start() + 1} of the text. "
                f"Write a slot as {{area}}, or {written * 2} for a brace that citizens shall read."
            )
        else:
            yield *match.span(), _known(match.group(1))


def _known(name: str) -> str:
    if name not in KNOWN_SLOTS:
        raise UnknownSlotError(
            f"No area can fill the slot {{{name[:40]}}}. "
            f"Use one of {', '.join(f'{{{known}}}' for known in KNOWN_SLOTS)}."
        )
    return name


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values.get(name, "")
    if not value.strip():
        raise EmptySlotError(
            f"The slot {{{name}}} has nothing to say here: {KNOWN_SLOTS[name]} is not known. "
            "No text was made; record what is missing or take the slot out of the text."
        )
    return value

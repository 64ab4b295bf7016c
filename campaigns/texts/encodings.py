"""Encodings: with accents or without, and what either costs in money and in meaning."""

from dataclasses import dataclass
from enum import StrEnum

from campaigns.texts.diacritics import Confusion, confusions, unaccent
from campaigns.texts.segments import Measure, measure, normalise

VIETNAMESE = "vi"


class EncodingChoice(StrEnum):
    """What an author asks for; ``CHEAPEST`` drops accents only where that saves segments."""

    ACCENTED = "accented"
    UNACCENTED = "unaccented"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The body to send and its *measure*, beside the *other* way of writing it.

    ``warnings`` are sentences for the author; they are empty when the body keeps its accents.
    """

    body: str
    measure: Measure
    other: Measure
    is_accented: bool
    warnings: tuple[str, ...]


def choose(text: str, choice: EncodingChoice, *, language: str = VIETNAMESE) -> Chosen:
    """Write *text* as *choice* asks for; only Vietnamese ever loses its accents."""
    accented = normalise(text)
    as_accented = measure(accented)
    if language != VIETNAMESE:
        return Chosen(accented, as_accented, as_accented, is_accented=True, warnings=())
    plain = unaccent(accented)
    as_plain = measure(plain)
    saves = as_plain.segments < as_accented.segments
    if choice is EncodingChoice.ACCENTED or (choice is EncodingChoice.CHEAPEST and not saves):
        return Chosen(accented, as_accented, as_plain, is_accented=True, warnings=())
    return Chosen(plain, as_plain, as_accented, is_accented=False, warnings=_warn(accented))


def doubtful(text: str) -> list[Confusion]:
    """Return the words of *text* that a reader may take for others once accents are gone."""
    return [confusion for confusion in confusions(text) if not confusion.is_settled]


def _warn(accented: str) -> tuple[str, ...]:
    return tuple(
        f"Without accents {confusion.word} reads {confusion.plain}, "
        f"as {' and '.join(confusion.others)} would."
        for confusion in doubtful(accented)
    )

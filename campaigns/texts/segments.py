"""Segments: how a text travels, in pieces of at most 140 octets, and what each piece holds."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038 §6.2.1, without the escape character, which stands for no letter.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038 §6.2.1.1: each of these travels as an escape and a letter, two units.
GSM_EXTENSION = "\f^{}\\[~]|€"

# Units in a text that travels alone, and in each part of one that does not: the header that
# puts the parts together again takes six octets of every part (3GPP TS 23.040 §9.2.3.24.1).
GSM_ALONE, GSM_PART = 160, 153
UCS2_ALONE, UCS2_PART = 70, 67

_GSM_LETTERS = frozenset(GSM_BASIC + GSM_EXTENSION)
_GSM_DOUBLE = re.compile(f"[{re.escape(GSM_EXTENSION)}]")
_UCS2_DOUBLE = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs: *units* are septets in GSM-7 and 16-bit units in UCS-2.

    ``forcing`` holds each letter that GSM-7 lacks, once, in order of first appearance;
    ``remaining`` is how many units still fit before the text needs another segment.
    """

    encoding: Encoding
    segments: int
    units: int
    forcing: tuple[str, ...]
    remaining: int


@dataclass(frozen=True, slots=True)
class _Alphabet:
    encoding: Encoding
    alone: int
    part: int
    double: re.Pattern[str]


_GSM = _Alphabet("GSM-7", GSM_ALONE, GSM_PART, _GSM_DOUBLE)
_UCS2 = _Alphabet("UCS-2", UCS2_ALONE, UCS2_PART, _UCS2_DOUBLE)


def normalise(text: str) -> str:
    """Return *text* in NFC: one code point a letter, where decomposed ones cost a quarter more."""
    return unicodedata.normalize("NFC", text)


def measure(text: str) -> Measure:
    """Count what *text* costs after NFC, as carriers do.

    A text of nothing is one segment: a carrier that takes it charges one. Never raises.
    """
    text = normalise(text)
    alphabet = _GSM if _GSM_LETTERS.issuperset(text) else _UCS2
    forcing: tuple[str, ...] = ()
    if alphabet is _UCS2:
        forcing = tuple([letter for letter in dict.fromkeys(text) if letter not in _GSM_LETTERS])
    doubles = _find_doubles(text, alphabet)
    units = len(text) + len(doubles)
    if units <= alphabet.alone:
        return Measure(alphabet.encoding, 1, units, forcing, alphabet.alone - units)
    starts = list(_cut(len(text), doubles, alphabet.part))
    last = len(text) - starts[-1] + sum(1 for double in doubles if double >= starts[-1])
    return Measure(alphabet.encoding, len(starts), units, forcing, alphabet.part - last)


def split(text: str) -> list[str]:
    """Return the bodies of the segments that *text* travels in, after NFC.

    No letter is torn apart: an escape stays with its letter (3GPP TS 23.038 §6.2.1.1) and a
    surrogate with its pair, so that a segment may carry one unit less than it could.
    """
    text = normalise(text)
    alphabet = _GSM if _GSM_LETTERS.issuperset(text) else _UCS2
    doubles = _find_doubles(text, alphabet)
    if len(text) + len(doubles) <= alphabet.alone:
        return [text]
    starts = list(_cut(len(text), doubles, alphabet.part))
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _find_doubles(text: str, alphabet: _Alphabet) -> list[int]:
    """Return the places of the letters that take two units."""
    if alphabet.double.search(text) is None:
        return []
    return [match.start() for match in alphabet.double.finditer(text)]


def _cut(length: int, doubles: list[int], part: int) -> Iterator[int]:
    """Yield where each part begins; *doubles* are the places of letters that take two units."""
    start = taken = 0
    while start < length:
        yield start
        end = start + part
        while taken < len(doubles) and doubles[taken] < end:
            # Each letter of two units leaves room for one letter less, and the one that would
            # be torn by the end of the part begins the next.
            end -= 1
            if doubles[taken] >= end:
                break
            taken += 1
        start = end

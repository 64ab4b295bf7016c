"""Diacritics: Vietnamese written without accents, and the words that then look the same."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from campaigns.texts.segments import normalise

_VOCABULARY = resources.files("campaigns") / "data" / "vocabulary-vi.txt"
_VOWELS = "aăâeêioôơuưy"
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_SIGNS = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "`": "'",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-", "•": "-", "·": "-",
    "…": "...", "₫": "d", "×": "x", "≤": "<=", "≥": ">=",
    "\t": " ", "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ",
    "\u00ad": "", "\u200b": "", "\ufeff": "",
}  # fmt: skip
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Confusion:
    """A *word* of a text that reads like each of *others* once it is *plain*.

    ``is_settled`` says that every place where the word stands is a fixed phrase, such as
    ``phòng chống dịch``, which nobody misreads without accents.
    """

    word: str
    others: tuple[str, ...]
    plain: str
    is_settled: bool

    def __str__(self) -> str:
        return "/".join((self.word, *self.others))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by how they look without accents, and phrases that stay clear without them."""

    by_plain: Mapping[str, tuple[str, ...]]
    phrases: re.Pattern[str]


def unaccent(text: str) -> str:
    """Return *text* in NFC as people type it without Vietnamese accents.

    Typographic signs that would force UCS-2 become the ones on a keyboard, except beside Chinese,
    which needs them and UCS-2 alike. Letters of every other script, and those of Latin that
    Vietnamese does not use, stay as they are.
    """
    text = normalise(text)
    plain = text.translate(_LETTERS if _CHINESE.search(text) else _LETTERS_AND_SIGNS)
    # A second mark on a letter, a slip of the keyboard, joins the letter that lost the first.
    return plain if unicodedata.is_normalized("NFC", plain) else unaccent(plain)


def confusions(text: str) -> list[Confusion]:
    """Return the words of *text* that look like another word once accents are gone.

    The other word stands in the text itself or in the shipped vocabulary of health and
    administration. In order of first appearance.
    """
    known = vocabulary()
    text = normalise(text).casefold()
    words = list(dict.fromkeys(_WORD.findall(text)))
    own: dict[str, list[str]] = {}
    for word in words:
        own.setdefault(unaccent(word), []).append(word)
    outside = set(_WORD.findall(known.phrases.sub(" ", text)))
    found = []
    for word in words:
        plain = unaccent(word)
        alike = dict.fromkeys((*own[plain], *known.by_plain.get(plain, ())))
        others = tuple(other for other in alike if other != word)
        if others:
            found.append(Confusion(word, others, plain, word not in outside))
    return found


@cache
def vocabulary() -> Vocabulary:
    """Read ``data/vocabulary-vi.txt``: groups of look-alikes and fixed phrases, one a line."""
    return read_vocabulary(_VOCABULARY.read_text(encoding="utf-8").splitlines())


def read_vocabulary(lines: Iterable[str]) -> Vocabulary:
    """Take lines such as ``tiêm/tiệm`` as look-alikes and ``phòng chống dịch`` as a phrase."""
    groups: dict[str, list[str]] = {}
    phrases = []
    for line in lines:
        entry = normalise(line.partition("#")[0]).strip().casefold()
        if "/" in entry:
            for word in entry.split("/"):
                groups.setdefault(unaccent(word), []).append(word)
        elif entry:
            phrases.append(re.escape(entry).replace(r"\ ", r"\s+"))
    # The longest phrase first, so that a short one inside it does not take half of it.
    ordered = "|".join(sorted(phrases, key=len, reverse=True))
    return Vocabulary(
        {plain: tuple(dict.fromkeys(words)) for plain, words in groups.items()},
        re.compile(rf"(?<!\w)(?:{ordered})(?!\w)"),
    )


def _plain_letters() -> dict[int, str]:
    table = {ord("đ"): "d", ord("Đ"): "D"}
    for vowel in _VOWELS:
        base = unicodedata.normalize("NFD", vowel)[0]
        for tone in _TONES:
            for upper in (False, True):
                letter = normalise(vowel + tone)
                table[ord(letter.upper() if upper else letter)] = base.upper() if upper else base
    return table


_LETTERS = _plain_letters()
_LETTERS_AND_SIGNS = _LETTERS | {ord(sign): plain for sign, plain in _SIGNS.items()}

"""Abbreviations: what is written short and said in full, by language, as data."""

import re
from functools import cache
from importlib import resources

import yaml

_DATA = resources.files("hotline") / "data"
# The names of the letters as they are spelled aloud in Vietnamese.
_LETTERS = {
    **dict.fromkeys("Aa", "a"),
    "B": "bê",
    "C": "xê",
    "D": "dê",
    "Đ": "đê",
    "E": "e",
    "F": "ép",
    "G": "giê",
    "H": "hát",
    "I": "i",
    "J": "gi",
    "K": "ca",
    "L": "e lờ",
    "M": "em mờ",
    "N": "en nờ",
    "O": "o",
    "P": "pê",
    "Q": "quy",
    "R": "e rờ",
    "S": "ét",
    "T": "tê",
    "U": "u",
    "V": "vê",
    "W": "vê kép",
    "X": "ích",
    "Y": "i dài",
    "Z": "dét",
}
_CAPITALS = re.compile(r"(?<![\wÀ-ỹ])[A-ZĐ]{2,5}(?![\wÀ-ỹ])")


@cache
def _table(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    said: dict[str, str] = yaml.safe_load(
        (_DATA / f"spoken-{language}.yaml").read_text(encoding="utf-8")
    )
    longest_first = sorted(said, key=len, reverse=True)
    parts = [_bounded(written) for written in longest_first]
    return re.compile("|".join(parts)), said


def _bounded(written: str) -> str:
    """Return the pattern of an abbreviation: as a word of its own where it is made of letters."""
    return f"{_edge(written[0], '<')}{re.escape(written)}{_edge(written[-1], '')}"


def _edge(letter: str, behind: str) -> str:
    """Return what must not stand next to *letter*: another one, and next to a digit a digit."""
    if not letter.isalnum():
        return ""
    return f"(?{behind}![^\\W_])" if letter.isdigit() else f"(?{behind}![^\\W\\d_])"


def expand_abbreviations(text: str, language: str) -> str:
    """Write out every abbreviation that *language* has a word for."""
    pattern, said = _table(language)
    padding = "" if language == "zh" else " "

    def expand(found: re.Match[str]) -> str:
        full = said[found.group()]
        is_sign = full and not found.group()[0].isalnum() and not full.startswith(" ")
        return f"{padding}{full}{padding}" if is_sign else full

    return pattern.sub(expand, text)


def spell_capitals(text: str) -> str:
    """Spell what is left of capitals by the Vietnamese names of the letters."""
    return _CAPITALS.sub(_spell, text)


def _spell(found: re.Match[str]) -> str:
    written = found.group()
    # Whole words in capitals (KHÔNG has an accent and is none of these) are read as words.
    return written if written in {"KHI", "CHO", "XIN", "HAY"} else " ".join(map(_name, written))


def _name(letter: str) -> str:
    return _LETTERS[letter]

"""Communes: finding one by its code, by letters keyed on a telephone, or by its spoken name."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from campaigns.areas import Area, list_areas
from campaigns.subscribers.headings import fold

LONGEST_KEYED = 5
_LETTERS = {
    letter: key
    for key, letters in {
        "2": "abc",
        "3": "def",
        "4": "ghi",
        "5": "jkl",
        "6": "mno",
        "7": "pqrs",
        "8": "tuv",
        "9": "wxyz",
    }.items()
    for letter in letters
}


@dataclass(frozen=True, slots=True)
class Commune:
    """One area that has no other below it."""

    code: str
    name: str
    full_name: str

    @property
    def keyed(self) -> str:
        """The name as it is keyed letter by letter: Cao Lộc is 226562."""
        return "".join(_LETTERS[letter] for letter in fold(self.name) if letter in _LETTERS)


def list_communes(session: Session, *, on: date) -> list[Commune]:
    """Return the areas of day *on* in which people live: those with none below them."""
    areas = list_areas(session, on=on)
    parents = {area.parent_code for area in areas}
    return [_commune(area) for area in areas if area.code not in parents]


def find_by_keys(communes: list[Commune], keys: str) -> list[Commune]:
    """Return the communes that *keys* may mean.

    Official codes have five digits and begin with 0, which carries no letter: so a code and the
    first letters of a name can never be taken for each other.
    """
    if keys.startswith("0"):
        return [commune for commune in communes if commune.code == keys]
    return [commune for commune in communes if keys and commune.keyed.startswith(keys)]


def find_by_words(communes: list[Commune], words: str) -> list[Commune]:
    """Return the communes whose name was said in *words*, the longest names first.

    Accents are left aside, since recognisers drop them: Tân Thành and Tân Thanh are both found.
    """
    said = f" {fold(words)} "
    named = [commune for commune in communes if f" {fold(commune.name)} " in said]
    longest = max((len(commune.name) for commune in named), default=0)
    return [commune for commune in named if len(commune.name) == longest]


def _commune(area: Area) -> Commune:
    return Commune(area.code, area.name, area.full_name)

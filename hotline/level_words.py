"""Level words: what is said of a commune's level, on the phone and in a text."""

import re

from campaigns.levels import LevelDecision, get_level
from hotline.communes import Commune
from hotline.speaking.moments import write_moment

_NUMBER = re.compile(r"\d+/[^\W\d]\S*")
_LONGEST_TITLE = 40


def slots_of_decision(decision: LevelDecision, commune: Commune, language: str) -> dict[str, str]:
    """Return what the phrases about a level name, in *language*."""
    level = get_level(decision.scheme, decision.level)
    return {
        "area": commune.full_name,
        "level": str(decision.level),
        "colour": level.colour(language),
        "from": write_moment(decision.effective_at, language),
        "document": _number_of(decision.document),
    }


def _number_of(document: str) -> str:
    """Return a document's number, such as 1825/QĐ-UBND: all of its title is too long to be told."""
    found = _NUMBER.search(document)
    return found.group() if found else document[:_LONGEST_TITLE]

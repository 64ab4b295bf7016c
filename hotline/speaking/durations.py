"""Durations: how long a text takes to say, before anybody has said it."""

import re
from functools import lru_cache

from hotline.speaking.wording import say_aloud

# Vietnamese at the calm pace of an announcement; the other two at the same pace of information
# (Pellegrino et al. 2011 find languages alike in that), rounded to what voices do.
SYLLABLES_PER_S = 3.5
CHARACTERS_PER_S = 4.0
WORDS_PER_S = 2.5
PAUSE_S = 0.4
_SENTENCE_END = re.compile(r"[.!?。！？](?=\s|$|[一-鿿])")
_HAN = re.compile(r"[㐀-鿿]")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def seconds_of(text: str, language: str) -> float:
    """Return how many seconds a voice needs for *text*; Tày-Nùng and Dao are taken for alike."""
    spoken_in = language if language in {"zh", "en"} else "vi"
    said = say_aloud(text, spoken_in)
    pauses = len(_SENTENCE_END.findall(said)) * PAUSE_S
    if spoken_in == "zh":
        other = len(_WORD.findall(_HAN.sub(" ", said)))
        return len(_HAN.findall(said)) / CHARACTERS_PER_S + other / WORDS_PER_S + pauses
    rate = WORDS_PER_S if spoken_in == "en" else SYLLABLES_PER_S
    return len(_WORD.findall(said)) / rate + pauses

"""What one request brings: keys, words, silence, a voice message, or the end of a transfer."""

from dataclasses import dataclass
from enum import StrEnum

LONGEST_KEYS = 20
LONGEST_WORDS = 200
_KEYS = frozenset("0123456789*#")


class HeardKind(StrEnum):
    """The kind alone is kept with a turn; what was keyed or said is not."""

    RANG = "rang"
    KEYS = "keys"
    WORDS = "words"
    SILENCE = "silence"
    VOICE = "voice"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """One thing heard. ``voice_sid`` names a recording at the carrier, *seconds* long.

    ``was_answered`` tells whether a transfer reached a person, who talked for *seconds*.
    """

    kind: HeardKind
    keys: str = ""
    words: str = ""
    voice_sid: str = ""
    seconds: int = 0
    was_answered: bool = False


SILENCE = Heard(HeardKind.SILENCE)


def heard_keys(keys: str) -> Heard:
    """Return *keys* as heard; what no telephone has on it is left out."""
    known = "".join(key for key in keys[:LONGEST_KEYS] if key in _KEYS)
    return Heard(HeardKind.KEYS, keys=known) if known else SILENCE


def heard_words(words: str) -> Heard:
    """Return *words* as heard, cut to what somebody can say in a few seconds."""
    said = " ".join(words[: LONGEST_WORDS * 4].split())[:LONGEST_WORDS]
    return Heard(HeardKind.WORDS, words=said) if said else SILENCE

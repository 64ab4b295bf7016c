"""Localities: the communes of this day, and the ones that somebody keyed or named."""

from campaigns.local_time import local_day
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.talks import Talk
from hotline.communes import Commune, find_by_keys, find_by_words, list_communes


def communes_of(talk: Talk) -> list[Commune]:
    """Return the communes there are on the day of the turn."""
    return list_communes(talk.session, on=local_day(talk.now))


def find_commune(talk: Talk, heard: Heard) -> list[Commune]:
    """Return the communes that may be meant: by name, by code, or by first letters on the keys."""
    if heard.kind is HeardKind.WORDS:
        return find_by_words(communes_of(talk), heard.words)
    return find_by_keys(communes_of(talk), heard.keys)

"""Understanding: what a text asks for, by its words alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from campaigns.subscribers.topics import EVERYTHING, Topic
from hotline.inbound.words import (
    InboundWords,
    Words,
    in_languages,
    inbound_words,
    plain,
    squeeze,
    with_accents,
)
from hotline.inbound_texts import Meaning

_LONGEST_NUMBER = 2


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text was taken for.

    ``topic`` is what a STOP is limited to, or whose answer is asked for; ``number`` which of its
    answers, from 1; ``rest`` what followed the word for a level; ``language`` that of the word.
    """

    meaning: Meaning
    topic: str = EVERYTHING
    number: int = 1
    word: str = ""
    rest: str = ""
    language: str = ""


_UNKNOWN = Understood(Meaning.OTHER)


def understand(text: str) -> Understood:
    """Return what *text* asks for; whatever is no keyword from end to end is for a person.

    A text without a letter, empty or ``???``, leaves a person nothing to work on: it asks for help.
    """
    table = _table()
    squeezed = squeeze(text)
    if not squeezed:
        return Understood(Meaning.HELP)
    if (found := table.alone.get(squeezed)) is not None:
        return found
    if (language := table.as_written.get(with_accents(text))) is not None:
        return Understood(Meaning.STOP, language=language)
    return _stop_again(text) or _numbered(text) or _level(text) or _UNKNOWN


def sounds_dangerous(text: str) -> bool:
    """Whether somebody's life may be at stake, so that a person looks at it first."""
    said = plain(text)
    return any(f" {word} " in f" {said} " for word in _table().danger) or any(
        word in said for word in _table().danger if not word.isascii()
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Every word as it is compared: what it means when it is all there is, and so on."""

    alone: dict[str, Understood]
    as_written: dict[str, str]
    levels: dict[str, str]
    danger: frozenset[str]


@cache
def _table() -> _Table:
    words = inbound_words()
    levels: dict[str, str] = {}
    for language, word in in_languages(words.level):
        levels.setdefault(plain(word), language)
    return _Table(
        alone=_alone(words),
        as_written={
            with_accents(word): language for language, word in in_languages(words.stop_as_written)
        },
        # The longest first: "cap do dich" is no commune called Dịch.
        levels=dict(sorted(levels.items(), key=lambda item: -len(item[0]))),
        danger=frozenset(plain(word) for _, word in in_languages(words.danger)),
    )


def _alone(words: InboundWords) -> dict[str, Understood]:
    """Return every text that is a keyword from end to end; a plain STOP before all else."""
    found: dict[str, Understood] = {}
    for squeezed, understood in _keywords(words):
        found.setdefault(squeezed, understood)
    return found


def _keywords(words: InboundWords) -> Iterator[tuple[str, Understood]]:
    yield from _keyed(words.stop, Meaning.STOP)
    yield from _keyed(words.start, Meaning.START)
    yield from _keyed(words.help, Meaning.HELP)
    yield from _keyed(words.level, Meaning.LEVEL)
    yield from _limited_stops(words, words.level, Topic.LEVELS.value)
    for name, topic in words.topics.items():
        yield from _keyed(topic.words, Meaning.ANSWER, topic=name)
        if name in set(Topic):
            yield from _limited_stops(words, topic.words, name)


def _keyed(
    words: Words,
    meaning: Meaning,
    *,
    topic: str = EVERYTHING,
) -> Iterator[tuple[str, Understood]]:
    for language, word in in_languages(words):
        understood = Understood(meaning, topic=topic, word=plain(word).upper(), language=language)
        yield squeeze(word), understood


def _limited_stops(
    words: InboundWords, topics: Words, name: str
) -> Iterator[tuple[str, Understood]]:
    for language, begin in in_languages(words.stop_about):
        for _, topic in in_languages(topics):
            yield squeeze(begin + topic), Understood(Meaning.STOP, topic=name, language=language)


def _stop_again(text: str) -> Understood | None:
    """Return the STOP of somebody who wrote it twice."""
    said = [_table().alone.get(word, _UNKNOWN) for word in plain(text).split()]
    is_stop = said and all(one.meaning is Meaning.STOP and not one.topic for one in said)
    return said[0] if is_stop else None


def _numbered(text: str) -> Understood | None:
    """Return which answer of a topic is meant: ``TIEM 2``."""
    word, _, number = plain(text).rpartition(" ")
    found = _table().alone.get(squeeze(word))
    if found is None or found.meaning is not Meaning.ANSWER:
        return None
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
        return None
    return Understood(
        Meaning.ANSWER, found.topic, max(1, int(number)), found.word, language=found.language
    )


def _level(text: str) -> Understood | None:
    """Return the question for the level of a commune: ``CAP DO Cao Lộc``."""
    said = plain(text)
    for begin, language in _table().levels.items():
        apart = " " if begin.isascii() else ""
        if said.startswith(f"{begin}{apart}"):
            rest = said.removeprefix(begin).strip()
            return Understood(Meaning.LEVEL, rest=rest, language=language)
    return None

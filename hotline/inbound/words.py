"""Words: what people write to us, and the fixed replies, as their file says it, read once."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Self

from pydantic import Field, model_validator

from campaigns.subscribers.languages import NAMES
from hotline.documents import (
    Code,
    Document,
    Language,
    Line,
    Name,
    Wording,
    plain_slots,
    read_document,
)

FILE = resources.files("hotline") / "data" / "inbound.yaml"
# Every fixed reply, with the slots it may name.
REPLIES: Mapping[str, frozenset[str]] = {
    "stopped": frozenset({"hotline"}),
    "stopped_topic": frozenset({"topic", "hotline"}),
    "started": frozenset({"hotline"}),
    "unknown_number": frozenset({"hotline"}),
    "help": frozenset({"hotline"}),
    "more": frozenset({"count", "word"}),
    "kept": frozenset({"reference", "hotline"}),
    "which_commune": frozenset({"example", "hotline"}),
}

Words = dict[Language, tuple[Line, ...]]


class TopicWords(Document):
    """What a topic of the answer bank is called, and its answers, the most asked for first."""

    words: Words
    answers: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]


class InboundWords(Document):
    """The file: words by meaning and language, and the fixed replies by name."""

    stop: Words
    stop_as_written: Words
    stop_about: Words
    start: Words
    help: Words
    level: Words
    topics: dict[Name, TopicWords]
    danger: Words
    replies: dict[Name, Wording]

    @model_validator(mode="after")
    def _check(self) -> Self:
        every = [self.stop, self.stop_about, self.start, self.help, self.level]
        every += [topic.words for topic in self.topics.values()]
        if lacking := [words for words in every if words.keys() != NAMES.keys()]:
            raise ValueError(f"words are missing in a language; there are only {lacking[0]}")
        meanings: dict[str, str] = {}
        for meaning, words in self._alone():
            for word in map(squeeze, _all(words)):
                if meanings.setdefault(word, meaning) != meaning:
                    raise ValueError(f"{word} would mean both {meanings[word]} and {meaning}")
        if self.replies.keys() != REPLIES.keys():
            raise ValueError(f"the replies must be exactly {', '.join(sorted(REPLIES))}")
        for name, wording in self.replies.items():
            if any(plain_slots(text) != REPLIES[name] for text in wording.model_dump().values()):
                raise ValueError(f"{name} must name exactly {', '.join(sorted(REPLIES[name]))}")
        return self

    def _alone(self) -> Iterator[tuple[str, Words]]:
        """Yield what each list of words means that may be all of a text."""
        yield from {"stop": self.stop, "start": self.start, "help": self.help}.items()
        yield "level", self.level
        for name, topic in self.topics.items():
            yield name, topic.words


def plain(text: str) -> str:
    """Return *text* in lower case without accents, its words apart by one blank, and no signs.

    Letters of any width and script count; what cannot be seen does not.
    """
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = (
        char if char.isalnum() else " "
        for char in letters.replace("đ", "d")
        if unicodedata.category(char) not in {"Mn", "Cf"}
    )
    return " ".join("".join(kept).split())


def squeeze(text: str) -> str:
    """Return the same without blanks: whoever writes ``S T O P`` or ``tuchoi`` means it, too."""
    return plain(text).replace(" ", "")


def with_accents(text: str) -> str:
    """Return *text* in lower case with its accents, and nothing but letters and digits."""
    letters = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in letters if char.isalnum())


@cache
def inbound_words() -> InboundWords:
    """Return the words that come with Loa."""
    return read_document(FILE.read_text(encoding="utf-8"), InboundWords)


def in_languages(words: Words) -> Iterator[tuple[str, str]]:
    """Yield each word with its language."""
    for language, found in words.items():
        for word in found:
            yield language, word


def _all(words: Words) -> Iterable[str]:
    return (word for _, word in in_languages(words))

"""Menus: the choice of a language, and every menu of the script."""

from collections.abc import Mapping

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.talks import Talk
from hotline.calls.visits import ANSWER
from hotline.scripts.document import Choice, LanguageNode, MenuNode
from hotline.utterances import choice_wording


class LanguagePlace:
    """Greets everybody; asks only those for a language who have not chosen one before."""

    def __init__(self, name: str, node: LanguageNode) -> None:
        self._name = name
        self._node = node

    def enter(self, talk: Talk) -> None:
        if not talk.visit.misses:
            _say_greeting(talk, self._name, self._node)
        if talk.visit.notes.get("known"):
            self._leave(talk)
            return
        for key, choice in self._node.choices.items():
            talk.utter_in(choice.language, f"node.{self._name}.{key}", choice.label)
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        choice = self._node.choices.get(heard.keys)
        if choice is None:
            return False
        talk.visit.language = talk.remembers["language"] = choice.language
        self._leave(talk)
        return True

    def _leave(self, talk: Talk) -> None:
        talk.goes_to = self._node.next


class MenuPlace:
    """Says only the choices that lead to something true at this minute; keys never move."""

    def __init__(self, name: str, node: MenuNode) -> None:
        self._name = name
        self._node = node

    def enter(self, talk: Talk) -> None:
        offered = self._offered(talk)
        if not offered:
            # Everything below it has ended since it was offered.
            talk.say("answer_ended")
            talk.call_person()
            return
        if self._node.prompt is not None:
            talk.utter(f"node.{self._name}", self._node.prompt)
        hints: list[str] = []
        for key, choice in offered.items():
            talk.utter(
                f"node.{self._name}.{key}", choice_wording(talk.library, key, choice, at=talk.now)
            )
            hints += choice.hints.get(talk.language, ())
        talk.ask_key(hints=tuple(hints))

    def hear(self, talk: Talk, heard: Heard) -> bool:
        offered = self._offered(talk)
        if heard.kind is HeardKind.WORDS:
            choice = _find_hinted(offered, heard.words, talk.language)
        else:
            choice = offered.get(heard.keys) or self._ended(talk, heard.keys)
        if choice is None:
            return False
        if self._name == talk.library.script.home:
            talk.visit.topic = choice.to or ""
        talk.go(f"{ANSWER}{choice.answer}" if choice.answer else choice.to or "")
        return True

    def _ended(self, talk: Talk, key: str) -> Choice | None:
        """Return an answer that is no longer offered, for whoever has learned its key.

        They hear what succeeds it, or are led to a person. Of a menu in which nothing is true
        any more it is the first answer that another succeeds.
        """
        choice = self._node.choices.get(key)
        if choice is None or choice.answer is not None:
            return choice
        return talk.library.find_successor(choice, at=talk.now)

    def _offered(self, talk: Talk) -> dict[str, Choice]:
        return {
            key: choice
            for key, choice in self._node.choices.items()
            if talk.library.is_offered(choice, at=talk.now)
        }


def greet(talk: Talk) -> None:
    """Say what every call begins with, wherever it goes on."""
    start = talk.library.script.start
    node = talk.library.script.nodes[start]
    if isinstance(node, LanguageNode):
        _say_greeting(talk, start, node)


def _say_greeting(talk: Talk, name: str, node: LanguageNode) -> None:
    talk.utter(f"node.{name}", {"vi": next(iter(node.prompt.values())), **node.prompt})


def _find_hinted(offered: Mapping[str, Choice], words: str, language: str) -> Choice | None:
    """Return the one choice that *words* name; two would be a guess."""
    said = words.casefold()
    named = [
        choice
        for choice in offered.values()
        if any(hint.casefold() in said for hint in choice.hints.get(language, ()))
    ]
    return named[0] if len(named) == 1 else None

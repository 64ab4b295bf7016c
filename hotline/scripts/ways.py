"""Ways: from the first node to every other, and how long a caller listens on each."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hotline.answers.document import AnswerDocument
from hotline.documents import SPOKEN_BY_MACHINE
from hotline.phrases import Phrases
from hotline.scripts.document import Choice, LanguageNode, MenuNode, Script
from hotline.speaking.durations import seconds_of


@dataclass(frozen=True, slots=True)
class Way:
    """The shortest way to one thing: the keys, the menus passed, and the seconds listened.

    Each menu counts until the caller's own choice has been said.
    """

    keys: str
    menus: int
    seconds: Mapping[str, float]


def choice_text(choice: Choice, key: str, answers: Mapping[str, AnswerDocument]) -> str:
    """Return the Vietnamese label of a choice, for printing."""
    label = _label(choice, answers)
    return label.get("vi", key)


def ways_through(
    script: Script, *, phrases: Phrases, answers: Mapping[str, AnswerDocument]
) -> dict[str, Way]:
    """Return the shortest way to every node that can be reached, by name, and to every answer."""
    start = Way("", 0, dict.fromkeys(SPOKEN_BY_MACHINE, 0.0))
    ways = {script.start: start}
    waiting = deque([script.start])
    while waiting:
        name = waiting.popleft()
        for target, way in _onwards(script, name, ways[name], phrases=phrases, answers=answers):
            if target not in ways:
                ways[target] = way
                if target in script.nodes:
                    waiting.append(target)
    return ways


def _onwards(
    script: Script,
    name: str,
    way: Way,
    *,
    phrases: Phrases,
    answers: Mapping[str, AnswerDocument],
) -> Iterator[tuple[str, Way]]:
    node = script.nodes[name]
    if isinstance(node, LanguageNode):
        yield node.next, Way(way.keys, way.menus, _add(way, _after_language(node)))
    elif isinstance(node, MenuNode):
        said = {language: _prompt_s(node, language) for language in SPOKEN_BY_MACHINE}
        for key, choice in node.choices.items():
            label = _label(choice, answers)
            for language in SPOKEN_BY_MACHINE:
                said[language] += choice_s(phrases, key, label.get(language, ""), language)
            target = f"answer:{choice.answer}" if choice.answer else choice.to or ""
            yield target, Way(f"{way.keys}{key}", way.menus + 1, _add(way, said))


def choice_s(phrases: Phrases, key: str, label: str, language: str) -> float:
    """Return how long one choice takes to say."""
    phrase = phrases.phrases["choice"].in_language(language)
    return seconds_of(phrase.format(key=key, label=label), language)


def menu_s(
    node: MenuNode, *, phrases: Phrases, answers: Mapping[str, AnswerDocument], language: str
) -> float:
    """Return how long a whole menu takes to say."""
    return _prompt_s(node, language) + sum(
        choice_s(phrases, key, _label(choice, answers).get(language, ""), language)
        for key, choice in node.choices.items()
    )


def _label(choice: Choice, answers: Mapping[str, AnswerDocument]) -> dict[str, str]:
    if choice.label is not None:
        return choice.label.model_dump()
    answer = answers.get(choice.answer or "")
    return answer.title.model_dump() if answer else {}


def _prompt_s(node: MenuNode, language: str) -> float:
    return seconds_of(node.prompt.in_language(language), language) if node.prompt else 0.0


def _after_language(node: LanguageNode) -> dict[str, float]:
    """Return how long each language's callers listen before they can choose it."""
    said = sum(seconds_of(text, language) for language, text in node.prompt.items())
    until: dict[str, float] = {}
    for choice in node.choices.values():
        said += max(seconds_of(text, language) for language, text in choice.label.items())
        until[choice.language] = said
    return {language: until.get(language, said) for language in SPOKEN_BY_MACHINE}


def _add(way: Way, seconds: Mapping[str, float]) -> dict[str, float]:
    return {language: way.seconds[language] + seconds[language] for language in SPOKEN_BY_MACHINE}

"""Checks: what must hold of a whole set of files before a single call hears it."""

import re
from collections.abc import Iterator, Mapping

from campaigns.complaints import Complaint
from campaigns.definitions.trees import written_place
from campaigns.texts.segments import measure
from hotline.answers.document import AnswerDocument
from hotline.declarations.document import DeclarationDocument
from hotline.desks import Desks
from hotline.documents import SPOKEN_BY_MACHINE, line_of
from hotline.phrases import Phrases
from hotline.scripts.document import LanguageNode, MenuNode, PersonNode, Script
from hotline.scripts.ways import Way, menu_s, ways_through
from hotline.speaking.durations import seconds_of

Fault = tuple[str, Complaint]
# Elderly callers: short menus, few of them, and most of the first minute for the answer itself;
# an answer of 40 s is the longest that people can repeat to somebody else.
MENUS_BEFORE_ANSWER = 3
LONGEST_NODE_S = 40.0
LONGEST_WAY_S = 45.0
LONGEST_ANSWER_S = 40.0
MOST_SEGMENTS = {"vi": 3, "zh": 2, "en": 2}
_CONSENT = "declaration_consent"


def check_script(
    script: Script,
    *,
    phrases: Phrases,
    desks: Desks,
    declaration: DeclarationDocument,
    answers: Mapping[str, AnswerDocument],
    files: Mapping[str, str],
) -> list[Fault]:
    """Return every fault of a set whose files can each be read."""
    found = list(_dangling(script, desks=desks, answers=answers))
    if not found:
        ways = ways_through(script, phrases=phrases, answers=answers)
        found = [*_unreachable(script, ways), *_trapped(script), *_too_far(script, ways)]
        found += _too_long(script, phrases=phrases, answers=answers)
    asked = [*_check_declaration(declaration), *_check_consent(phrases, declaration)]
    return [
        *(_fault(files, "script.yaml", *one) for one in found),
        *(_fault_of(files, *one) for one in _check_answers(answers)),
        *(_fault(files, "desks.yaml", *one) for one in _check_desks(desks)),
        *(_fault(files, "declaration.yaml", *one) for one in asked),
    ]


Found = tuple[tuple[str | int, ...], str, str]


def _fault(
    files: Mapping[str, str], name: str, place: tuple[str | int, ...], problem: str, remedy: str
) -> Fault:
    line = line_of(files[name], *place) if name in files else 0
    return name, Complaint(line, written_place(place), problem, remedy)


def _dangling(
    script: Script, *, desks: Desks, answers: Mapping[str, AnswerDocument]
) -> Iterator[Found]:
    """Yield what leads nowhere."""
    for field in ("start", "home"):
        if getattr(script, field) not in script.nodes:
            yield (field,), "names no node", f"Write one of {', '.join(script.nodes)}"
    if not isinstance(script.nodes.get(script.home), MenuNode | None):
        yield ("home",), "is no menu", "Let # lead to a menu"
    for name, node in script.nodes.items():
        if isinstance(node, LanguageNode) and node.next not in script.nodes:
            yield ("nodes", name, "next"), "names no node", "Write the first menu's name"
        desk = node.desk if isinstance(node, PersonNode | MenuNode) else None
        if desk is not None and desk not in desks.desks:
            yield ("nodes", name, "desk"), "names no desk", f"Known are {', '.join(desks.desks)}"
        if isinstance(node, MenuNode):
            yield from _dangling_choices(script, name, node, answers)


def _dangling_choices(
    script: Script, name: str, node: MenuNode, answers: Mapping[str, AnswerDocument]
) -> Iterator[Found]:
    for key, choice in node.choices.items():
        place = ("nodes", name, "choices", key)
        if (choice.to is None) == (choice.answer is None):
            yield place, "leads to nothing or to two things", "Write either to: or answer:"
        elif choice.to is not None and choice.to not in script.nodes:
            yield (*place, "to"), f"leads to {choice.to}, which is no node", "Write its name"
        elif choice.answer is not None and choice.answer not in answers:
            yield (*place, "answer"), f"gives {choice.answer}, which is no answer", "Write its code"
        elif choice.to is not None and choice.label is None:
            yield place, "has no label", "Say in vi, zh and en what the key is for"


def _unreachable(script: Script, ways: Mapping[str, Way]) -> Iterator[Found]:
    for name in script.nodes:
        if name not in ways:
            yield ("nodes", name), "cannot be reached by any key", "Lead a key there or take it out"


def _trapped(script: Script) -> Iterator[Found]:
    """Yield the menus from which no key ever leads to anything but menus."""
    leading: set[str] = set()
    while grown := {name for name in script.nodes if _leads_out(script, name, leading)} - leading:
        leading |= grown
    for name in script.nodes:
        if name not in leading:
            yield ("nodes", name), "leads only to itself or to other menus", "Give it an answer"


def _leads_out(script: Script, name: str, leading: set[str]) -> bool:
    """Whether something other than a menu lies behind the node, those *leading* on included."""
    node = script.nodes[name]
    if isinstance(node, LanguageNode):
        return node.next in leading
    if not isinstance(node, MenuNode):
        return True
    return any(choice.answer or choice.to in leading for choice in node.choices.values())


def _too_far(script: Script, ways: Mapping[str, Way]) -> Iterator[Found]:
    for name, way in ways.items():
        is_menu = isinstance(script.nodes.get(name), MenuNode | LanguageNode)
        place: tuple[str, ...] = ("nodes", name) if name in script.nodes else ("nodes",)
        if way.menus > MENUS_BEFORE_ANSWER - is_menu:
            problem = f"{name} lies behind {way.menus} menus (keys {way.keys})"
            yield place, problem, f"At most {MENUS_BEFORE_ANSWER} menus come before an answer"
        for language, seconds in way.seconds.items():
            if not is_menu and seconds > LONGEST_WAY_S:
                problem = f"{name} is reached after {seconds:.0f} s in {language} ({way.keys})"
                yield place, problem, f"Shorten the labels: at most {LONGEST_WAY_S:.0f} s"


def _too_long(
    script: Script, *, phrases: Phrases, answers: Mapping[str, AnswerDocument]
) -> Iterator[Found]:
    for name, node in script.nodes.items():
        if not isinstance(node, MenuNode):
            continue
        for language in SPOKEN_BY_MACHINE:
            seconds = menu_s(node, phrases=phrases, answers=answers, language=language)
            if seconds > LONGEST_NODE_S:
                problem = f"takes {seconds:.0f} s to say in {language}"
                yield ("nodes", name), problem, f"At most {LONGEST_NODE_S:.0f} s"


def _check_answers(answers: Mapping[str, AnswerDocument]) -> Iterator[tuple[str, str, str, str]]:
    for code, answer in answers.items():
        for language in SPOKEN_BY_MACHINE:
            seconds = seconds_of(answer.spoken.in_language(language), language)
            if seconds > LONGEST_ANSWER_S:
                problem = f"takes {seconds:.0f} s to say in {language}"
                yield code, "spoken", problem, f"At most {LONGEST_ANSWER_S:.0f} s"
            segments = measure(answer.text_in(language)).segments
            if segments > MOST_SEGMENTS[language]:
                problem = f"is a text of {segments} segments in {language}"
                yield code, "sms", problem, f"Write an sms of at most {MOST_SEGMENTS[language]}"
        if _goes_round(code, answers):
            yield (
                code,
                "successor",
                "leads in a circle or to no answer",
                "Name the answer that follows",
            )


def _goes_round(code: str, answers: Mapping[str, AnswerDocument]) -> bool:
    seen: set[str] = set()
    while True:
        if code in seen or code not in answers:
            return True
        seen.add(code)
        successor = answers[code].successor
        if successor is None:
            return False
        code = successor


def _fault_of(files: Mapping[str, str], code: str, field: str, problem: str, remedy: str) -> Fault:
    """Return the fault with the file and line in which the answer *code* is written."""
    for name, source in files.items():
        line = line_of(source, "answers", code, field) if f"{code}:" in source else 0
        if line and name.startswith("answers/"):
            return name, Complaint(line, f"{code}.{field}", problem, remedy)
    line = line_of(files.get("measures.yaml", ""), field)
    return "measures.yaml", Complaint(line, f"{code}.{field}", problem, remedy)


def _check_desks(desks: Desks) -> Iterator[Found]:
    for name, desk in desks.desks.items():
        if desk.overflow is not None and desk.overflow not in desks.desks:
            place = ("desks", name, "overflow")
            yield place, "names no desk", "Name another desk or none"


def _check_declaration(declaration: DeclarationDocument) -> Iterator[Found]:
    for index, question in enumerate(declaration.questions):
        for language in SPOKEN_BY_MACHINE:
            seconds = seconds_of(question.prompt.in_language(language), language)
            if seconds > LONGEST_NODE_S:
                problem = f"takes {seconds:.0f} s to say in {language}"
                yield ("questions", index, "prompt"), problem, f"At most {LONGEST_NODE_S:.0f} s"


def _check_consent(phrases: Phrases, declaration: DeclarationDocument) -> Iterator[Found]:
    """Yield the languages in which callers would agree to another retention than the real one."""
    days = declaration.retention_days
    for language, text in phrases.phrases[_CONSENT].model_dump().items():
        if str(days) not in re.findall(r"\d+", text):
            problem = f"{_CONSENT} in phrases.yaml does not name the {days} days in {language}"
            remedy = "Let callers agree to what really happens: write the same days in both files"
            yield ("retention_days",), problem, remedy

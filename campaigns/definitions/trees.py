"""Trees: a YAML source as plain lists, groups and words, each with the line it stands on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from campaigns.complaints import Complaint
from campaigns.errors import DefinitionError

Place = tuple[str | int, ...]

_MAX_DEPTH = 8
_MAX_VALUES = 5000
_MAX_NAME_CHARS = 40
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Tree:
    """What a source says: every word as it was written, and the line of each place.

    Words stay words, since YAML's own guesses turn the commune 06001 into 3073, the language no
    into a denial and 21:00 into 1260. ``empty`` lists the places where nothing was written.
    """

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    empty: list[Place] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        """Return the line of *place*, or of the nearest thing around it that was written."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)


def read_tree(source: str) -> Tree:
    """Read YAML without tags, anchors or aliases; raise DefinitionError where it is no YAML.

    Keys that stand twice are complained about in the tree, not raised.
    """
    tree = Tree()
    try:
        _Builder(tree).build(yaml.parse(source, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line = mark.line + 1 if mark else 0
        raise DefinitionError([_about_syntax(source, line, broken.problem or "")]) from None
    except yaml.reader.ReaderError as broken:
        line = source.count("\n", 0, broken.position) + 1
        raise DefinitionError(
            [
                Complaint(
                    line,
                    "file",
                    f"holds the invisible letter U+{_code_point(broken.character):04X}",
                    "Type that place again",
                )
            ]
        ) from None
    return tree


@dataclass(slots=True)
class _Open:
    """A list or group being read; ``key`` is the field whose value comes next."""

    place: Place
    items: list[Any] | dict[str, Any]
    key: str | None = None


class _Builder:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._open: list[_Open] = []
        self._documents = 0
        self._values = 0

    def build(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._begin_document(event)
            elif isinstance(event, NodeEvent):
                self._check(event)
                self._take(event)
            elif isinstance(event, CollectionEndEvent):
                self._open.pop()

    def _begin_document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            _refuse(event, "a second document begins", "Keep one campaign in one file")

    def _check(self, event: NodeEvent) -> None:
        """Refuse what a campaign file never needs and what can make a small file huge."""
        if isinstance(event, AliasEvent) or event.anchor is not None:
            _refuse(event, "anchors and aliases (& and *) are not taken", "Write the value out")
        if getattr(event, "tag", None) is not None:
            _refuse(event, "tags (!) are not taken", "Write the value without it")
        self._values += 1
        if self._values > _MAX_VALUES:
            _refuse(event, "the file holds too many values", "Name areas by the one above them")
        if len(self._open) > _MAX_DEPTH:
            _refuse(event, "fields are nested too deeply", "Write fields as the manual shows")
        if isinstance(event, ScalarEvent):
            event.value = _join_halves(event)

    def _take(self, event: NodeEvent) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.items, dict) and parent.key is None:
            parent.key = self._read_key(parent, event)
            return
        place = self._place(parent)
        self._tree.lines.setdefault(place, _line(event))
        value: Any
        if isinstance(event, ScalarEvent):
            value = event.value
            if event.style is None and value in _NOTHING:
                value = None
                self._tree.empty.append(place)
        else:
            value = {} if isinstance(event, MappingStartEvent) else []
        self._put(parent, value)
        if isinstance(event, CollectionStartEvent):
            self._open.append(_Open(place, value))

    def _read_key(self, parent: _Open, event: NodeEvent) -> str:
        if not isinstance(event, ScalarEvent):
            _refuse(event, "a list or group stands where a field's name belongs", "Name the field")
        place = (*parent.place, event.value)
        if event.value in parent.items:
            self._tree.complaints.append(
                Complaint(
                    _line(event),
                    written_place(place),
                    f"stands twice, first on line {self._tree.line_of(place)}",
                    "Keep one of them",
                )
            )
        self._tree.lines.setdefault(place, _line(event))
        return event.value

    def _place(self, parent: _Open | None) -> Place:
        if parent is None:
            return ()
        if isinstance(parent.items, list):
            return (*parent.place, len(parent.items))
        return (*parent.place, parent.key or "")

    def _put(self, parent: _Open | None, value: Any) -> None:
        if parent is None:
            self._tree.value = value
        elif isinstance(parent.items, list):
            parent.items.append(value)
        else:
            parent.items.setdefault(parent.key or "", value)
            parent.key = None


def written_place(place: Place) -> str:
    """Write a place as people do: ``audience.areas[0]``."""
    written = ""
    for part in place:
        written += f"[{part}]" if isinstance(part, int) else f".{part[:_MAX_NAME_CHARS]}"
    return written.removeprefix(".") or "file"


def _refuse(event: Event, problem: str, remedy: str) -> NoReturn:
    raise DefinitionError([Complaint(_line(event), "file", problem, remedy)])


def _join_halves(event: ScalarEvent) -> str:
    """Join what JSON writes as two halves of one letter and YAML leaves apart (RFC 8259 §7)."""
    try:
        return event.value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        _refuse(event, "half of a letter stands alone", "Type that place again")


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _about_syntax(source: str, line: int, problem: str) -> Complaint:
    lines = source.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return Complaint(line, "file", "begins with a tab", "Indent with blanks only")
    remedy = (
        "Check the blanks at the line's beginning, and put a text that holds : or # or begins "
        'with a sign between double quotes ("...")'
    )
    return Complaint(line, "file", f"is not YAML: {problem}", remedy)


def _code_point(character: str | int | bytes) -> int:
    return character if isinstance(character, int) else ord(character)

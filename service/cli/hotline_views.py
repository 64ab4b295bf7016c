"""How the hotline's menus are shown: a tree of keys, with the seconds a caller listens."""

from typing import Any

from rich.text import Text
from rich.tree import Tree

from hotline.loading import HotlineSet
from hotline.scripts.document import LanguageNode, MenuNode
from hotline.scripts.ways import Way, choice_text, ways_through


def outline(found: HotlineSet) -> dict[str, Any]:
    """Return the menus of *found* as nested objects: keys, names, seconds by language."""
    ways = ways_through(found.script, phrases=found.phrases, answers=found.answers)
    return _branch(found, ways, found.script.start, "", frozenset())


def show_outline(document: dict[str, Any]) -> Tree:
    """Return *document* as a tree to print."""
    tree = Tree(_line(document))
    for branch in document.get("choices", []):
        tree.add(show_outline(branch))
    return tree


def _branch(
    found: HotlineSet, ways: dict[str, Way], name: str, label: str, seen: frozenset[str]
) -> dict[str, Any]:
    node = found.script.nodes.get(name)
    document: dict[str, Any] = {
        "node": name,
        "kind": node.kind if node else "answer",
        "label": label,
        "keys": ways[name].keys,
        "seconds": {language: round(s, 1) for language, s in ways[name].seconds.items()},
    }
    if name in seen:
        return document
    if isinstance(node, LanguageNode):
        document["choices"] = [_branch(found, ways, node.next, "", seen | {name})]
    elif isinstance(node, MenuNode):
        document["choices"] = [
            _branch(
                found,
                ways,
                f"answer:{choice.answer}" if choice.answer else choice.to or "",
                f"{key} {choice_text(choice, key, found.answers)}",
                seen | {name},
            )
            for key, choice in node.choices.items()
        ]
    return document


def _line(document: dict[str, Any]) -> Text:
    seconds = ", ".join(f"{name} {s:.0f} s" for name, s in document["seconds"].items())
    line = Text(document["label"] or document["node"], style="bold")
    line.append(f"  {document['node']} ({document['kind']})", style="dim")
    if document["kind"] not in {"menu", "language"}:
        line.append(f"  after {seconds}", style="cyan")
    return line

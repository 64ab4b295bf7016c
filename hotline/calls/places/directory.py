"""The directory: which place a name in a visit stands for."""

from hotline.calls.places.answering import AnswerPlace
from hotline.calls.places.declaring import DeclarationPlace
from hotline.calls.places.levels import LevelPlace
from hotline.calls.places.menus import LanguagePlace, MenuPlace
from hotline.calls.places.persons import PersonPlace
from hotline.calls.places.place import Place
from hotline.calls.places.reporting import ReportPlace
from hotline.calls.places.resuming import ResumePlace
from hotline.calls.places.stopping import OptOutPlace
from hotline.calls.visits import ANSWER, PERSON, RESUME
from hotline.scripts.document import (
    DeclarationNode,
    LanguageNode,
    LevelNode,
    MenuNode,
    Node,
    OptOutNode,
    PersonNode,
    ReportNode,
    Script,
)


def find_place(script: Script, name: str) -> Place | None:
    """Return the place called *name*; None when the script that is running now has none."""
    if name.startswith(ANSWER):
        return AnswerPlace(name.removeprefix(ANSWER))
    if name.startswith(PERSON):
        return PersonPlace(name.removeprefix(PERSON))
    if name == RESUME:
        return ResumePlace()
    node = script.nodes.get(name)
    return None if node is None else _place_of(name, node)


def _place_of(name: str, node: Node) -> Place:
    place: Place
    match node:
        case LanguageNode():
            place = LanguagePlace(name, node)
        case MenuNode():
            place = MenuPlace(name, node)
        case LevelNode():
            place = LevelPlace()
        case PersonNode():
            place = PersonPlace(node.desk)
        case ReportNode():
            place = ReportPlace(node.category)
        case OptOutNode():
            place = OptOutPlace()
        case DeclarationNode():
            place = DeclarationPlace()
    return place

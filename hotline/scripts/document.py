"""The script: nodes by name, each of one kind, with the keys that lead from one to the next."""

from typing import Annotated, Literal

from pydantic import Field

from hotline.documents import Code, Document, Language, Line, Name, Wording

MENU_CHOICES = 5
Key = Annotated[str, Field(pattern=r"^[1-9]$")]


class LanguageChoice(Document):
    """A language, and how it is offered in itself."""

    language: Language
    label: dict[Language, Line]


class LanguageNode(Document):
    """Greets, and asks whoever has not chosen before for a language."""

    kind: Literal["language"]
    prompt: dict[Language, Line]
    next: Name
    choices: Annotated[dict[Key, LanguageChoice], Field(min_length=1, max_length=MENU_CHOICES)]


class Choice(Document):
    """One key of a menu: where it leads, or which answer it gives, and what it is called."""

    to: Name | None = None
    answer: Code | None = None
    label: Wording | None = None
    hints: dict[Language, tuple[Line, ...]] = Field(default_factory=dict)


class MenuNode(Document):
    """At most five choices; 0, * and # mean the same in every menu.

    ``desk`` is whom 0 rings from here; without it the desk of the topic, or the general one.
    """

    kind: Literal["menu"]
    prompt: Wording | None = None
    desk: Name | None = None
    choices: Annotated[dict[Key, Choice], Field(min_length=1, max_length=MENU_CHOICES)]


class LevelNode(Document):
    """The level of the caller's own commune, and what may be done there."""

    kind: Literal["level"]


class PersonNode(Document):
    """A person of one desk, or a voice message for them."""

    kind: Literal["person"]
    desk: Name


class ReportNode(Document):
    """A rumour or feedback, spoken after the tone."""

    kind: Literal["report"]
    category: Literal["rumour", "feedback"]


class OptOutNode(Document):
    """No more texts to this number."""

    kind: Literal["opt_out"]


class DeclarationNode(Document):
    """A health declaration by keys, while the module is switched on."""

    kind: Literal["declaration"]


Node = Annotated[
    LanguageNode | MenuNode | LevelNode | PersonNode | ReportNode | OptOutNode | DeclarationNode,
    Field(discriminator="kind"),
]


class Script(Document):
    """``start`` is every call's first node; ``home`` is the menu at the top of all others."""

    script: Name
    title: Line
    start: Name
    home: Name
    nodes: Annotated[dict[Name, Node], Field(min_length=1, max_length=200)]

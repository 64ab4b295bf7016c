"""Documents: what the hotline's files have in common, and how one is read with line and reason."""

import string
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from campaigns.complaints import Complaint
from campaigns.definitions.trees import Place, read_tree, written_place
from campaigns.errors import DefinitionError
from campaigns.subscribers.languages import NAMES
from campaigns.texts.segments import normalise

LARGEST_FILE = 256 * 1024
# What a machine speaks must be written; Tày-Nùng and Dao are only ever recorded.
SPOKEN_BY_MACHINE = ("vi", "zh", "en")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,15}$")]
Line = Annotated[
    str,
    AfterValidator(lambda text: " ".join(normalise(text).split())),
    StringConstraints(min_length=1, max_length=1200),
]
Language = Annotated[str, StringConstraints(pattern=f"^({'|'.join(NAMES)})$")]


class Document(BaseModel):
    """A part of a file: fixed once read, and without fields that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wording(Document):
    """One thing to say, in every language a machine speaks."""

    vi: Line
    zh: Line
    en: Line

    def in_language(self, language: str) -> str:
        """Return the text in *language*, in Vietnamese where none is written."""
        return str(getattr(self, language, self.vi))


def plain_slots(text: str) -> frozenset[str] | None:
    """Return the names in braces in *text*; None where there is more in them than a name.

    A format such as ``{level:d}`` would fail only when somebody is on the phone.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    slots = [(slot, spec, conversion) for _, slot, spec, conversion in parts if slot is not None]
    if any(not slot.isidentifier() or spec or conversion for slot, spec, conversion in slots):
        return None
    return frozenset(slot for slot, _, _ in slots)


D = TypeVar("D", bound=Document)


def read_document(source: str, model: type[D]) -> D:
    """Return what *source* says; raise DefinitionError with one complaint for each fault."""
    if len(source.encode(errors="surrogatepass")) > LARGEST_FILE:
        complaint = Complaint(0, "file", "is larger than 256 KiB", "Divide it")
        raise DefinitionError([complaint])
    tree = read_tree(source.removeprefix("\ufeff"))
    try:
        document = model.model_validate(tree.value)
    except ValidationError as invalid:
        found = [
            Complaint(
                tree.line_of(place := _place(error["loc"])),
                written_place(place),
                error["msg"][:1].lower() + error["msg"][1:],
                "See docs/hotline.md for what belongs there",
            )
            for error in invalid.errors()
        ]
        raise DefinitionError(sorted(found + tree.complaints, key=lambda one: one.line)) from None
    if tree.complaints:
        raise DefinitionError(tree.complaints)
    return document


def line_of(source: str, *place: str | int) -> int:
    """Return the line on which *place* of *source* stands, for a fault found later."""
    return read_tree(source.removeprefix("\ufeff")).line_of(place)


def _place(location: tuple[Any, ...]) -> Place:
    # pydantic names the kind it tried of a node; a file has no such step.
    kinds = {"menu", "language", "level", "person", "report", "opt_out", "declaration", "[key]"}
    return tuple(
        part
        for at, part in enumerate(location)
        if not (at == 2 and part in kinds)  # noqa: PLR2004
    )

"""Measures: the table of what may be done at each level, and the answers composed from it."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from campaigns.levels import get_level
from hotline.answers.document import AnswerDocument, TopicDocument, Validity
from hotline.documents import Document, Line, Name, Wording, plain_slots

TOPIC = "measures"
_MORE = "-more"
_TEXT_SLOTS = frozenset({"level", "colour", "table"})
_SLOTS = {
    "title": _TEXT_SLOTS,
    "spoken": _TEXT_SLOTS,
    "sms": _TEXT_SLOTS,
    "row": frozenset({"activity", "rule"}),
}
Number = Annotated[str, StringConstraints(pattern=r"^[1-9]$")]


class Activity(Document):
    """One row: an activity, and what holds for it at each level."""

    activity: Wording
    levels: dict[Number, Wording]
    basis: Line


class MeasuresDocument(Document):
    """The file: one scheme's table, with its document and validity.

    ``title``, ``spoken`` and ``sms`` are written once for all levels; their slots are {level},
    {colour} and {table}: for each activity that level knows a ``row``, with {activity} and {rule}.
    ``activities`` are told at once, ``more_activities`` to whoever asks for the rest: all of them
    together are longer than anybody listens.
    """

    scheme: Name
    document: Line
    owner: Line
    valid: Validity
    title: Wording
    spoken: Wording
    sms: Wording
    row: Wording
    activities: Annotated[tuple[Activity, ...], Field(min_length=1, max_length=40)]
    more_activities: Annotated[tuple[Activity, ...], Field(max_length=40)] = ()

    @model_validator(mode="after")
    def _check_slots(self) -> Self:
        for field, known in _SLOTS.items():
            for text in getattr(self, field).model_dump().values():
                slots = plain_slots(text)
                if slots is None or not slots <= known:
                    named = ", ".join(sorted(known))
                    raise ValueError(f"{field} may hold in braces only the names {named}")
        return self


def measures_code(scheme: str, level: int, *, is_more: bool = False) -> str:
    """Return the code of the answer that says what may be done at *level*, or the rest of it."""
    return f"{scheme}-{level}{_MORE if is_more else ''}"


def compose_answers(document: MeasuresDocument) -> TopicDocument:
    """Make an answer or two for each level from the table, which are approved like any other.

    Raises UnknownLevelError for a level that the scheme does not have.
    """
    return TopicDocument(
        topic=TOPIC,
        title=document.title,
        owner=document.owner,
        answers=_compose_all(document, document.activities, is_more=False)
        | _compose_all(document, document.more_activities, is_more=True),
    )


def _compose_all(
    document: MeasuresDocument, activities: Sequence[Activity], *, is_more: bool
) -> dict[str, AnswerDocument]:
    numbers = sorted({int(number) for row in activities for number in row.levels})
    return {
        measures_code(document.scheme, number, is_more=is_more): _compose(
            document, activities, number
        )
        for number in numbers
    }


def _compose(
    document: MeasuresDocument, activities: Sequence[Activity], number: int
) -> AnswerDocument:
    level = get_level(document.scheme, number)
    rows = [row for row in activities if str(number) in row.levels]

    def fill(wording: Wording) -> Wording:
        texts = wording.model_dump()
        for language, text in texts.items():
            # Chinese puts no space between sentences.
            table = ("" if language == "zh" else " ").join(
                document.row.in_language(language).format(
                    activity=row.activity.in_language(language),
                    rule=row.levels[str(number)].in_language(language),
                )
                for row in rows
            )
            colour = level.colour(language)
            texts[language] = text.format(level=number, colour=colour, table=table)
        return Wording(**texts)

    return AnswerDocument(
        title=fill(document.title),
        question=fill(document.title).vi,
        source=document.document,
        medical=False,
        valid=document.valid,
        spoken=fill(document.spoken),
        sms=fill(document.sms).model_dump(),
    )

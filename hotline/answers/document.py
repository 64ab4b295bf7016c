"""The answer file: a topic's answers as they are written, before anybody has approved them."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from campaigns.figures import CREDITS, FIGURES, Delivered, lacks_credits
from hotline.documents import (
    SPOKEN_BY_MACHINE,
    Code,
    Document,
    Language,
    Line,
    Name,
    Wording,
    plain_slots,
)


class Validity(Document):
    """From when on an answer is true, and the first moment at which it no longer is."""

    from_: Annotated[AwareDatetime, Field(alias="from")]
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.until is not None and self.until <= self.from_:
            raise ValueError("it ends before it begins; write the first moment it is untrue")
        return self

    def covers(self, moment: datetime) -> bool:
        return self.from_ <= moment and (self.until is None or moment < self.until)


class AnswerDocument(Document):
    """One question with its answer, in every language a machine speaks.

    ``title`` is what menus call it. ``sms`` is the short form where the spoken one is too long.
    Both may quote the day's figures in braces, with their source and time.
    """

    title: Wording
    question: Line
    source: Line
    medical: bool = True
    is_danger: bool = False
    valid: Validity
    successor: Code | None = None
    spoken: Wording
    sms: dict[Language, Line] = Field(default_factory=dict)

    @field_validator("spoken", "sms")
    @classmethod
    def _check_slots(cls, value: Wording | dict[str, str]) -> Wording | dict[str, str]:
        for text in _texts(value):
            slots = plain_slots(text)
            if slots is None or slots - FIGURES.keys() - CREDITS.keys():
                raise ValueError(
                    f"only the day's figures may stand in braces: {', '.join(FIGURES)}"
                )
            if lacks_credits(slots):
                raise ValueError("it quotes figures; say {figures_source} and {figures_as_of} too")
        return value

    @cached_property
    def slots(self) -> frozenset[str]:
        """The names of the figures it quotes; empty for nearly every answer."""
        texts = (*_texts(self.spoken), *_texts(self.sms))
        return frozenset().union(*(plain_slots(text) or () for text in texts))

    def quoting(self, figures: Delivered) -> Self | None:
        """Return this answer with *figures* filled in; None where one that it names is missing."""
        if self.slots - figures.slots("vi").keys():
            return None
        written = self.model_dump(by_alias=True)
        quoted = {
            part: {
                language: text.format_map(figures.slots(language))
                for language, text in written[part].items()
            }
            for part in ("spoken", "sms")
        }
        return self.model_validate(written | quoted)

    def text_in(self, language: str) -> str:
        """Return what is sent by text: the short form, or what is spoken where none is written.

        Languages that are only recorded are read in Vietnamese.
        """
        read = language if language in SPOKEN_BY_MACHINE else "vi"
        return self.sms.get(read) or self.spoken.in_language(read)


def _texts(value: Wording | dict[str, str]) -> list[str]:
    return list((value.model_dump() if isinstance(value, Wording) else value).values())


class TopicDocument(Document):
    """One file: a topic, the agency that answers for it, and its answers by code."""

    topic: Name
    title: Wording
    owner: Line
    answers: Annotated[dict[Code, AnswerDocument], Field(min_length=1, max_length=100)]

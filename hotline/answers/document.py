"""The answer file: a topic's answers as they are written, before anybody has approved them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from hotline.documents import SPOKEN_BY_MACHINE, Code, Document, Language, Line, Name, Wording


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

    def text_in(self, language: str) -> str:
        """Return what is sent by text: the short form, or what is spoken where none is written.

        Languages that are only recorded are read in Vietnamese.
        """
        read = language if language in SPOKEN_BY_MACHINE else "vi"
        return self.sms.get(read) or self.spoken.in_language(read)


class TopicDocument(Document):
    """One file: a topic, the agency that answers for it, and its answers by code."""

    topic: Name
    title: Wording
    owner: Line
    answers: Annotated[dict[Code, AnswerDocument], Field(min_length=1, max_length=100)]

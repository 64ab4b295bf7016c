"""The declaration file: questions as data, each with its way of answering."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from campaigns.errors import PhoneRefusedError
from campaigns.local_time import ZONE
from campaigns.phones import read_phone
from hotline.documents import Document, Name, Wording

YES = "1"
NO = "2"
FIRST_YEAR = 1900
_YEAR_DIGITS = 4
_COMMUNE_DIGITS = 5
_PHONE_DIGITS = 10
Key = Annotated[str, Field(pattern=r"^[1-9]$")]


class Condition(Document):
    """Ask only when *question* was answered with *is*."""

    question: Name
    is_: Annotated[str, Field(alias="is")]


class Question(Document):
    """One question, answered by keys.

    ``yes_no`` takes 1 or 2, ``choice`` one of its keys, ``digits`` so many digits from ``least``
    to ``most``, ``year`` a year up to this one, ``commune`` an official code, ``phone`` a mobile
    number; a 1 confirms the commune or number that is known already. ``voice`` is spoken after the
    tone, for ``seconds`` at most. ``is_danger``: a yes leads to 115 and a person at once.
    """

    id: Name
    kind: Literal["yes_no", "choice", "digits", "year", "commune", "phone", "voice"]
    prompt: Wording
    digits: Annotated[int, Field(ge=1, le=6)] | None = None
    least: int = 0
    most: int = 999_999
    choices: dict[Key, Wording] = Field(default_factory=dict)
    seconds: Annotated[int, Field(ge=3, le=120)] | None = None
    when: Condition | None = None
    is_danger: bool = False

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.kind == "digits") != (self.digits is not None):
            raise ValueError("`digits` belongs to the kind digits, and to no other")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("`choices` belong to the kind choice, and to no other")
        if (self.kind == "voice") != (self.seconds is not None):
            raise ValueError("`seconds` belongs to the kind voice, and to no other")
        if self.digits == 1 and self.least == 0:
            raise ValueError("0 alone calls a person everywhere; make it a choice with keys from 1")
        if self.is_danger and self.kind != "yes_no":
            raise ValueError("`is_danger` belongs to the kind yes_no")
        return self

    @property
    def most_keys(self) -> int:
        """How many keys an answer has."""
        fixed = {"year": _YEAR_DIGITS, "commune": _COMMUNE_DIGITS, "phone": _PHONE_DIGITS}
        return fixed.get(self.kind, self.digits or 1)

    def takes(self, keys: str, *, now: datetime) -> bool:
        """Whether *keys* answer this question; a commune's existence is looked up elsewhere.

        No keys answer what is to be spoken.
        """
        if not (keys.isascii() and keys.isdigit() and len(keys) == self.most_keys):
            return False
        match self.kind:
            case "yes_no":
                return keys in {YES, NO}
            case "choice":
                return keys in self.choices
            case "year" | "digits":
                this_year = now.astimezone(ZONE).year
                is_year = self.kind == "year"
                least, most = (FIRST_YEAR, this_year) if is_year else (self.least, self.most)
                return least <= int(keys) <= most
            case "phone":
                return _is_phone(keys)
            case _:
                pass
        return self.kind == "commune"


def _is_phone(keys: str) -> bool:
    try:
        read_phone(keys)
    except PhoneRefusedError:
        return False
    return True


class DeclarationDocument(Document):
    """The module: whether it is on, how long answers are kept, and what is asked."""

    enabled: bool = False
    retention_days: Annotated[int, Field(ge=1, le=365)] = 30
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        known: set[str] = set()
        spoken = {question.id for question in self.questions if question.kind == "voice"}
        for question in self.questions:
            if question.id in known:
                raise ValueError(f"the question {question.id} stands twice")
            if question.when is not None and question.when.question not in known:
                raise ValueError(f"{question.id} depends on a question that comes later")
            if question.when is not None and question.when.question in spoken:
                raise ValueError(f"{question.id} depends on a question that is answered by voice")
            known.add(question.id)
        return self

    def next_question(self, answers: dict[str, str]) -> Question | None:
        """Return the first question that is still to be asked after *answers*, if any."""
        for question in self.questions:
            if question.id in answers:
                continue
            when = question.when
            if when is None or answers.get(when.question) == when.is_:
                return question
        return None

"""The declaration file: questions as data, each with its way of answering."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hotline.documents import Document, Name, Wording

Key = Annotated[str, Field(pattern=r"^[0-9]$")]


class Condition(Document):
    """Ask only when *question* was answered with *is_*."""

    question: Name
    is_: Annotated[str, Field(alias="is")]


class Question(Document):
    """One question; ``digits`` asks for exactly so many, ``voice`` records at most 15 s.

    ``is_danger``: a yes leads to 115 and a person at once.
    """

    id: Name
    kind: Literal["yes_no", "digits", "choice", "voice", "commune"]
    prompt: Wording
    digits: Annotated[int, Field(ge=1, le=12)] | None = None
    choices: dict[Key, Wording] = Field(default_factory=dict)
    optional: bool = False
    when: Condition | None = None
    is_danger: bool = False

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.kind == "digits") != (self.digits is not None):
            raise ValueError("`digits` belongs to the kind digits, and to no other")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("`choices` belong to the kind choice, and to no other")
        return self


class DeclarationDocument(Document):
    """The module: whether it is on, how long answers are kept, and what is asked."""

    enabled: bool = False
    retention_days: Annotated[int, Field(ge=1, le=365)] = 30
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        known: set[str] = set()
        for question in self.questions:
            if question.id in known:
                raise ValueError(f"the question {question.id} stands twice")
            if question.when is not None and question.when.question not in known:
                raise ValueError(f"{question.id} depends on a question that comes later")
            known.add(question.id)
        return self

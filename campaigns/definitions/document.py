"""The campaign document: everything a campaign file says, checked and never changed again."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from campaigns.definitions.values import (
    MAX_SENDER_CHARS,
    AreaCode,
    Body,
    Finding,
    Language,
    Lasting,
    Line,
    Moment,
    NotAdvertising,
    OpenHours,
    Scheme,
    Sender,
    Slug,
    Tag,
    Unordered,
    Whole,
    refuse,
    refuse_all,
)
from campaigns.levels import DEFAULT_SCHEME, level_schemes
from campaigns.local_time import ALL_DAY, Hours
from campaigns.subscribers.topics import EVERYTHING, Topic
from campaigns.texts.encodings import VIETNAMESE, EncodingChoice
from campaigns.texts.slots import slots_in

MAX_DRIFT = 0.2


class MessageClass(StrEnum):
    """Why people are texted; it picks the hours, the caps and who must sign."""

    EMERGENCY = "emergency"
    PUBLIC_INFO = "public_info"


class Mode(StrEnum):
    """Whether it is real; an exercise says so in every text."""

    ACTUAL = "actual"
    EXERCISE = "exercise"


class DecisionChoice(StrEnum):
    """Which decision about an area counts: the one in force, or the next that takes effect."""

    CURRENT = "current"
    ANNOUNCED = "announced"


# Decree 91/2020/NĐ-CP lets advertisers text from 07:00 to 22:00; we ask no more for ourselves.
WIDEST_HOURS: Mapping[MessageClass, Hours] = {
    MessageClass.PUBLIC_INFO: Hours.read("07:00-22:00"),
    MessageClass.EMERGENCY: ALL_DAY,
}
USUAL_HOURS: Mapping[MessageClass, Hours] = {
    MessageClass.PUBLIC_INFO: Hours.read("07:00-21:00"),
    MessageClass.EMERGENCY: ALL_DAY,
}
# The words that begin every text of an exercise; other languages may use any of them.
EXERCISE_WORDS: Mapping[str, tuple[str, ...]] = {
    "vi": ("DIỄN TẬP", "DIEN TAP"),
    "en": ("EXERCISE",),
    "zh": ("演练", "演习"),
}
_ANY_EXERCISE_WORD = tuple(word for words in EXERCISE_WORDS.values() for word in words)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Audience(_Part):
    """Who is texted: everybody of the areas who also fits the rest."""

    areas: Annotated[tuple[AreaCode, ...], Unordered] = Field(
        min_length=1, description="Codes of areas; each includes everything below it."
    )
    scheme: Scheme = Field(
        default=DEFAULT_SCHEME, description="The level scheme the levels belong to."
    )
    levels: Annotated[tuple[Whole, ...] | None, Unordered] = Field(
        default=None,
        min_length=1,
        description="Only areas at one of these levels; left out: at any.",
    )
    decision: DecisionChoice = Field(
        default=DecisionChoice.CURRENT,
        description="current: the level in force; announced: the next one, not yet in force.",
    )
    tags: Annotated[tuple[Tag, ...], Unordered] = Field(
        default=(), description="Only areas or subscribers with one of these tags."
    )
    languages: Annotated[tuple[Language, ...] | None, Unordered] = Field(
        default=None, min_length=1, description="Only subscribers who read one of these languages."
    )

    @field_validator("levels")
    @classmethod
    def _know_levels(
        cls, levels: tuple[int, ...] | None, info: ValidationInfo
    ) -> tuple[int, ...] | None:
        known = level_schemes().get(info.data.get("scheme", ""), {})
        unknown = [level for level in levels or () if known and level not in known]
        if unknown:
            refuse(
                f"scheme {info.data['scheme']} has no level {', '.join(map(str, unknown))}",
                f"Its levels are {', '.join(map(str, known))}",
            )
        return levels


class Window(_Part):
    """When texts may leave: the hours of a day, and the moment after which none does."""

    hours: OpenHours | None = Field(default=None, description="The part of every day, local time.")
    not_after: Moment | None = Field(default=None, description="No text leaves after this moment.")
    lasts: Lasting | None = Field(
        default=None, description="Or: no text leaves later than this after the launch (ISO 8601)."
    )

    @field_validator("lasts")
    @classmethod
    def _end_once(cls, lasts: Lasting | None, info: ValidationInfo) -> Lasting | None:
        if lasts is not None and info.data.get("not_after") is not None:
            refuse("stands beside not_after, and only one of them can hold", "Keep one")
        return lasts


class Budget(_Part):
    """What the campaign may cost."""

    segments: Whole = Field(ge=1, description="At most this many segments over all texts.")


class Figures(_Part):
    """Where the figures in the texts come from."""

    source: Line = Field(description="Who published them, in which document.")
    as_of: Moment = Field(description="The moment up to which they count.")


class CampaignDocument(_Part):
    """One campaign as its authors wrote it; equal content is equal whatever the file looks like."""

    campaign: Slug = Field(description="The slug: a short name in a-z, 0-9 and hyphens.")
    title: Line = Field(max_length=200, description="What operators and approvers call it.")
    issuer: Line = Field(max_length=200, description="The unit that speaks.")
    document: Line = Field(max_length=100, description="The number of the ordering document.")
    class_: Annotated[MessageClass, NotAdvertising] = Field(
        alias="class", description="Picks hours, caps, and the number and roles of signatures."
    )
    mode: Mode = Field(default=Mode.ACTUAL, description="An exercise is said in the text.")
    topic: Topic | None = Field(
        default=None, description="What it is about; whoever stopped texts about that gets none."
    )
    despite_opt_out: Line | None = Field(
        default=None,
        max_length=200,
        description="In an emergency: the law under which people who opted out are texted, too.",
    )
    audience: Audience
    sender: Sender = Field(
        description="The registered sender name.",
        json_schema_extra={"maxLength": MAX_SENDER_CHARS},
    )
    encoding: EncodingChoice = Field(
        default=EncodingChoice.CHEAPEST, description="cheapest drops accents only where that saves."
    )
    window: Annotated[Window, Field(validate_default=True)] = Window()
    texts: dict[Language, Body] = Field(min_length=1, description="One text for each language.")
    budget: Budget | None = None
    drift: float = Field(
        default=0.02,
        ge=0,
        le=MAX_DRIFT,
        allow_inf_nan=False,
        description="The share of the audience that may change after signing.",
    )
    figures: Figures | None = Field(
        default=None, description="Required when a text states figures."
    )
    on_level_change: bool = Field(
        default=False,
        description="Kept for level decisions to draft the campaign; nothing acts on it yet.",
    )

    @property
    def scope(self) -> str:
        """The topic that an opt-out may name, or that of an opt-out from everything."""
        return self.topic.value if self.topic else EVERYTHING

    @property
    def hours(self) -> Hours:
        """The part of every day in which texts may leave."""
        return self.window.hours or USUAL_HOURS[self.class_]

    def expiry(self, launched_at: datetime) -> datetime | None:
        """Return the moment after which no text leaves, if it was launched at *launched_at*."""
        if self.window.lasts is not None:
            return launched_at + self.window.lasts
        return self.window.not_after

    @field_validator("despite_opt_out")
    @classmethod
    def _override_in_emergencies(cls, law: str | None, info: ValidationInfo) -> str | None:
        is_real = info.data.get("mode") is Mode.ACTUAL
        if law and not (is_real and info.data.get("class_") is MessageClass.EMERGENCY):
            refuse(
                "only a real emergency reaches people who opted out",
                "Take despite_opt_out out, or set class: emergency and mode: actual",
            )
        return law

    @field_validator("window")
    @classmethod
    def _keep_hours(cls, window: Window, info: ValidationInfo) -> Window:
        message_class = info.data.get("class_")
        if message_class is None:
            return window
        hours = window.hours or USUAL_HOURS[message_class]
        widest = WIDEST_HOURS[message_class]
        if hours.opens < widest.opens or hours.closes > widest.closes:
            refuse_all(
                [
                    Finding(
                        ("hours",),
                        f"{hours} is wider than {message_class} permits",
                        f"Write hours within {widest}; only an emergency may text at night",
                    )
                ]
            )
        return window.model_copy(update={"hours": hours})

    @field_validator("texts")
    @classmethod
    def _agree(cls, texts: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        audience = info.data.get("audience")
        mode = info.data.get("mode")
        window = info.data.get("window")
        findings = [
            *(_missing_languages(texts, audience) if audience else ()),
            *(_exercise_words(texts, mode) if mode else ()),
            *(_endless(texts) if window and window.not_after is None else ()),
        ]
        if findings:
            refuse_all(findings)
        return texts


def _missing_languages(texts: Mapping[str, str], audience: Audience) -> Iterator[Finding]:
    """Yield each language that is promised a text: those named, or Vietnamese for everybody."""
    for language in audience.languages or (VIETNAMESE,):
        if language not in texts:
            yield Finding(
                (),
                f"there is no text in {language}, which the audience reads",
                f"Add the line {language}: ..., or name other languages in the audience",
            )


def _exercise_words(texts: Mapping[str, str], mode: Mode) -> Iterator[Finding]:
    for language, text in texts.items():
        words = EXERCISE_WORDS.get(language, _ANY_EXERCISE_WORD)
        says_so = text.lstrip("[( ").startswith(_ANY_EXERCISE_WORD)
        if mode is Mode.EXERCISE and not text.lstrip("[( ").startswith(words):
            yield Finding(
                (language,),
                "the campaign is an exercise and the text does not begin by saying so",
                f"Begin it with {' or '.join(words)}",
            )
        elif mode is Mode.ACTUAL and says_so:
            yield Finding(
                (language,),
                "the text says it is an exercise and the campaign is real",
                "Set mode: exercise, or take the word out",
            )


def _endless(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Yield texts that say until when they hold although the window names no moment.

    A duration counts from the launch, so its end is unknown when the text is signed.
    """
    for language, text in texts.items():
        if "until" in slots_in(text):
            yield Finding(
                (language,),
                "the text uses {until} and the window has no not_after",
                "Add window.not_after, or take {until} out of the text",
            )

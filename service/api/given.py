"""What is given: the base of everything a request may hold."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

# Beyond these a moment may have no place in UTC at all; nothing here is so old, or planned so far.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _within_reason(moment: datetime) -> datetime:
    return min(max(moment, _EARLIEST), _LATEST)


class Given(BaseModel):
    """A part of a request; a field that nobody reads is refused, for it may be a slip."""

    model_config = ConfigDict(extra="forbid")


# A line of text as people write it: no control character, which no database or screen likes.
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Text of several lines; a NUL is what no database keeps.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
# A moment with its offset; one that lies centuries away stands for the nearest that does not.
Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
# An area, by its official code.
Code = Annotated[str, Field(min_length=1, max_length=16)]

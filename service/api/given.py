"""What is given: the base of everything a request may hold."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Given(BaseModel):
    """A part of a request; a field that nobody reads is refused, for it may be a slip."""

    model_config = ConfigDict(extra="forbid")


# A line of text as people write it: no control character, which no database or screen likes.
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Text of several lines; a NUL is what no database keeps.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
# An area, by its official code.
Code = Annotated[str, Field(min_length=1, max_length=16)]

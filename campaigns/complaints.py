"""Complaints: what is wrong in a file that people write, line by line, and what people object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong in a campaign file: where it stands, what it is, how to mend it.

    ``line`` counts from 1 and is 0 where the fault is an absence in the whole file.
    """

    line: int
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "file"
        return f"{where}, {self.field}: {self.problem}. {self.remedy}"


def as_sentence(said: str) -> str:
    """Return what somebody *said* with a full stop, unless it ends in a mark of its own."""
    said = said.strip()
    return said if said.endswith((".", "!", "?", "…", "。")) else f"{said}."

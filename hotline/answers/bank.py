"""The bank: every approved answer in memory, asked for what is true at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.figures import Delivered, choose_figures, latest_figures
from hotline.answers.document import AnswerDocument
from hotline.answers.versions import AnswerVersion, approved_versions

# An answer hands on to its successor at most this often; a circle would never end.
_LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Approved:
    """One approved version, ready to be spoken, the day's figures that it quotes filled in."""

    code: str
    version: int
    topic: str
    owner: str
    approved_at: datetime
    document: AnswerDocument
    quotes_figures: bool = False


@dataclass(frozen=True, slots=True)
class AnswerBank:
    """Approved versions by code, oldest approval first, and the figures that they may quote."""

    versions: Mapping[str, tuple[Approved, ...]] = field(default_factory=dict)
    figures: tuple[Delivered, ...] = ()

    @classmethod
    def of(cls, versions: Iterable[AnswerVersion], figures: Iterable[Delivered]) -> "AnswerBank":
        """Build the bank from rows; those that nobody approved are left out."""
        found: dict[str, tuple[Approved, ...]] = {}
        for row in versions:
            if row.approved_at is None:
                continue
            one = Approved(row.code, row.version, row.topic, row.owner, row.approved_at, row.answer)
            found[row.code] = (*found.get(row.code, ()), one)
        return cls(found, tuple(figures))

    def find(self, code: str, *, at: datetime) -> Approved | None:
        """Return what is true under *code* at the moment *at*, following successors, or None.

        The newest approved version rules alone: where it does not cover *at*, an older one that
        does is not spoken in its place, since the newer was written to correct it. One that
        quotes the day's figures is not spoken while they are missing.
        """
        found = self._find(code, at=at)
        return self._quoting(found, at=at) if found and found.document.slots else found

    def _quoting(self, found: Approved, *, at: datetime) -> Approved | None:
        figures = choose_figures(self.figures, at=at)
        document = found.document.quoting(figures) if figures else None
        return replace(found, document=document, quotes_figures=True) if document else None

    def _find(self, code: str, *, at: datetime) -> Approved | None:
        for _ in range(_LONGEST_CHAIN):
            ruling = self._ruling(code, at=at)
            if ruling is None:
                return None
            if ruling.document.valid.covers(at):
                return ruling
            until = ruling.document.valid.until
            if until is None or at < until or ruling.document.successor is None:
                return None
            code = ruling.document.successor
        return None

    def _ruling(self, code: str, *, at: datetime) -> Approved | None:
        """Return the newest version approved by *at* whose validity has begun, if there is one.

        A version that only begins later, approved ahead of time, does not silence today's.
        """
        known = [
            one
            for one in self.versions.get(code, ())
            if one.approved_at <= at and one.document.valid.from_ <= at
        ]
        return max(known, key=lambda one: one.version) if known else None


def load_bank(session: Session) -> AnswerBank:
    """Read every approved answer, and the figures that answers may quote."""
    return AnswerBank.of(approved_versions(session), latest_figures(session))

"""Recordings: prompts spoken by people, by utterance and language, kept as files by digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId

# Who added what a machine spoke for a demonstration; nobody's login is written so.
PLACEHOLDER = "(placeholder)"


class Recording(Base):
    """One sound file for one utterance in one language; the newest counts.

    ``spoken_of`` is the digest of the text it was recorded from: once that text changes, the
    recording no longer says what is true and is passed over.
    """

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    utterance: Mapped[str]
    language: Mapped[str]
    spoken_of: Mapped[str]
    digest: Mapped[str]
    seconds: Mapped[float]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something fixed that is said: its name, and its text by language."""

    name: str
    texts: Mapping[str, str]

    def digest_in(self, language: str) -> str:
        """Return the digest of what a recording in *language* says.

        Languages that are only spoken are recorded from the Vietnamese text.
        """
        return digest_of(self.texts.get(language) or self.texts["vi"])


def digest_of(text: str) -> str:
    """Return what a recording remembers of the text it was made from."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def newest_recordings(
    session: Session, *, by_people: bool = False
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (spoken_of, digest) of the newest recording by utterance and language.

    Only those *by_people* leaves out what a machine spoke in their place.
    """
    statement = select(
        Recording.utterance, Recording.language, Recording.spoken_of, Recording.digest
    ).order_by(Recording.id)
    if by_people:
        statement = statement.where(Recording.added_by != PLACEHOLDER)
    rows = session.execute(statement)
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}

"""A wish: one text being taken in, what it says, who wrote it, and how they are answered."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.inbound.correspondents import Correspondent
from hotline.inbound.replies import answer, confirm, write_reply
from hotline.inbound.understanding import Understood
from hotline.library import Library


@dataclass(frozen=True, slots=True)
class Desk:
    """What every text is answered from: the library, and the number to ask a person at."""

    library: Library | None
    hotline: str
    sealer: Sealer


@dataclass(frozen=True, slots=True, repr=False)
class Wish:
    """What somebody with a number has written; ``row_id`` is the row that keeps it."""

    session: Session
    row_id: int
    sid: str
    words: str
    asked: str
    understood: Understood
    to: Correspondent
    desk: Desk
    now: datetime

    @property
    def evidence(self) -> str:
        """The keyed fingerprint of the text itself, which proves what was wished."""
        return self.desk.sealer.evidence("text", self.sid, self.words)

    @property
    def language(self) -> str:
        return self.to.language

    def write(self, name: str, **slots: str) -> str:
        """Return one of the fixed replies in the writer's language."""
        return write_reply(name, self.language, **slots)

    def reply(self, body: str, *, subject: str) -> bool:
        """Owe *body* as the answer; return False where there is none to be given."""
        return answer(self.session, self.to, body, subject=subject, asked=self.asked, now=self.now)

    def confirm(self, name: str, **slots: str) -> bool:
        """Owe the confirmation *name* of a change; return False where there is none to be given."""
        return confirm(self.session, self.to, name, now=self.now, **slots)

    def unanswered(self) -> Self:
        """Return the same from somebody whom the carrier has answered already."""
        return replace(self, to=replace(self.to, may_be_answered=False))

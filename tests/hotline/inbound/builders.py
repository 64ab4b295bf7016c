"""Builders for texts that come in: somebody with a telephone who writes."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.caller_texts import CallerText
from hotline.inbound.taking import Incoming, take_in_text
from hotline.inbound.wishes import Desk
from hotline.inbound_texts import Meaning
from hotline.library import Library
from tests.builders import NOON, a_phone
from tests.hotline.builders import a_library, an_answer

HOTLINE = "1800 1119"
OWN_NUMBER = "+842053800000"
_sid = count(1)


def a_desk_of_answers(sealer: Sealer, library: Library | None = None) -> Desk:
    """Return a desk whose topic of vaccination has two answers that are true at NOON."""
    answers = (an_answer("V01"), an_answer("V06"), an_answer("nq128-3", text="biện pháp mức ba"))
    return Desk(library or a_library(*answers), HOTLINE, sealer)


@dataclass
class Writer:
    """Somebody who writes to us, and what they are owed for it."""

    session: Session
    sealer: Sealer
    desk: Desk
    number: str = field(default_factory=a_phone)
    now: datetime = NOON

    def write(self, words: str, *, sid: str = "", was_answered: Meaning | None = None) -> str:
        """Write *words*; return the body of the reply that is owed, ``""`` for none."""
        before = self.owed()
        is_owed = take_in_text(
            self.session,
            Incoming(sid or f"SM{next(_sid):032x}", self.number, OWN_NUMBER, words, was_answered),
            desk=self.desk,
            now=self.now,
        )
        after = self.owed()
        assert is_owed == (len(after) == len(before) + 1)
        return after[-1] if is_owed else ""

    def owed(self) -> list[str]:
        fingerprint = self.sealer.fingerprint(self.number)
        texts = select(CallerText.body).where(CallerText.fingerprint == fingerprint)
        return list(self.session.scalars(texts.order_by(CallerText.id)))

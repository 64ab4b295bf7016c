"""The rows of texts that came in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.base import Base, BigId


class Meaning(StrEnum):
    """What a text was taken for.

    ``OTHER`` goes to the inbox. ``MACHINE`` came from no number that could be answered, ``ECHO``
    is a text of our own come back: nobody is answered, so that two machines never talk.
    """

    STOP = "stop"
    START = "start"
    HELP = "help"
    ANSWER = "answer"
    LEVEL = "level"
    OTHER = "other"
    MACHINE = "machine"
    ECHO = "echo"


class InboundText(Base):
    """One text that came in, by the carrier's name for it: whatever it asks for is done once.

    ``words`` are sealed, as the number is, and emptied when their retention ends; ``asked`` is
    the keyed fingerprint by which the same question is known again.
    """

    __tablename__ = "inbound_texts"
    __table_args__ = (Index(None, "fingerprint", "received_at"), Index(None, "received_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    words: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked: Mapped[str] = mapped_column(String(32))
    meaning: Mapped[Meaning]
    received_at: Mapped[datetime]
    ticket_id: Mapped[int | None] = mapped_column(
        ForeignKey("tickets.id", ondelete="SET NULL"), index=True, default=None
    )

"""The rows of plans and of the signatures under them."""

import zlib
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from campaigns.base import Base, BigId
from campaigns.people import Person
from campaigns.revisions import Revision

LONGEST_DOCUMENT = 200
LONGEST_REASON = 1000


class Plan(Base):
    """What one revision would have done to the people there were at one moment.

    ``digest`` covers the document, every rendered text and the audience: it is what people sign.
    ``audience`` is a compressed bitmap of subscriber ids, so that drift is counted, not guessed.
    """

    __tablename__ = "plans"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    digest: Mapped[str] = mapped_column(index=True)
    content_digest: Mapped[str]
    recipients: Mapped[int]
    audience: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    summary: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    revision: Mapped[Revision] = relationship(lazy="joined", init=False)

    @property
    def members(self) -> int:
        """The audience as a number whose bit *n* says whether subscriber *n* belongs."""
        return int.from_bytes(zlib.decompress(self.audience), "little")


class Signature(Base):
    """One person's name under one plan; the agency is that of the day of signing.

    Who signs for the steering committee names its ``document`` and a ``reason``.
    """

    __tablename__ = "signatures"
    __table_args__ = (UniqueConstraint("plan_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    agency: Mapped[str]
    roles: Mapped[str]
    signed_at: Mapped[datetime]
    document: Mapped[str] = mapped_column(String(LONGEST_DOCUMENT), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    person: Mapped[Person] = relationship(lazy="joined", init=False)


class Objection(Base):
    """One plan sent back with a reason; ``is_final`` rejects its campaign in every revision."""

    __tablename__ = "objections"
    __table_args__ = (UniqueConstraint("plan_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    agency: Mapped[str] = mapped_column(init=False)
    is_final: Mapped[bool] = mapped_column(init=False)
    reason: Mapped[str] = mapped_column(Text, init=False)
    objected_at: Mapped[datetime] = mapped_column(init=False)
    person: Mapped[Person] = relationship(lazy="joined", init=False)

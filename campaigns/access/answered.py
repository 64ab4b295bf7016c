"""Answered requests: what was said to a request that may come again, so that it is done once."""

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.bulk import insert_new
from campaigns.people import Person

# Clients that try again do so within minutes; whoever was away for a night still finds it.
KEPT_FOR = timedelta(days=2)
LONGEST_KEY = 128


class AnsweredRequest(Base):
    """One person's request under one key of their own; ``asked`` is the digest of what it said.

    The row is written in the transaction that carries the request out, so there is an answer if
    and only if it was done.
    """

    __tablename__ = "answered_requests"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Person.id))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    asked: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int]
    said: Mapped[bytes] = mapped_column(LargeBinary)


def claim_request(
    session: Session, person: Person, key: str, *, asked: str, now: datetime
) -> AnsweredRequest | None:
    """Take *key* for a request; return None when it is free, else the request it stands for.

    Where the same request is being carried out at this moment, this waits for its end.
    """
    values = {"person_id": person.id, "key": key, "asked": asked, "asked_at": now}
    taken = session.scalar(
        insert_new(session, AnsweredRequest)
        .values(**values, status=0, said=b"")
        .returning(AnsweredRequest.id)
    )
    return None if taken is not None else session.scalars(_of(person, key)).one()


def keep_answer(session: Session, person: Person, key: str, *, status: int, said: bytes) -> None:
    """Keep what was said to the request that took *key*."""
    row = session.scalars(_of(person, key)).one()
    row.status, row.said = status, said


def forget_answered(session: Session, *, now: datetime) -> None:
    """Delete the answers that nobody will ask for again."""
    session.execute(
        delete(AnsweredRequest).where(AnsweredRequest.asked_at < now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )


def _of(person: Person, key: str) -> Select[AnsweredRequest]:
    return select(AnsweredRequest).where(
        AnsweredRequest.person_id == person.id, AnsweredRequest.key == key
    )

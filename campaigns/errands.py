"""Errands: requests that would take long, carried out by a worker for whoever sent them."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.audit import Actor, record
from campaigns.base import LARGEST_ID, Base, BigId
from campaigns.bulk import change
from campaigns.errors import UnknownErrandError
from campaigns.people import Person

LONGEST_SUBJECT = 80
# Idle workers may note the same one before one of them holds it, so there are more than would do.
MOST_ATTEMPTS = 10
# Whoever asked looks within minutes; whoever was away for some days still finds it.
KEPT_FOR = timedelta(days=7)


class ErrandKind(StrEnum):
    """What is asked for: a campaign's plan submitted, or a plan launched."""

    SUBMIT = "submit"
    LAUNCH = "launch"


class ErrandState(StrEnum):
    """How far an errand is; DONE and FAILED are for good."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_OPEN = (ErrandState.QUEUED, ErrandState.RUNNING)


class Errand(Base):
    """One request, by whom and from where, by which key or session; ``subject`` is whose.

    In the end ``made`` is the number of the plan or broadcast that came of it, or ``refused`` the
    kind of problem and ``said`` its words in JSON. ``attempts`` counts the workers that took it.
    """

    __tablename__ = "errands"
    __table_args__ = (Index(None, "state", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    kind: Mapped[ErrandKind]
    subject: Mapped[str] = mapped_column(String(LONGEST_SUBJECT))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    source: Mapped[str] = mapped_column(String(120))
    # Of these one is given. Sessions are forgotten some day, so these are numbers and no keys.
    key_id: Mapped[int | None] = mapped_column(BigInteger)
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    state: Mapped[ErrandState] = mapped_column(default=ErrandState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    made: Mapped[int | None] = mapped_column(BigInteger, default=None)
    refused: Mapped[str] = mapped_column(String(60), default="")
    said: Mapped[str] = mapped_column(Text, default="")
    person: Mapped[Person] = relationship(lazy="joined", init=False)

    @property
    def actor(self) -> Actor:
        """In whose name it is done."""
        return Actor(self.person.login, self.source)

    def end_with(self, made: int, *, now: datetime) -> None:
        """Say what came of it."""
        self.state, self.made, self.ended_at = ErrandState.DONE, made, now

    def fail(self, refused: str, said: str, *, now: datetime) -> None:
        """Say why nothing came of it."""
        self.state, self.ended_at = ErrandState.FAILED, now
        self.refused, self.said = refused, said


def keep_errand(session: Session, errand: Errand) -> Errand:
    """Keep *errand* until a worker carries it out."""
    session.add(errand)
    session.flush()
    given = {"kind": errand.kind.value, "what": errand.subject}
    record(session, "errand.asked", f"errand:{errand.id}", now=errand.asked_at, **given)
    return errand


def get_errand(session: Session, number: int, kind: ErrandKind) -> Errand:
    """Return an errand of this *kind*, or raise UnknownErrandError."""
    errand = session.get(Errand, min(number, LARGEST_ID))
    if errand is None or errand.kind is not kind:
        raise UnknownErrandError("There is no such errand. Nothing was changed.")
    return errand


def take_errand(session: Session) -> int | None:
    """Return the number of the next errand that no worker carries out, and note the attempt.

    One that is running without being held is of a worker that has died.
    """
    errand = session.scalar(
        select(Errand)
        .where(Errand.state.in_(_OPEN))
        .order_by(Errand.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Errand)
    )
    if errand is None:
        return None
    errand.state = ErrandState.RUNNING
    errand.attempts += 1
    return errand.id


def hold_errand(session: Session, number: int) -> Errand | None:
    """Hold an errand until the transaction ends; None when another worker does, or it is over.

    The database lets go of what a killed worker held, so no lease has to run out.
    """
    return session.scalar(
        select(Errand)
        .where(Errand.id == number, Errand.state.in_(_OPEN))
        .with_for_update(skip_locked=True, of=Errand)
    )


def withdraw_launches(session: Session, *, now: datetime) -> int:
    """Let no launch happen any more that was asked for and is not under way; return how many."""
    waiting = session.scalars(
        select(Errand.id)
        .where(Errand.kind == ErrandKind.LAUNCH, Errand.state.in_(_OPEN))
        .where(Errand.withdrawn_at.is_(None))
        .with_for_update(skip_locked=True)
    ).all()
    return change(session, update(Errand).where(Errand.id.in_(waiting)).values(withdrawn_at=now))


def forget_errands(session: Session, *, now: datetime) -> None:
    """Delete errands after their time."""
    session.execute(
        delete(Errand).where(Errand.ended_at < now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )

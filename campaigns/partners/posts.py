"""Posts: batches of receipts that partners have posted, and what was answered, once for each."""

from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.bulk import insert_new
from campaigns.partners.models import Partner

# A partner tries again for three days, as we do; so long an id stands for one batch.
KEPT_FOR = timedelta(days=4)
LONGEST_ID = 128


class PartnerPost(Base):
    """One batch under its partner's own id; ``asked`` is the digest of what was posted.

    Written in the transaction that takes the receipts in, so there is an answer if and only if
    they were. There is no foreign key: checking it would hold the partner's row before deliveries
    are locked, and that is the wrong order.
    """

    __tablename__ = "partner_posts"

    partner_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    message_id: Mapped[str] = mapped_column(String(LONGEST_ID), primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))
    posted_at: Mapped[datetime] = mapped_column(index=True)
    said: Mapped[bytes] = mapped_column(LargeBinary)


def claim_post(
    session: Session, partner: Partner, message_id: str, *, asked: str, now: datetime
) -> PartnerPost | None:
    """Take *message_id* for a batch; return None when it is free, else the batch it stands for.

    Where the same batch is being taken in at this moment, this waits for its end.
    """
    values = {"partner_id": partner.id, "message_id": message_id, "asked": asked, "posted_at": now}
    take = insert_new(session, PartnerPost).values(**values, said=b"")
    if session.scalar(take.returning(PartnerPost.partner_id)) is not None:
        return None
    known = select(PartnerPost).where(
        PartnerPost.partner_id == partner.id, PartnerPost.message_id == message_id
    )
    return session.scalars(known).one()


def keep_post(session: Session, partner: Partner, message_id: str, *, said: bytes) -> None:
    """Keep what was said to the batch that took *message_id*."""
    session.get_one(PartnerPost, (partner.id, message_id)).said = said


def forget_posts(session: Session, *, now: datetime) -> None:
    """Delete the answers that nobody will ask for again."""
    session.execute(
        delete(PartnerPost).where(PartnerPost.posted_at < now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )

"""Acknowledgements: what a partner says it has read, and which settlements it holds for right."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base
from campaigns.bulk import change, insert_new
from campaigns.partners.errors import AcknowledgementRefusedError, UnknownSettlementError
from campaigns.partners.models import Partner
from campaigns.partners.settlements import PartnerSettlement, find_settlement


class Acknowledgement(Base):
    """That a partner has seen one settlement, to the letter; append-only, once for each."""

    __tablename__ = "acknowledgements"

    settlement_id: Mapped[int] = mapped_column(
        ForeignKey("partner_settlements.id"), primary_key=True
    )
    source: Mapped[str] = mapped_column(String(120))
    acknowledged_at: Mapped[datetime]


def get_settlement(session: Session, partner: Partner, day: date) -> PartnerSettlement:
    """Return *partner*'s settlement of *day*, or raise UnknownSettlementError."""
    found = find_settlement(session, partner, day)
    if found is None:
        raise UnknownSettlementError(
            f"There is no settlement of {day} with {partner.name}. Nothing was changed. A day is "
            "settled at 01:00 of the next; see which there are in the list of reports."
        )
    return found


def acknowledge_settlement(
    session: Session, partner: Partner, day: date, *, digest: str, source: str, now: datetime
) -> datetime:
    """Note that *partner* has *day*'s settlement with this *digest*; return since when.

    Saying it again changes nothing. Raises UnknownSettlementError, and
    AcknowledgementRefusedError where the digest is another: then the file was not read as it is.
    """
    settlement = get_settlement(session, partner, day)
    if digest.strip().lower() != settlement.digest:
        raise AcknowledgementRefusedError(
            f"The settlement of {day} has another digest. Nothing was acknowledged. Fetch the file "
            "again: its digest is the SHA-256 of the file in JSON, byte for byte."
        )
    values = {"settlement_id": settlement.id, "source": source, "acknowledged_at": now}
    added = insert_new(session, Acknowledgement).values(values)
    if session.scalar(added.returning(Acknowledgement.settlement_id)) is not None:
        record(
            session,
            "partner.acknowledged",
            f"partner:{partner.name}",
            now=now,
            day=day.isoformat(),
            digest=settlement.digest,
        )
    return session.get_one(Acknowledgement, settlement.id).acknowledged_at


def acknowledged_settlements(session: Session, partner: Partner) -> dict[int, datetime]:
    """Return when each acknowledged settlement with *partner* was, by the settlement's id."""
    found = session.execute(
        select(Acknowledgement.settlement_id, Acknowledgement.acknowledged_at)
        .join(PartnerSettlement, PartnerSettlement.id == Acknowledgement.settlement_id)
        .where(PartnerSettlement.partner_id == partner.id)
    )
    return {row[0]: row[1] for row in found}


def acknowledge_receipts(session: Session, partner: Partner, *, seq: int, now: datetime) -> int:
    """Note that *partner* has read its feed up to *seq*; return how far it has read by now.

    It only ever moves forward. Raises AcknowledgementRefusedError beyond the feed's end.
    """
    newest = session.scalar(select(Partner.last_seq).where(Partner.id == partner.id)) or 0
    if seq > newest:
        raise AcknowledgementRefusedError(
            f"Entry {seq} has not been given to anybody yet: the last is {newest}. Nothing was "
            "acknowledged. Send the number of the last entry that you have read."
        )
    change(
        session,
        update(Partner)
        .where(Partner.id == partner.id, Partner.acknowledged_seq < seq)
        .values(acknowledged_seq=seq, acknowledged_at=now),
    )
    return session.scalar(select(Partner.acknowledged_seq).where(Partner.id == partner.id)) or 0

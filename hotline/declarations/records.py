"""Declarations as rows: sealed while they are kept, and deleted when their time is over."""

import json
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.base import Base, BigId
from campaigns.sealing import Sealer
from hotline.call_records import Call
from hotline.errors import UnknownTicketError
from hotline.references import free_reference


class Declaration(Base):
    """One person's declaration; ``sealed`` holds the answers by question, as sealed JSON.

    Health data is sensitive (Law 91/2025/QH15): nothing of it is kept in the clear, and the row
    is deleted at ``delete_at``.
    """

    __tablename__ = "declarations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    is_complete: Mapped[bool] = mapped_column(default=False)
    begun_at: Mapped[datetime]
    delete_at: Mapped[datetime] = mapped_column(index=True)

    def read(self, sealer: Sealer) -> dict[str, str]:
        """Return the answers by question."""
        answers: dict[str, str] = json.loads(sealer.unseal_bytes(self.sealed))
        return answers

    def write(self, answers: dict[str, str], sealer: Sealer) -> None:
        """Keep *answers*, sealed anew."""
        self.sealed = sealer.seal_bytes(json.dumps(answers).encode())


def begin_declaration(
    session: Session, call_id: int, *, keep_for: timedelta, sealer: Sealer, now: datetime
) -> Declaration:
    """Begin an empty declaration, which is deleted after *keep_for* whatever becomes of it."""
    declaration = Declaration(
        reference=free_reference(session, Declaration.reference),
        call_id=call_id,
        sealed=sealer.seal_bytes(b"{}"),
        begun_at=now,
        delete_at=now + keep_for,
    )
    session.add(declaration)
    session.flush()
    return declaration


def get_declaration(session: Session, reference: str) -> Declaration:
    """Return the declaration with *reference*, or raise UnknownTicketError."""
    found = session.scalar(select(Declaration).where(Declaration.reference == reference))
    if found is None:
        raise UnknownTicketError(
            f"No declaration has the reference {reference}; it may have been deleted in time. "
            "See `loa hotline declarations list`."
        )
    return found


def list_declarations(session: Session, *, limit: int) -> list[Declaration]:
    """Return the newest declarations, without what is in them."""
    return list(session.scalars(select(Declaration).order_by(Declaration.id.desc()).limit(limit)))


def delete_expired(session: Session, *, now: datetime) -> None:
    """Delete every declaration whose time is over."""
    session.execute(delete(Declaration).where(Declaration.delete_at <= now))

"""Audit: who did what, when and from where, in a chain that cannot be rewritten unseen."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, String, Text, event, insert, select, update
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from campaigns.base import Base
from campaigns.bulk import change
from campaigns.phones import hide_numbers

# What the first entry follows on.
BEGINNING = "0" * 64
_ACTOR = "loa_actor"
_PENDING = "loa_audit_pending"
_READ_AT_ONCE = 1000
# What an entry's digest covers, in this order.
_LINKED = (
    "number",
    "at",
    "actor",
    "source",
    "action",
    "subject",
    "detail",
    "before",
    "after",
    "previous",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by login, and through what: ``command line``, ``api key 3 from 10.0.0.7``."""

    login: str
    source: str


# Jobs, and whatever runs before anybody has said who they are.
LOA = Actor("", "loa")


class AuditEntry(Base):
    """One thing done; ``digest`` covers everything in the row and the digest before it.

    ``before`` and ``after`` are digests of what was changed, ``detail`` is JSON. No telephone
    number is in any of them: a digest of one could be found by trying all numbers.
    """

    __tablename__ = "audit_entries"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    detail: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(String(64))
    after: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64), unique=True)
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the chain, in the one row that every writer locks."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))


_LAST = select(AuditHead.number).where(AuditHead.id == 1)


@dataclass(frozen=True, slots=True)
class Chain:
    """What a look at the whole chain found; ``broken_at`` is the first entry that does not fit."""

    entries: int
    digest: str
    broken_at: int | None


def acting_as(actor: Actor) -> dict[str, object]:
    """Return the `Session.info` that says who is behind everything a session records."""
    return {_ACTOR: actor}


def act_as(session: Session, actor: Actor) -> None:
    """Say who is behind everything that this session will record."""
    session.info.update(acting_as(actor))


def actor_of(session: Session) -> Actor:
    actor = session.info.get(_ACTOR, LOA)
    return actor if isinstance(actor, Actor) else LOA


def record(
    session: Session,
    action: str,
    subject: str,
    *,
    now: datetime,
    before: object = None,
    after: object = None,
    **detail: object,
) -> None:
    """Note what the session's actor has just done; it is kept if and only if the deed is.

    The entry is appended when the transaction commits: until its end no other transaction can
    append, which is what keeps the chain from forking, and so nobody waits for long work.
    """
    actor = actor_of(session)
    row = {
        "at": now,
        "actor": actor.login,
        "source": actor.source,
        "action": action,
        "subject": subject,
        "detail": _written(_without_numbers(detail)),
        "before": _digest_of(before),
        "after": _digest_of(after),
    }
    if not session.in_transaction():
        session.connection()
    within = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(_PENDING, []).append((within, row))


def last_deed(session: Session | Connection) -> int:
    """Return the number of the last entry: while it is the same, nobody has done anything."""
    return session.scalar(_LAST) or 0


def list_entries(session: Session, *, after: int, limit: int) -> list[AuditEntry]:
    """Return up to *limit* entries that follow entry *after*, in order."""
    return list(
        session.scalars(
            select(AuditEntry)
            .where(AuditEntry.number > after)
            .order_by(AuditEntry.number)
            .limit(limit)
        )
    )


def export_entries(session: Session, *, after: int) -> Iterator[str]:
    """Yield every entry that follows entry *after* as one line of JSON, for an auditor.

    ``digest`` is the SHA-256 of the other values in this order, as a JSON array without blanks,
    in UTF-8; so a reader with nothing but the file can follow the chain.
    """
    while entries := list_entries(session, after=after, limit=_READ_AT_ONCE):
        for entry in entries:
            row = {name: getattr(entry, name) for name in _LINKED}
            yield _in_order(row | {"digest": entry.digest}) + "\n"
        after = entries[-1].number
        session.expunge_all()


def verify_chain(session: Session) -> Chain:
    """Follow the chain from its first entry to its head.

    Any change, removal or insertion shows, but for one: who can write to the database can cut
    off the end and mend the head. Against that, write down the digest that `loa db check` prints.
    """
    number, digest = 0, BEGINNING
    while True:
        entries = list_entries(session, after=number, limit=_READ_AT_ONCE)
        for entry in entries:
            row = {name: getattr(entry, name) for name in _LINKED}
            if entry.number != number + 1 or entry.previous != digest or _link(row) != entry.digest:
                return Chain(number, digest, number + 1)
            number, digest = entry.number, entry.digest
        session.expunge_all()
        if len(entries) < _READ_AT_ONCE:
            break
    head = session.get(AuditHead, 1)
    is_whole = head is not None and (head.number, head.digest) == (number, digest)
    return Chain(number, digest, None if is_whole else number + 1)


@event.listens_for(Session, "before_commit")
def _append_pending(session: Session) -> None:
    """Lock the end of the chain and append what the transaction has done, in order."""
    pending = session.info.pop(_PENDING, None)
    if not pending:
        return
    session.flush()
    number, digest = session.execute(
        select(AuditHead.number, AuditHead.digest).where(AuditHead.id == 1).with_for_update()
    ).one()
    rows = []
    for _, row in pending:
        number += 1
        linked = row | {"number": number, "previous": digest}
        digest = _link(linked)
        rows.append(linked | {"digest": digest})
    session.execute(insert(AuditEntry), rows)
    change(session, update(AuditHead).where(AuditHead.id == 1).values(number=number, digest=digest))


@event.listens_for(Session, "after_soft_rollback")
def _forget_undone(session: Session, undone: SessionTransaction) -> None:
    """Forget the entries of what was rolled back; what was done outside of it stays."""
    pending = session.info.get(_PENDING)
    if pending:
        session.info[_PENDING] = [each for each in pending if each[0] is not undone]


def _link(row: Mapping[str, object]) -> str:
    return hashlib.sha256(_written([row[name] for name in _LINKED]).encode()).hexdigest()


def _digest_of(state: object) -> str:
    return "" if state is None else hashlib.sha256(_written(state).encode()).hexdigest()


def _written(value: object) -> str:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
    )


def _without_numbers(value: object) -> object:
    """Return *value* with every number in its words hidden; whoever records should have done so."""
    match value:
        case str():
            return hide_numbers(value)
        case Mapping():
            return {name: _without_numbers(each) for name, each in value.items()}
        case list() | tuple():
            return [_without_numbers(each) for each in value]
        case _:
            return value


def _in_order(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

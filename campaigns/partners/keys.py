"""Partner keys: what a partner's program shows, bound to the partner and to what it is for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.access.keys import OVERLAP, USUAL_LIFE, require_bearable_life
from campaigns.access.shown_once import digest_of, draw_secret, is_proven, number_in, write
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import change
from campaigns.errors import KeyRefusedError, UnknownKeyError
from campaigns.partners.accounts import require_open
from campaigns.partners.models import Partner

PREFIX = "loap"
# A partner changes its programs with one key and its successor; a third would be forgotten.
MOST_VALID = 2
_NOTED_EVERY = timedelta(minutes=1)


class PartnerScope(StrEnum):
    """One thing that a partner's program may do, always only with what is the partner's own."""

    RECEIPTS_READ = "receipts.read"
    RECEIPTS_WRITE = "receipts.write"
    REPORTS_READ = "reports.read"
    REPORTS_ACKNOWLEDGE = "reports.acknowledge"
    OPTOUTS_WRITE = "optouts.write"
    ORDERS_CARRY_OUT = "orders.carry_out"


class PartnerKey(Base):
    """One key; only the SHA-256 of its 256 random bits is kept, which nobody can turn back."""

    __tablename__ = "partner_keys"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    partner: Mapped[Partner] = relationship(lazy="joined", init=False)

    @property
    def scope_set(self) -> frozenset[PartnerScope]:
        return frozenset(PartnerScope(scope) for scope in self.scopes.split())

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True, repr=False)
class NewPartnerKey:
    """A key just made, and its text, which is shown once and kept nowhere."""

    key: PartnerKey
    text: str


def add_partner_key(
    session: Session,
    partner: Partner,
    *,
    scopes: Collection[PartnerScope] = (),
    now: datetime,
    expires_at: datetime | None = None,
) -> NewPartnerKey:
    """Make a key for *partner*'s programs; without *scopes* it may do all that a partner may.

    Raises PartnerRefusedError for an account that has ended, KeyRefusedError when two keys are
    valid already and for a life of more than 400 days.
    """
    ends = expires_at or now + USUAL_LIFE
    _require_sane(session, partner, ends=ends, now=now)
    secret = draw_secret()
    key = PartnerKey(
        partner_id=partner.id,
        digest=digest_of(secret),
        scopes=" ".join(sorted(scopes or PartnerScope)),
        created_at=now,
        expires_at=ends,
    )
    session.add(key)
    session.flush()
    session.refresh(key)
    record(
        session,
        "partner.key.added",
        f"partner:{partner.name}",
        now=now,
        key=key.id,
        scopes=key.scopes,
        expires_at=ends,
    )
    return NewPartnerKey(key, write(PREFIX, key.id, secret))


def _require_sane(session: Session, partner: Partner, *, ends: datetime, now: datetime) -> None:
    require_open(partner)
    require_bearable_life(ends=ends, now=now)
    if len(valid_keys_of(session, partner, now=now)) >= MOST_VALID:
        raise KeyRefusedError(
            f"{partner.name} has {MOST_VALID} valid keys already. Nothing was made. Revoke the one "
            "that is no longer used first."
        )


def rotate_partner_key(session: Session, partner: Partner, *, now: datetime) -> NewPartnerKey:
    """Make a successor of *partner*'s newest valid key, or its first; the old one ends in a week.

    Raises what `add_partner_key` raises: while two are valid there is no third.
    """
    before = valid_keys_of(session, partner, now=now)
    newest = before[-1] if before else None
    new = add_partner_key(session, partner, scopes=newest.scope_set if newest else (), now=now)
    if newest is not None:
        newest.expires_at = min(newest.expires_at, now + OVERLAP)
    return new


def revoke_partner_key(session: Session, key_id: int, *, now: datetime) -> PartnerKey:
    """End a key at once; revoking it again changes nothing. Raises UnknownKeyError."""
    key = session.get(PartnerKey, key_id)
    if key is None:
        raise UnknownKeyError(
            f"There is no partner's key {key_id}. Nothing was changed. See `loa partners status`."
        )
    if key.revoked_at is None:
        key.revoked_at = now
        record(session, "partner.key.revoked", f"partner:{key.partner.name}", now=now, key=key.id)
    return key


def valid_keys_of(session: Session, partner: Partner, *, now: datetime) -> list[PartnerKey]:
    """Return *partner*'s keys that open something now, the oldest first."""
    return [key for key in keys_of(session, partner) if key.is_valid(now)]


def keys_of(session: Session, partner: Partner) -> list[PartnerKey]:
    return list(
        session.scalars(
            select(PartnerKey).where(PartnerKey.partner_id == partner.id).order_by(PartnerKey.id)
        )
    )


def all_partner_keys(session: Session) -> Mapping[int, list[PartnerKey]]:
    """Return all partners' keys, the oldest first, by the partner's number."""
    found: dict[int, list[PartnerKey]] = {}
    for one in session.scalars(select(PartnerKey).order_by(PartnerKey.id)):
        found.setdefault(one.partner_id, []).append(one)
    return found


def find_valid_partner_key(session: Session, text: str, *, now: datetime) -> PartnerKey | None:
    """Return the key that *text* is, if neither it nor its partner's account has ended."""
    number = number_in(text, prefix=PREFIX)
    key = session.get(PartnerKey, number) if number is not None else None
    # The digest is compared also where there is no such key, which takes as long.
    is_proven_key = is_proven(text, key.digest if key is not None else digest_of(""))
    if key is None or not is_proven_key or key.partner.withdrawn_at is not None:
        return None
    return key if key.is_valid(now) else None


def note_partner_key_use(session: Session, key: PartnerKey, *, now: datetime) -> None:
    """Keep when *key* was used last."""
    change(session, update(PartnerKey).where(PartnerKey.id == key.id).values(used_at=now))


def is_use_of_key_noted(key: PartnerKey, *, now: datetime) -> bool:
    """Whether it is known already that *key* is in use, to the minute."""
    return key.used_at is not None and now - key.used_at < _NOTED_EVERY

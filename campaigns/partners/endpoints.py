"""Endpoints: where a partner is pushed its feed, and the secret by which both sides sign."""

import base64
import secrets as randomness
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.local_time import ZONE
from campaigns.partners.accounts import require_open
from campaigns.partners.errors import PartnerRefusedError
from campaigns.partners.models import Partner
from campaigns.sealing import Sealer

# Standard Webhooks: https://www.standardwebhooks.com, "Symmetric signatures".
SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of every secret
_SECRET_BYTES = 32
# So long both secrets sign, and a batch signed with either is believed.
SECRET_OVERLAP = timedelta(days=7)
LONGEST_URL = 500
LONGEST_REASON = 200


class PartnerEndpoint(Base):
    """Where one partner is pushed its feed; without ``url`` it only signs what it posts itself.

    ``pushed_seq`` is how far the partner has answered; ``batch_last`` is where the batch ends that
    is tried now, so that it stays the same however often, and 0 before it was tried. Whoever
    pushes holds the row until ``lease_until``; ``claims`` tells that claim from any other.
    """

    __tablename__ = "partner_endpoints"

    partner_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("partners.id"), primary_key=True, autoincrement=False
    )
    url: Mapped[str] = mapped_column(String(LONGEST_URL), default="")
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    former_secret: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    former_until: Mapped[datetime | None] = mapped_column(default=None)
    pushed_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    batch_last: Mapped[int] = mapped_column(BigInteger, default=0)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claims: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    failure: Mapped[str] = mapped_column(String(LONGEST_REASON), default="")
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    disabled_why: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_on(self) -> bool:
        return bool(self.url) and self.disabled_at is None

    def start_again(self, *, after: int, now: datetime) -> None:
        """Begin anew behind *after*; whatever answer is still under way counts no more."""
        self.pushed_seq, self.batch_last = after, 0
        self.claims += 1
        self.forget_failures(now=now)

    def forget_failures(self, *, now: datetime) -> None:
        """Try again at once, as if nothing had failed."""
        self.attempts, self.failing_since, self.failure = 0, None, ""
        self.due_at = now


class DeadLetter(Base):
    """A stretch of a feed that was given up after three days, until it is pushed again."""

    __tablename__ = "partner_dead_letters"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"), index=True)
    first_seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    given_up_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(LONGEST_REASON))


def draw_push_secret(
    session: Session, partner: Partner, *, sealer: Sealer, now: datetime, at_once: bool = False
) -> str:
    """Give *partner* another secret and return it; it is shown once.

    The one before it still signs beside it for a week, unless it is to end *at_once*. Raises
    PartnerRefusedError, also while two of them are valid already.
    """
    require_open(partner)
    plain = randomness.token_bytes(_SECRET_BYTES)
    sealed = sealer.seal_bytes(plain)
    endpoint = session.get(PartnerEndpoint, partner.id, with_for_update=True)
    if endpoint is None:
        session.add(PartnerEndpoint(partner_id=partner.id, secret=sealed, due_at=now))
    elif at_once:
        endpoint.former_secret, endpoint.former_until, endpoint.secret = None, None, sealed
    else:
        _require_one_secret(partner, endpoint, now=now)
        endpoint.former_secret, endpoint.secret = endpoint.secret, sealed
        endpoint.former_until = now + SECRET_OVERLAP
    session.flush()
    record(session, "partner.secret.drawn", f"partner:{partner.name}", now=now, at_once=at_once)
    return SECRET_PREFIX + base64.b64encode(plain).decode()


def _require_one_secret(partner: Partner, endpoint: PartnerEndpoint, *, now: datetime) -> None:
    """A third would end the first without a word, which the partner's programs still sign with."""
    until = endpoint.former_until
    if endpoint.former_secret is not None and until is not None and now < until:
        day = f"{until.astimezone(ZONE):%H:%M on %d/%m/%Y}"
        raise PartnerRefusedError(
            f"Two secrets of {partner.name} are valid until {day}. Nothing was drawn. Hand over "
            f"the newer one, or end both with `loa partners secret {partner.name} --at-once`."
        )


def secrets_of(endpoint: PartnerEndpoint, *, sealer: Sealer, now: datetime) -> tuple[bytes, ...]:
    """Return the secrets that sign for *endpoint* now, the newest first."""
    sealed = [endpoint.secret]
    if endpoint.former_secret and endpoint.former_until and now < endpoint.former_until:
        sealed.append(endpoint.former_secret)
    return tuple(sealer.unseal_bytes(one) for one in sealed)


def push_to(session: Session, partner: Partner, url: str, *, now: datetime) -> PartnerEndpoint:
    """Push *partner*'s feed to *url* from now on, behind what it has acknowledged or answered.

    An endpoint that was switched off is on again. Whether *url* may be asked is for whoever asks
    it. Raises PartnerRefusedError without a secret, and for an account that has ended.
    """
    require_open(partner)
    endpoint = require_endpoint(session, partner)
    after = endpoint.pushed_seq
    if not endpoint.is_on:
        after = max(after, partner.acknowledged_seq)
    endpoint.url = url
    endpoint.disabled_at, endpoint.disabled_why = None, ""
    endpoint.start_again(after=after, now=now)
    session.flush()
    record(session, "partner.push.on", f"partner:{partner.name}", now=now, url=url)
    return endpoint


def stop_pushing(session: Session, partner: Partner, *, why: str, now: datetime) -> PartnerEndpoint:
    """Push nothing more to *partner*; what it has answered stays known."""
    endpoint = require_endpoint(session, partner)
    if endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_why = now, why
        session.flush()
        record(session, "partner.push.off", f"partner:{partner.name}", now=now, why=why)
    return endpoint


def all_endpoints(session: Session) -> dict[int, PartnerEndpoint]:
    """Return every endpoint, by its partner's number."""
    return {one.partner_id: one for one in session.scalars(select(PartnerEndpoint))}


def require_endpoint(session: Session, partner: Partner) -> PartnerEndpoint:
    """Return and lock *partner*'s endpoint, or raise PartnerRefusedError."""
    endpoint = session.get(
        PartnerEndpoint, partner.id, with_for_update=True, populate_existing=True
    )
    if endpoint is None:
        raise PartnerRefusedError(
            f"{partner.name} has no secret to sign with yet. Nothing was changed. Draw one with "
            f"`loa partners secret {partner.name}` and hand it over first."
        )
    return endpoint

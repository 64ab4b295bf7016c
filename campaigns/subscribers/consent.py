"""Consent: what people say about being texted, each time recorded with its source and moment."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.bulk import change
from campaigns.errors import UnknownSubscriberError
from campaigns.sealing import Sealer
from campaigns.subscribers.models import ConsentEvent, ConsentKind, Subscriber

# Somebody who was never on a list, or whose row was erased, lives nowhere that we know of.
NOWHERE = ""
_A_SEALED_NUMBER = (
    select(Subscriber.sealed).where(Subscriber.sealed.is_not(None)).order_by(Subscriber.id).limit(1)
)


def require_own_seal(session: Session, *, sealer: Sealer) -> None:
    """Raise SealBrokenError unless *sealer* opens the numbers that are kept here.

    With another key everybody would be a stranger: a list would enter them a second time, and an
    opt-out would be noted for nobody. A database without numbers fits every key.
    """
    sealed = session.scalar(_A_SEALED_NUMBER)
    if sealed is not None:
        sealer.unseal(sealed)


def keeps_numbers(session: Session) -> bool:
    return session.scalar(_A_SEALED_NUMBER) is not None


def find_subscriber(session: Session, number: str, *, sealer: Sealer) -> Subscriber | None:
    """Return who has the E.164 *number*, or None; raise SealBrokenError with another's key."""
    fingerprint = sealer.fingerprint(number)
    found = session.scalar(select(Subscriber).where(Subscriber.fingerprint == fingerprint))
    if found is None:
        require_own_seal(session, sealer=sealer)
    return found


def get_subscriber(session: Session, number: str, *, sealer: Sealer) -> Subscriber:
    """Return who has the E.164 *number*, or raise UnknownSubscriberError."""
    subscriber = find_subscriber(session, number, sealer=sealer)
    if subscriber is None:
        raise UnknownSubscriberError("Nobody on any list has this number. Nothing was changed.")
    return subscriber


def opt_out(
    session: Session,
    number: str,
    *,
    source: str,
    sealer: Sealer,
    now: datetime,
    at: datetime | None = None,
) -> Subscriber:
    """Record that whoever has the E.164 *number* wants no texts; it holds from this moment.

    A number that is on no list yet is remembered, so that no later import lets it be texted.
    *at* is when it was said, if that was earlier.
    """
    require_own_seal(session, sealer=sealer)
    return opt_out_owner(session, sealer.fingerprint(number), source=source, now=now, at=at)


def opt_out_owner(
    session: Session,
    fingerprint: bytes,
    *,
    source: str,
    now: datetime,
    at: datetime | None = None,
) -> Subscriber:
    """Record the same of whoever has the number with this *fingerprint*, made by our own key."""
    subscriber = session.scalar(select(Subscriber).where(Subscriber.fingerprint == fingerprint))
    if subscriber is None:
        subscriber = Subscriber(
            fingerprint=fingerprint,
            sealed=None,
            area_code=NOWHERE,
            created_at=now,
            updated_at=now,
        )
        session.add(subscriber)
        session.flush()
    subscriber.opted_out_at = subscriber.opted_out_at or at or now
    _record(session, subscriber, ConsentKind.OPTED_OUT, source=source, at=at, now=now)
    return subscriber


def opt_in(
    session: Session,
    number: str,
    *,
    source: str,
    sealer: Sealer,
    now: datetime,
    at: datetime | None = None,
) -> Subscriber:
    """Record that whoever has the E.164 *number* wants texts again.

    This also lifts the block on somebody who was erased: the next list that names them lets
    them in. Raises UnknownSubscriberError for a number that was never seen.
    """
    subscriber = get_subscriber(session, number, sealer=sealer)
    subscriber.opted_out_at = None
    subscriber.erased_at = None
    _record(session, subscriber, ConsentKind.OPTED_IN, source=source, at=at, now=now)
    return subscriber


def opt_out_many(
    session: Session, subscriber_ids: Collection[int], *, source: str, now: datetime
) -> int:
    """Record that these subscribers want no texts; return how many had not said so before."""
    # Locked in one order, so that two batches with the same people never wait in a circle.
    ids = session.scalars(
        select(Subscriber.id)
        .where(Subscriber.id.in_(subscriber_ids), Subscriber.opted_out_at.is_(None))
        .order_by(Subscriber.id)
        .with_for_update()
    ).all()
    if not ids:
        return 0
    event = {"kind": ConsentKind.OPTED_OUT, "source": source, "at": now, "recorded_at": now}
    session.execute(insert(ConsentEvent), [event | {"subscriber_id": one} for one in ids])
    return change(
        session,
        update(Subscriber).where(Subscriber.id.in_(ids)).values(opted_out_at=now, updated_at=now),
    )


def erase(
    session: Session, number: str, *, source: str, sealer: Sealer, now: datetime
) -> Subscriber:
    """Forget everything about whoever has the E.164 *number* but that it must not be texted.

    The fingerprint and the events stay as the proof of that (Law 91/2025/QH15: erasure within
    20 days); no import fills the row in again.
    """
    subscriber = get_subscriber(session, number, sealer=sealer)
    subscriber.sealed = None
    subscriber.area_code = NOWHERE
    subscriber.language = "vi"
    subscriber.tags = ""
    subscriber.carrier_guess = ""
    subscriber.carrier_actual = None
    subscriber.erased_at = subscriber.erased_at or now
    _record(session, subscriber, ConsentKind.ERASED, source=source, at=None, now=now)
    return subscriber


def has_opted_out(session: Session, fingerprint: bytes) -> bool:
    """Whether the owner of the number with this *fingerprint* wants no texts."""
    found = select(Subscriber.id).where(
        Subscriber.fingerprint == fingerprint, Subscriber.opted_out_at.is_not(None)
    )
    return session.scalar(found) is not None


def consent_history(session: Session, subscriber: Subscriber) -> list[ConsentEvent]:
    """Return everything said about *subscriber*'s consent, in the order of recording."""
    return list(
        session.scalars(
            select(ConsentEvent)
            .where(ConsentEvent.subscriber_id == subscriber.id)
            .order_by(ConsentEvent.recorded_at, ConsentEvent.id)
        )
    )


def _record(
    session: Session,
    subscriber: Subscriber,
    kind: ConsentKind,
    *,
    source: str,
    at: datetime | None,
    now: datetime,
) -> None:
    subscriber.updated_at = now
    record(session, f"subscriber.{kind}", f"subscriber:{subscriber.id}", now=now, said_by=source)
    session.add(
        ConsentEvent(
            subscriber_id=subscriber.id, kind=kind, source=source, at=at or now, recorded_at=now
        )
    )
    session.flush()

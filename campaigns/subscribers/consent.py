"""Consent: what people say about being texted, each time recorded with its source and moment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.bulk import insert_new
from campaigns.errors import UnknownSubscriberError
from campaigns.phones import hide_numbers
from campaigns.sealing import Sealer
from campaigns.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    TopicStop,
    has_stopped,
)
from campaigns.subscribers.topics import EVERYTHING

# Somebody who was never on a list, or whose row was erased, lives nowhere that we know of.
NOWHERE = ""
WEB_LINK = "web link"
_A_SEALED_NUMBER = (
    select(Subscriber.sealed).where(Subscriber.sealed.is_not(None)).order_by(Subscriber.id).limit(1)
)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said about being texted, by which way and when, and what proves it."""

    kind: ConsentKind
    source: str
    at: datetime | None = None
    topic: str = EVERYTHING
    evidence: str = ""


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


def hold_owner(session: Session, fingerprint: bytes, *, now: datetime) -> Subscriber:
    """Return whoever has the number with this *fingerprint*, for this transaction alone.

    Somebody who is on no list yet is remembered, so that no later list lets them be texted
    against their wish.
    """
    query = select(Subscriber).where(Subscriber.fingerprint == fingerprint).with_for_update()
    fresh = {"populate_existing": True}
    if (owner := session.scalar(query, execution_options=fresh)) is not None:
        return owner
    session.execute(
        insert_new(session, Subscriber).values(
            fingerprint=fingerprint,
            area_code=NOWHERE,
            language="vi",
            tags="",
            carrier_guess="",
            created_at=now,
            updated_at=now,
        )
    )
    return session.scalars(query, execution_options=fresh).one()


def opt_out(
    session: Session,
    number: str,
    *,
    source: str,
    sealer: Sealer,
    now: datetime,
    at: datetime | None = None,
    topic: str = EVERYTHING,
    evidence: str = "",
) -> Subscriber:
    """Record that whoever has the E.164 *number* wants no texts; it holds from this moment.

    With a *topic*, none about that. *at* is when it was said, if that was earlier; *evidence* is
    what `Sealer.evidence` makes of the proof.
    """
    require_own_seal(session, sealer=sealer)
    fingerprint = sealer.fingerprint(number)
    return opt_out_owner(
        session, fingerprint, source=source, now=now, at=at, topic=topic, evidence=evidence
    )


def opt_out_owner(
    session: Session,
    fingerprint: bytes,
    *,
    source: str,
    now: datetime,
    at: datetime | None = None,
    topic: str = EVERYTHING,
    evidence: str = "",
) -> Subscriber:
    """Record the same of whoever has the number with this *fingerprint*, made by our own key."""
    subscriber = hold_owner(session, fingerprint, now=now)
    if topic == EVERYTHING:
        subscriber.opted_out_at = subscriber.opted_out_at or at or now
    else:
        stop = insert_new(session, TopicStop)
        session.execute(stop.values(subscriber_id=subscriber.id, topic=topic, stopped_at=at or now))
    said = Said(ConsentKind.OPTED_OUT, source, at, topic, evidence)
    _record(session, subscriber, said, now=now)
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
    """Record that whoever has the E.164 *number* wants texts again, whatever they are about.

    This also lifts the block on somebody who was erased: the next list that names them lets
    them in. Raises UnknownSubscriberError for a number that was never seen.
    """
    subscriber = get_subscriber(session, number, sealer=sealer)
    opt_in_subscriber(session, subscriber, source=source, now=now, at=at)
    return subscriber


def opt_in_subscriber(
    session: Session,
    subscriber: Subscriber,
    *,
    source: str,
    now: datetime,
    at: datetime | None = None,
    evidence: str = "",
) -> None:
    """Record the same of *subscriber*."""
    subscriber.opted_out_at = None
    subscriber.erased_at = None
    session.execute(
        delete(TopicStop).where(TopicStop.subscriber_id == subscriber.id),
        execution_options={"synchronize_session": False},
    )
    said = Said(ConsentKind.OPTED_IN, source, at, evidence=evidence)
    _record(session, subscriber, said, now=now)


def opt_out_by_link(
    session: Session, subscriber_id: int, *, topic: str, evidence: str, now: datetime
) -> None:
    """Record the same of whoever opened their own link; once, however often they press."""
    found = select(Subscriber.fingerprint).where(Subscriber.id == subscriber_id)
    fingerprint = session.scalar(found)
    if fingerprint is None:
        return
    opt_out_once(session, fingerprint, source=WEB_LINK, topic=topic, evidence=evidence, now=now)


def opt_out_once(
    session: Session,
    fingerprint: bytes,
    *,
    source: str,
    topic: str,
    evidence: str,
    now: datetime,
) -> bool:
    """Opt out; return False for somebody who had done so before, of whom nothing more is noted."""
    hold_owner(session, fingerprint, now=now)
    if has_opted_out(session, fingerprint, topic=topic):
        return False
    opt_out_owner(session, fingerprint, source=source, topic=topic, evidence=evidence, now=now)
    return True


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
    _record(session, subscriber, Said(ConsentKind.ERASED, source), now=now)
    return subscriber


def has_opted_out(session: Session, fingerprint: bytes, *, topic: str = EVERYTHING) -> bool:
    """Whether the owner of the number with this *fingerprint* wants no texts about *topic*."""
    found = select(Subscriber.id).where(Subscriber.fingerprint == fingerprint, has_stopped(topic))
    return session.scalar(found) is not None


def stopped_topics(session: Session, subscriber: Subscriber) -> list[str]:
    """Return the topics about which *subscriber* wants no texts, but for an opt-out from all."""
    return list(
        session.scalars(
            select(TopicStop.topic)
            .where(TopicStop.subscriber_id == subscriber.id)
            .order_by(TopicStop.topic)
        )
    )


def consent_history(session: Session, subscriber: Subscriber) -> list[ConsentEvent]:
    """Return everything said about *subscriber*'s consent, in the order of recording."""
    return list(
        session.scalars(
            select(ConsentEvent)
            .where(ConsentEvent.subscriber_id == subscriber.id)
            .order_by(ConsentEvent.recorded_at, ConsentEvent.id)
        )
    )


def _record(session: Session, subscriber: Subscriber, said: Said, *, now: datetime) -> None:
    subscriber.updated_at = now
    # Events outlive erasure, so no number may stand in what somebody wrote of them.
    source = hide_numbers(said.source)
    subject = f"subscriber:{subscriber.id}"
    about = {"topic": said.topic} if said.topic else {}
    record(session, f"subscriber.{said.kind}", subject, now=now, said_by=source, **about)
    session.add(
        ConsentEvent(
            subscriber_id=subscriber.id,
            kind=said.kind,
            source=source,
            at=said.at or now,
            recorded_at=now,
            topic=said.topic,
            evidence=said.evidence,
        )
    )
    session.flush()

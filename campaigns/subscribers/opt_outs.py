"""Opt-outs of many at once: a clerk's list, and what a telecom partner was told."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import insert, not_, select, update
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.bulk import change, insert_new
from campaigns.errors import PhoneRefusedError
from campaigns.phones import hide_numbers, read_phone
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import NOWHERE, require_own_seal
from campaigns.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    TopicStop,
    has_stopped,
)
from campaigns.subscribers.topics import EVERYTHING

_AT_ONCE = 500


@dataclass(slots=True)
class Listed:
    """What a list of opt-outs came to, in people; *refused* counts rows by reason."""

    opted_out: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def opt_out_listed(
    session: Session,
    rows: Iterable[str],
    *,
    source: str,
    evidence: str,
    sealer: Sealer,
    now: datetime,
    topic: str = EVERYTHING,
) -> Listed:
    """Record that whoever has one of the numbers in *rows* wants no texts, from this moment on.

    Numbers may be written in any way that people write them. Those on no list are remembered, so
    that no later list lets them be texted; whoever has opted out before is counted as known. A
    row that is no number is refused, and no other for it.
    """
    require_own_seal(session, sealer=sealer)
    listed = Listed()
    seen: set[bytes] = set()
    fingerprints = _read(rows, listed, seen, sealer=sealer)
    people: list[int] = []
    while chunk := list(islice(fingerprints, _AT_ONCE)):
        people += _find_owners(session, chunk, now=now)
    # From the lowest number up, so that two lists with the same people never wait in a circle.
    people.sort()
    for begin in range(0, len(people), _AT_ONCE):
        ids = people[begin : begin + _AT_ONCE]
        new = opt_out_many(session, ids, source=source, topic=topic, evidence=evidence, now=now)
        listed.opted_out += new
        listed.known += len(ids) - new
    record(
        session,
        "subscribers.opted_out",
        "list",
        now=now,
        said_by=hide_numbers(source),
        topic=topic,
        opted_out=listed.opted_out,
        known=listed.known,
        refused=sum(listed.refused.values()),
    )
    return listed


def opt_out_many(
    session: Session,
    subscriber_ids: Collection[int],
    *,
    source: str,
    now: datetime,
    topic: str = EVERYTHING,
    evidence: str = "",
) -> int:
    """Record that these subscribers want no texts; return how many had not said so before."""
    # Locked in one order, so that two batches with the same people never wait in a circle.
    ids = session.scalars(
        select(Subscriber.id)
        .where(Subscriber.id.in_(subscriber_ids), not_(has_stopped(topic)))
        .order_by(Subscriber.id)
        .with_for_update()
    ).all()
    if not ids:
        return 0
    event = {
        "kind": ConsentKind.OPTED_OUT,
        "source": hide_numbers(source),
        "at": now,
        "recorded_at": now,
        "topic": topic,
        "evidence": evidence,
    }
    session.execute(insert(ConsentEvent), [event | {"subscriber_id": one} for one in ids])
    if topic != EVERYTHING:
        stop = {"topic": topic, "stopped_at": now}
        session.execute(
            insert_new(session, TopicStop), [stop | {"subscriber_id": one} for one in ids]
        )
        return len(ids)
    return change(
        session,
        update(Subscriber).where(Subscriber.id.in_(ids)).values(opted_out_at=now, updated_at=now),
    )


def take_partner_opt_outs(
    session: Session,
    partner: str,
    numbers: Iterable[str],
    *,
    proof: str,
    sealer: Sealer,
    now: datetime,
    topic: str = EVERYTHING,
) -> Listed:
    """Record what customers told the telecom *partner*, as it hands that over to us.

    *proof* is what the partner can be held to, such as the digest and number of its report; only
    its keyed fingerprint is kept.
    """
    return opt_out_listed(
        session,
        numbers,
        source=f"partner {partner}",
        evidence=sealer.evidence("partner", partner, proof),
        sealer=sealer,
        now=now,
        topic=topic,
    )


def _read(
    rows: Iterable[str], listed: Listed, seen: set[bytes], *, sealer: Sealer
) -> Iterator[bytes]:
    """Yield each number's fingerprint once; count in *listed* what is none."""
    for row in rows:
        try:
            fingerprint = sealer.fingerprint(read_phone(row))
        except PhoneRefusedError as refused:
            listed.refused[refused.reason] += 1
            continue
        if fingerprint not in seen:
            seen.add(fingerprint)
            yield fingerprint


def _find_owners(session: Session, fingerprints: Sequence[bytes], *, now: datetime) -> list[int]:
    """Return the subscribers who have these numbers, remembering those who are on no list."""
    query = select(Subscriber.id, Subscriber.fingerprint).where(
        Subscriber.fingerprint.in_(fingerprints)
    )
    known = {row.fingerprint for row in session.execute(query)}
    strangers = [
        {
            "fingerprint": fingerprint,
            "area_code": NOWHERE,
            "language": "vi",
            "tags": "",
            "carrier_guess": "",
            "created_at": now,
            "updated_at": now,
        }
        for fingerprint in sorted(fingerprints)
        if fingerprint not in known
    ]
    if strangers:
        session.execute(insert_new(session, Subscriber), strangers)
    return [row.id for row in session.execute(query)]

"""Strangers: what is known of names in a partner's file that are none of its texts of the month."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Integer, String, select
from sqlalchemy.orm import Session

from campaigns.bulk import rows_of
from campaigns.deliveries import Delivery, DeliveryState
from campaigns.local_time import local_day
from campaigns.partners.differences import Kind
from campaigns.partners.models import FeedEntry, FeedState, Partner, PartnerCarrier
from campaigns.partners.months import Month
from campaigns.partners.owners import owner, stands_for_text
from campaigns.subscribers.models import Subscriber

_HANDED_OVER = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)
Text = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a file that names a text by the key in its reference, or else by *sid*."""

    text: Text | None
    sid: str


Explained = tuple[Kind, str]

_UNKNOWN = (Kind.UNKNOWN_ID, "no text of ours to these networks has this name")


def explain(
    session: Session, partner: Partner, month: Month, named: Sequence[Named]
) -> list[Explained]:
    """Return of what kind the difference of each of *named* is, and why, in order."""
    known = _find_sids(session, [each.sid for each in named if each.text is None and each.sid])
    texts = [each.text or known.get(each.sid, (0, None))[1] for each in named]
    found = _find_texts(session, [text for text in texts if text])
    return [
        _explain(
            month,
            found.get(text) if text else None,
            is_told=known.get(each.sid, (partner.id, None))[0] == partner.id,
            partner=partner,
        )
        for each, text in zip(named, texts, strict=True)
    ]


def _explain(month: Month, found: Any, *, is_told: bool, partner: Partner) -> Explained:
    if found is None:
        return _UNKNOWN
    if not is_told or found.owner not in {partner.id, None}:
        return Kind.OTHER_CARRIER, "it went to another network, or to this one before it was theirs"
    if found.state not in _HANDED_OVER or found.claimed_at is None:
        return Kind.ONLY_THEIRS, f"it was never handed over; with us it is {found.state.value}"
    day = local_day(found.claimed_at)
    if not month.begins <= day < month.ends:
        return Kind.OTHER_MONTH, f"handed over on {day}"
    return Kind.ONLY_THEIRS, f"handed over on {day}, when the network had no partner here yet"


def _find_sids(session: Session, sids: Sequence[str]) -> dict[str, tuple[int, Text]]:
    """Return, by the gateway's name, who was told of a text and which it is."""
    if not sids:
        return {}
    given = rows_of(session, {"sid": String}, [(sid,) for sid in sorted(set(sids))])
    found = session.execute(
        select(FeedEntry.sid, FeedEntry.partner_id, FeedEntry.broadcast_id, FeedEntry.position)
        .join(given, given.c.sid == FeedEntry.sid)
        .where(
            # By name, for each partner: so the index is used.
            FeedEntry.partner_id.in_(select(Partner.id)),
            FeedEntry.state == FeedState.SUBMITTED,
        )
    )
    return {sid: (told, (broadcast, position)) for sid, told, broadcast, position in found}


def _find_texts(session: Session, texts: Sequence[Text]) -> dict[Text, Any]:
    if not texts:
        return {}
    given = rows_of(session, {"broadcast_id": BigInteger, "position": Integer}, sorted(set(texts)))
    found = session.execute(
        select(
            Delivery.broadcast_id,
            Delivery.position,
            Delivery.state,
            Delivery.claimed_at,
            owner().label("owner"),
        )
        .join(
            given,
            (given.c.broadcast_id == Delivery.broadcast_id)
            & (given.c.position == Delivery.position),
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(PartnerCarrier, stands_for_text())
    )
    return {(row.broadcast_id, row.position): row for row in found}

"""Partners as documents, which the command line and the interface both show."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.local_time import local_iso
from campaigns.partners.accounts import all_carriers
from campaigns.partners.endpoints import DeadLetter, PartnerEndpoint, all_endpoints
from campaigns.partners.keys import PartnerKey, all_partner_keys
from campaigns.partners.models import Partner
from campaigns.partners.pushing import all_dead_letters

Document = dict[str, Any]


def describe_partner(session: Session, partner: Partner, *, now: datetime) -> Document:
    """Return *partner* as a document: who it is, its keys, and where its feed stands."""
    return describe_partners(session, [partner], now=now)[0]


def describe_partners(
    session: Session, partners: Sequence[Partner], *, now: datetime
) -> list[Document]:
    """Return *partners* as documents, in order."""
    carriers, keys = all_carriers(session), all_partner_keys(session)
    endpoints, letters = all_endpoints(session), all_dead_letters(session)
    return [
        _write(one, carriers.get(one.id, []), keys.get(one.id, []), now=now)
        | {"push": _describe_push(endpoints.get(one.id), letters.get(one.id, []))}
        for one in partners
    ]


def describe_key(key: PartnerKey) -> Document:
    """Return a partner's *key* as a document; its text is kept nowhere."""
    return {
        "key": key.id,
        "scopes": key.scopes.split(),
        "created_at": local_iso(key.created_at),
        "expires_at": local_iso(key.expires_at),
        "used_at": local_iso(key.used_at),
        "revoked_at": local_iso(key.revoked_at),
    }


def _write(
    partner: Partner, carriers: Iterable[str], keys: Iterable[PartnerKey], *, now: datetime
) -> Document:
    is_open = partner.withdrawn_at is None
    return {
        "name": partner.name,
        "title": partner.title,
        "contact": partner.contact,
        "carriers": list(carriers),
        "addresses": partner.networks.split(),
        "last_seq": partner.last_seq,
        "acknowledged_seq": partner.acknowledged_seq,
        "acknowledged_at": local_iso(partner.acknowledged_at),
        "created_at": local_iso(partner.created_at),
        "withdrawn_at": local_iso(partner.withdrawn_at),
        "keys": [describe_key(one) | {"valid": is_open and one.is_valid(now)} for one in keys],
    }


def _describe_push(endpoint: PartnerEndpoint | None, letters: Iterable[DeadLetter]) -> object:
    """Return how pushing to a partner goes; None for one who has no secret yet."""
    if endpoint is None:
        return None
    return {
        "url": endpoint.url,
        "pushed_seq": endpoint.pushed_seq,
        "answered_at": local_iso(endpoint.answered_at),
        "failing_since": local_iso(endpoint.failing_since),
        "failure": endpoint.failure,
        "next_try_at": local_iso(endpoint.due_at) if endpoint.failing_since else None,
        "disabled_at": local_iso(endpoint.disabled_at),
        "disabled_why": endpoint.disabled_why,
        "dead_letters": [
            {
                "first_seq": letter.first_seq,
                "last_seq": letter.last_seq,
                "given_up_at": local_iso(letter.given_up_at),
                "why": letter.why,
            }
            for letter in letters
        ],
    }

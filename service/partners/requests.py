"""Requests of partners: who asks, from where, and whether their key is for that."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, request

from campaigns.audit import Actor
from campaigns.errors import NotPermittedError
from campaigns.partners.accounts import may_ask_from
from campaigns.partners.keys import (
    PartnerKey,
    PartnerScope,
    find_valid_partner_key,
    is_use_of_key_noted,
    note_partner_key_use,
)
from campaigns.partners.models import Partner
from campaigns.partners.references import References
from service.api.kinds import NO_KEY
from service.api.refusals import Refusal, RefusedError
from service.api.requests import (
    CHALLENGE,
    NEEDS_SCOPE,
    limits,
    reading,
    resources,
    shown_text,
    source_address,
)

View = TypeVar("View", bound=Callable[..., Any])


def needs_scope(scope: PartnerScope) -> Callable[[View], View]:
    """Let only partners' keys with *scope* reach the view; nothing of a request is read before."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.partner_key = key = _identify()
            limits().count_program(f"partner key {key.id}")
            _require(key, scope)
            return view(*args, **kwargs)

        setattr(guarded, NEEDS_SCOPE, scope)
        return cast("View", guarded)

    return guard


def asking_partner() -> Partner:
    """Return the partner that asks; only inside a view that needs a scope."""
    return cast("PartnerKey", g.partner_key).partner


def asking_actor() -> Actor:
    """Return in whose name the partner's deeds are recorded."""
    key = cast("PartnerKey", g.partner_key)
    return Actor(f"partner:{key.partner.name}", f"partner key {key.id} from {source_address()}")


def references_of(partner: Partner) -> References:
    """Return what *partner* calls texts by."""
    return References(resources().sealer, partner.id)


def _identify() -> PartnerKey:
    now = resources().now()
    with reading() as session:
        key = find_valid_partner_key(session, shown_text(), now=now)
    if key is None:
        limits().count_stranger(source_address())
        raise RefusedError(Refusal(NO_KEY, headers=CHALLENGE))
    if not is_use_of_key_noted(key, now=now):
        with resources().sessions.begin() as session:
            note_partner_key_use(session, key, now=now)
    return key


def _require(key: PartnerKey, scope: PartnerScope) -> None:
    if not may_ask_from(key.partner, request.remote_addr or ""):
        raise NotPermittedError(
            f"{key.partner.name} may not ask from this address. Nothing was changed. Ask from an "
            "address that was agreed on, or have whoever runs Loa allow this one."
        )
    if scope not in key.scope_set:
        raise NotPermittedError(
            f"This key is not for {scope}. Nothing was changed. Use one that is, or have whoever "
            "runs Loa make one."
        )

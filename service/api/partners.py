"""Partners: telecom companies' accounts, their keys, and how far each has read."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.partners.accounts import (
    add_partner,
    change_partner,
    get_partner,
    list_partners,
    withdraw_partner,
)
from campaigns.partners.keys import (
    NewPartnerKey,
    PartnerScope,
    add_partner_key,
    revoke_partner_key,
    rotate_partner_key,
)
from service.api.given import Given, Line, Moment
from service.api.kept import kept
from service.api.once import Deed, once
from service.api.requests import answer, needs, resources, writing
from service.partner_documents import describe_key, describe_partner, describe_partners

partners = APIBlueprint("partners", __name__, tag="Partners")
Name = Annotated[str, Field(min_length=1, max_length=40)]
Names = Annotated[tuple[Annotated[Line, Field(min_length=1, max_length=43)], ...], Field()]


class PartnerKeyOut(BaseModel):
    """One key of a partner's programs; its text was shown when it was made and is kept nowhere."""

    key: int
    scopes: list[str]
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class KnownKeyOut(PartnerKeyOut):
    """The same, and whether it opens anything now."""

    valid: bool


class NewPartnerKeyOut(PartnerKeyOut):
    """A key just made: hand ``text`` to the partner now, it is not shown again."""

    text: str


class DeadLetterOut(BaseModel):
    """Entries of the feed that nobody took for three days; a replay brings them again."""

    first_seq: int
    last_seq: int
    given_up_at: str
    why: str


class PushOut(BaseModel):
    """How pushing goes: ``pushed_seq`` is how far the partner has answered.

    Without ``url`` the secret is only for what the partner posts itself.
    """

    url: str
    pushed_seq: int
    answered_at: str | None
    failing_since: str | None
    failure: str
    next_try_at: str | None
    disabled_at: str | None
    disabled_why: str
    dead_letters: list[DeadLetterOut]


class PartnerOut(BaseModel):
    """A partner: its networks, where its programs ask from, its keys, and where its feed stands.

    ``last_seq`` is the number of the last entry of its feed, ``acknowledged_seq`` how far it says
    it has read.
    """

    name: str
    title: str
    contact: str
    carriers: list[str]
    addresses: list[str]
    last_seq: int
    acknowledged_seq: int
    acknowledged_at: str | None
    created_at: str
    withdrawn_at: str | None
    keys: list[KnownKeyOut]
    push: PushOut | None


class PartnerList(BaseModel):
    items: list[PartnerOut]


class PartnerIn(Given):
    """A new partner: its networks, each of which has one partner, and where it may ask from."""

    name: Name
    carriers: Annotated[Names, Field(min_length=1, max_length=20)]
    title: Annotated[Line, Field(max_length=120)] = ""
    contact: Annotated[Line, Field(max_length=200)] = ""
    addresses: Annotated[Names, Field(max_length=50)] = ()


class PartnerChangeIn(Given):
    """What is to change; what is left out stays. No addresses at all means from anywhere."""

    carriers: Annotated[Names, Field(min_length=1, max_length=20)] | None = None
    title: Annotated[Line, Field(min_length=1, max_length=120)] | None = None
    contact: Annotated[Line, Field(max_length=200)] | None = None
    addresses: Annotated[Names, Field(max_length=50)] | None = None


class PartnerKeyIn(Given):
    """What a partner's new key is for; without scopes it may do all that a partner may."""

    scopes: Annotated[tuple[PartnerScope, ...], Field(max_length=10)] = ()
    expires_at: Moment | None = None


@partners.get("/partners")
@needs(Permission.PARTNERS_READ)
@partners.output(PartnerList)
def list_all() -> Response:
    """List all partners.

    Also those that were withdrawn.
    """

    def read(session: Session) -> dict[str, object]:
        found = list_partners(session)
        return {"items": describe_partners(session, found, now=resources().now())}

    return kept(read)


@partners.post("/partners")
@needs(Permission.PARTNERS_MANAGE)
@partners.input(PartnerIn)
@partners.output(PartnerOut, status_code=201)
@once(status=201)
def add(json_data: PartnerIn) -> Deed:
    """Add a partner.

    From now on it is told of texts that are handed over to its networks.
    """

    def do(session: Session) -> dict[str, object]:
        now = resources().now()
        added = add_partner(
            session,
            json_data.name,
            title=json_data.title,
            carriers=json_data.carriers,
            contact=json_data.contact,
            addresses=json_data.addresses,
            now=now,
        )
        return describe_partner(session, added, now=now)

    return do


@partners.patch("/partners/<name>")
@needs(Permission.PARTNERS_MANAGE)
@partners.input(PartnerChangeIn)
@partners.output(PartnerOut)
def change(name: str, json_data: PartnerChangeIn) -> Response:
    """Change a partner's networks, addresses, title or contact."""
    now = resources().now()
    with writing() as session:
        partner = get_partner(session, name)
        change_partner(
            session,
            partner,
            carriers=json_data.carriers,
            title=json_data.title,
            contact=json_data.contact,
            addresses=json_data.addresses,
            now=now,
        )
        return answer(describe_partner(session, partner, now=now))


@partners.post("/partners/<name>/withdraw")
@needs(Permission.PARTNERS_MANAGE)
@partners.output(PartnerOut)
@once()
def withdraw(name: str) -> Deed:
    """End a partner's account at once.

    Its keys open nothing any more; what it was told stays on record.
    """

    def do(session: Session) -> dict[str, object]:
        partner = get_partner(session, name)
        withdraw_partner(session, partner, now=resources().now())
        return describe_partner(session, partner, now=resources().now())

    return do


@partners.post("/partners/<name>/keys")
@needs(Permission.PARTNERS_MANAGE)
@partners.input(PartnerKeyIn)
@partners.output(NewPartnerKeyOut, status_code=201)
def make_key(name: str, json_data: PartnerKeyIn) -> Response:
    """Make a key for a partner's programs.

    At most two are valid at a time.
    """
    with writing() as session:
        new = add_partner_key(
            session,
            get_partner(session, name),
            scopes=json_data.scopes,
            expires_at=json_data.expires_at,
            now=resources().now(),
        )
    return _new(new)


@partners.post("/partners/<name>/keys/rotate")
@needs(Permission.PARTNERS_MANAGE)
@partners.output(NewPartnerKeyOut, status_code=201)
def rotate(name: str) -> Response:
    """Make a successor of a partner's newest key.

    The old key works for another week, so that programs can be changed.
    """
    with writing() as session:
        new = rotate_partner_key(session, get_partner(session, name), now=resources().now())
    return _new(new)


@partners.delete("/partners/keys/<int(max=9223372036854775807):number>")
@needs(Permission.PARTNERS_MANAGE)
@partners.output(PartnerKeyOut)
def revoke(number: int) -> Response:
    """End a partner's key at once."""
    with writing() as session:
        return answer(describe_key(revoke_partner_key(session, number, now=resources().now())))


def _new(new: NewPartnerKey) -> Response:
    return answer(describe_key(new.key) | {"text": new.text}, 201)

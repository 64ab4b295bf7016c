"""Pushes to partners: to where, with which secret, and once more what was given up."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.base import LARGEST_ID
from campaigns.partners.accounts import get_partner
from campaigns.partners.endpoints import LONGEST_URL, draw_push_secret, push_to, stop_pushing
from campaigns.partners.pushing import replay
from service.api.given import Given
from service.api.once import Deed, once
from service.api.partners import PartnerOut
from service.api.requests import answer, needs, resources, writing
from service.partner_documents import describe_partner
from service.pushes.addresses import PushAddresses

partner_pushes = APIBlueprint("partner_pushes", __name__, tag="Partners")


class PushIn(Given):
    """Where the partner's program takes receipts: an `https://` address."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]


class ReplayIn(Given):
    """Behind which entry to begin; 0 is everything."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID)]


class SecretQuery(Given):
    """Whether every earlier secret ends at once, as after a leak."""

    at_once: bool = False


class PushSecretOut(BaseModel):
    """The secret just drawn: hand ``secret`` to the partner now, it is not shown again."""

    name: str
    secret: str


@partner_pushes.put("/partners/<name>/push")
@needs(Permission.PARTNERS_MANAGE)
@partner_pushes.input(PushIn)
@partner_pushes.output(PartnerOut)
def switch_on(name: str, json_data: PushIn) -> Response:
    """Push a partner's feed to an address.

    It begins behind what the partner has acknowledged or answered so far.
    """
    # Before the transaction: a name may take seconds to be found.
    PushAddresses(resources().settings.push_networks).require(json_data.url)
    now = resources().now()
    with writing() as session:
        partner = get_partner(session, name)
        push_to(session, partner, json_data.url, now=now)
        return answer(describe_partner(session, partner, now=now))


@partner_pushes.delete("/partners/<name>/push")
@needs(Permission.PARTNERS_MANAGE)
@partner_pushes.output(PartnerOut)
def switch_off(name: str) -> Response:
    """Push nothing more to a partner; it can still pull."""
    now = resources().now()
    with writing() as session:
        partner = get_partner(session, name)
        stop_pushing(session, partner, why="switched off over the interface", now=now)
        return answer(describe_partner(session, partner, now=now))


@partner_pushes.post("/partners/<name>/push/secret/rotate")
@needs(Permission.PARTNERS_MANAGE)
@partner_pushes.input(SecretQuery, location="query")
@partner_pushes.output(PushSecretOut, status_code=201)
def draw(name: str, query_data: SecretQuery) -> Response:
    """Draw another secret to sign with.

    The one before it works for another week, unless every earlier one is to end at once.
    """
    found = resources()
    with writing() as session:
        text = draw_push_secret(
            session,
            get_partner(session, name),
            sealer=found.sealer,
            now=found.now(),
            at_once=query_data.at_once,
        )
    return answer({"name": name, "secret": text}, 201)


@partner_pushes.post("/partners/<name>/push/replay")
@needs(Permission.PARTNERS_MANAGE)
@partner_pushes.input(ReplayIn)
@partner_pushes.output(PartnerOut)
@once()
def push_again(name: str, json_data: ReplayIn) -> Deed:
    """Push a partner's feed once more.

    With what was given up behind that entry, which is no dead letter any more.
    """

    def do(session: Session) -> dict[str, object]:
        partner = get_partner(session, name)
        replay(session, partner, after=json_data.after, now=resources().now())
        return describe_partner(session, partner, now=resources().now())

    return do

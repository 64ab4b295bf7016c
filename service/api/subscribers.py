"""Subscribers: counts, and one person found by their number; the number itself stays masked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.audit import record
from campaigns.base import LARGEST_ID
from campaigns.errors import UnknownSubscriberError
from campaigns.phones import read_phone
from campaigns.sealing import mask
from campaigns.subscribers.consent import (
    consent_history,
    get_subscriber,
    opt_in,
    opt_out,
    stopped_topics,
)
from campaigns.subscribers.counts import count_subscribers
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.opt_outs import opt_out_listed
from campaigns.subscribers.topics import EVERYTHING, Topic
from service.api.given import Given, Line
from service.api.kept import kept
from service.api.misses import noting_misses
from service.api.once import Deed, once
from service.api.requests import answer, needs, resources, writing
from service.erasing import erase_everywhere

subscribers = APIBlueprint("subscribers", __name__, tag="Subscribers")
_ID = "<int(max=9223372036854775807):number>"
# To count a million people takes a second of a processor; on its own little changes.
_COUNTS_FRESH = timedelta(seconds=30)

# Whatever a clerk typed; what is no number is counted as refused.
OneNumber = Annotated[str, Field(max_length=40)]


class CountsOut(BaseModel):
    """People who may be texted now, in all and split three ways, and those who may not be."""

    reachable: int
    by_area: dict[str, int]
    by_language: dict[str, int]
    by_carrier: dict[str, int]
    opted_out: int
    left: int
    erased: int


class SearchIn(Given):
    """A number, in any form people write it. It travels in the body: addresses are logged."""

    phone: Annotated[str, Field(min_length=3, max_length=40)]


class ConsentOut(BaseModel):
    """One thing said about being texted, where it was said, and when.

    ``topic`` is what it was about, empty for everything; ``evidence`` the keyed fingerprint of
    what proves it.
    """

    kind: str
    topic: str
    source: str
    evidence: str
    at: datetime
    recorded_at: datetime


class SubscriberOut(BaseModel):
    """One person, by a number of ours; ``phone`` shows just enough to recognise it."""

    subscriber: int
    phone: str | None
    area: str
    language: str
    tags: list[str]
    carrier: str
    opted_out_at: datetime | None
    topics_stopped: list[str]
    left_at: datetime | None
    erased_at: datetime | None
    consent: list[ConsentOut]


class RevealedOut(BaseModel):
    """A number in full, in E.164; who looked and when is on record."""

    subscriber: int
    phone: str


class ConsentIn(SearchIn):
    """Whose number, and where they said so: a form, a call, a letter."""

    source: Annotated[Line, Field(min_length=1, max_length=80)]


class OptOutIn(ConsentIn):
    """The same; with a topic, only texts about that are stopped."""

    topic: Topic | None = None


class OptOutListIn(Given):
    """Numbers in any form people write them, where their owners said so, and about what."""

    phones: Annotated[list[OneNumber], Field(min_length=1, max_length=10_000)]
    source: Annotated[Line, Field(min_length=1, max_length=80)]
    topic: Topic | None = None


class ListedOut(BaseModel):
    """How many people were opted out, how many had been before, and the rows refused, by reason."""

    opted_out: int
    known: int
    refused: dict[str, int]


@subscribers.get("/subscribers/counts")
@needs(Permission.SUBSCRIBERS_READ)
@subscribers.output(CountsOut)
def count() -> Response:
    """Count people by commune, language and carrier.

    As it was when anybody last did anything, such as an import, or at most half a minute ago.
    """

    def read(session: Session) -> dict[str, object]:
        counts = count_subscribers(session)
        return {name: getattr(counts, name) for name in CountsOut.model_fields}

    return kept(read, fresh=_COUNTS_FRESH)


@subscribers.post("/subscribers/search")
@needs(Permission.SUBSCRIBERS_READ)
@subscribers.input(SearchIn)
@subscribers.output(SubscriberOut)
@noting_misses
def search(json_data: SearchIn) -> Response:
    """Find somebody by their number.

    The look is recorded, whether anybody is found or not.
    """
    number = read_phone(json_data.phone)
    with writing() as session:
        found = get_subscriber(session, number, sealer=resources().sealer)
        shown = _document(session, found)
        record(session, "subscriber.looked_up", _subject(found), now=resources().now())
    return answer(shown)


@subscribers.post(f"/subscribers/{_ID}/reveal")
@needs(Permission.SUBSCRIBERS_REVEAL)
@subscribers.output(RevealedOut)
def reveal(number: int) -> Response:
    """Show a number in full.

    The look is recorded.
    """
    with writing() as session:
        found = _get(session, number)
        record(session, "subscriber.revealed", _subject(found), now=resources().now())
    return answer({"subscriber": found.id, "phone": _unsealed(found)})


@subscribers.post("/subscribers/opt-out")
@needs(Permission.SUBSCRIBERS_CONSENT)
@subscribers.input(OptOutIn)
@subscribers.output(SubscriberOut)
@once()
def say_no(json_data: OptOutIn) -> Deed:
    """Record that somebody wants no texts.

    It holds from this moment, also for what is being sent. A number that is on no list yet is
    remembered, so that no later list lets it be texted.
    """
    return _change(partial(opt_out, topic=json_data.topic or EVERYTHING), json_data)


@subscribers.post("/subscribers/opt-out-list")
@needs(Permission.SUBSCRIBERS_CONSENT)
@subscribers.input(OptOutListIn)
@subscribers.output(ListedOut)
@once()
def say_no_for_many(json_data: OptOutListIn) -> Deed:
    """Record that everybody on a list wants no texts.

    It holds from this moment. Up to 10,000 numbers at once, also of people who are on no list of
    subscribers yet; a row that is no number is counted and keeps nobody else back.
    """

    def do(session: Session) -> dict[str, object]:
        sealer = resources().sealer
        listed = opt_out_listed(
            session,
            json_data.phones,
            source=json_data.source,
            evidence=sealer.evidence("list", *json_data.phones),
            sealer=sealer,
            now=resources().now(),
            topic=json_data.topic or EVERYTHING,
        )
        return {
            "opted_out": listed.opted_out,
            "known": listed.known,
            "refused": dict(sorted(listed.refused.items())),
        }

    return do


@subscribers.post("/subscribers/opt-in")
@needs(Permission.SUBSCRIBERS_CONSENT)
@subscribers.input(ConsentIn)
@subscribers.output(SubscriberOut)
@noting_misses
@once()
def say_yes(json_data: ConsentIn) -> Deed:
    """Record that somebody wants texts again."""
    return _change(opt_in, json_data)


@subscribers.post("/subscribers/erase")
@needs(Permission.SUBSCRIBERS_ERASE)
@subscribers.input(ConsentIn)
@subscribers.output(SubscriberOut)
@noting_misses
@once()
def forget(json_data: ConsentIn) -> Deed:
    """Forget everything about somebody but that they must not be texted."""
    return _change(erase_everywhere, json_data)


def _change(say: Callable[..., Subscriber], wanted: ConsentIn) -> Deed:
    number = read_phone(wanted.phone)

    def do(session: Session) -> dict[str, object]:
        found = say(
            session, number, source=wanted.source, sealer=resources().sealer, now=resources().now()
        )
        return _document(session, found)

    return do


def _get(session: Session, number: int) -> Subscriber:
    found = session.get(Subscriber, number) if number <= LARGEST_ID else None
    if found is None or found.sealed is None:
        raise UnknownSubscriberError(
            "Nobody with a number is kept under this. Nothing was changed."
        )
    return found


def _unsealed(found: Subscriber) -> str:
    return resources().sealer.unseal(found.sealed) if found.sealed else ""


def _document(session: Session, found: Subscriber) -> dict[str, object]:
    return {
        "subscriber": found.id,
        "phone": mask(_unsealed(found)) if found.sealed else None,
        "area": found.area_code,
        "language": found.language,
        "tags": [tag for tag in found.tags.split("|") if tag],
        "carrier": found.carrier_actual or found.carrier_guess,
        "opted_out_at": found.opted_out_at,
        "topics_stopped": stopped_topics(session, found),
        "left_at": found.left_at,
        "erased_at": found.erased_at,
        "consent": [
            {
                "kind": event.kind.value,
                "topic": event.topic,
                "source": event.source,
                "evidence": event.evidence,
                "at": event.at,
                "recorded_at": event.recorded_at,
            }
            for event in consent_history(session, found)
        ],
    }


def _subject(found: Subscriber) -> str:
    return f"subscriber:{found.id}"

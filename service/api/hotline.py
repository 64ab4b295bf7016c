"""The hotline: what callers left to be worked, its answers and their approval, its statistics."""

from datetime import datetime
from functools import partial
from typing import Annotated

from apiflask import APIBlueprint, FileSchema
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from hotline.statistics import USUAL_STRETCH, count_calls
from hotline.ticket_work import (
    answer_ticket,
    assign_ticket,
    close_ticket,
    describe_ticket,
    open_voice,
    reveal_number,
)
from hotline.tickets import TicketKind, list_tickets
from service.api.given import Given, Line, Moment, Text
from service.api.kept import kept
from service.api.once import Deed, once
from service.api.paging import PageQuery, number_in, page
from service.api.requests import answer, caller, needs, reading, resources, writing
from service.voice_files import open_voice_file

hotline = APIBlueprint("hotline", __name__, tag="Hotline")
_REFERENCE = "<string(maxlength=8):reference>"


class TicketOut(BaseModel):
    """One matter that somebody has to look at; ``number`` shows just enough to recognise it.

    ``said`` is what somebody has texted; telephone numbers in it are masked.
    """

    reference: str
    kind: str
    urgency: str
    topic: str
    area: str
    language: str
    state: str
    assignee: str
    answer: str
    voice_seconds: int
    said: list[str]
    number: str | None
    opened_at: datetime
    changed_at: datetime


class TicketPage(BaseModel):
    items: list[TicketOut]
    next: str | None


class TicketNumberOut(BaseModel):
    """Whom to call back, in E.164, and what they wrote; who looked and when is on record."""

    reference: str
    number: str | None
    said: list[str]


class TicketQuery(PageQuery):
    """Which tickets; closed ones only when asked for."""

    kind: TicketKind | None = None
    with_closed: bool = False


class AssignIn(Given):
    """Who hands it over, where somebody has it already."""

    instead_of: Annotated[Line, Field(max_length=64)] = ""


class ToldIn(Given):
    """What the caller was told; their number has no place in it."""

    text: Annotated[Text, Field(min_length=1, max_length=2000)]


class Stretch(Given):
    """From when until before when; the last seven days when left out."""

    since: Moment | None = None
    until: Moment | None = None


@hotline.get("/hotline/tickets")
@needs(Permission.TICKETS_WORK)
@hotline.input(TicketQuery, location="query")
@hotline.output(TicketPage)
def list_all(query_data: TicketQuery) -> Response:
    """List what callers left and nobody has closed.

    The most urgent first, then the oldest.
    """
    kinds = frozenset({query_data.kind}) if query_data.kind else None
    after = number_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        found = list_tickets(
            session,
            kinds=kinds,
            with_closed=query_data.with_closed,
            after=after,
            limit=query_data.limit + 1,
        )
        return page(
            found,
            query_data.limit,
            key=lambda one: one.id,
            write=partial(describe_ticket, sealer=resources().sealer),
        )

    return kept(read)


@hotline.post(f"/hotline/tickets/{_REFERENCE}/assign")
@needs(Permission.TICKETS_WORK)
@hotline.input(AssignIn)
@hotline.output(TicketOut)
@once()
def assign(reference: str, json_data: AssignIn) -> Deed:
    """Take a ticket.

    Nobody loses one without being named.
    """

    def do(session: Session) -> dict[str, object]:
        taken = assign_ticket(
            session,
            reference,
            caller().person,
            instead_of=json_data.instead_of,
            now=resources().now(),
        )
        return describe_ticket(taken, sealer=resources().sealer)

    return do


@hotline.post(f"/hotline/tickets/{_REFERENCE}/answer")
@needs(Permission.TICKETS_WORK)
@hotline.input(ToldIn)
@hotline.output(TicketOut)
@once()
def tell(reference: str, json_data: ToldIn) -> Deed:
    """Keep what the caller was told."""

    def do(session: Session) -> dict[str, object]:
        sealer = resources().sealer
        told = answer_ticket(
            session, reference, json_data.text, sealer=sealer, now=resources().now()
        )
        return describe_ticket(told, sealer=sealer)

    return do


@hotline.post(f"/hotline/tickets/{_REFERENCE}/close")
@needs(Permission.TICKETS_WORK)
@hotline.output(TicketOut)
@once()
def close(reference: str) -> Deed:
    """Close a ticket for good."""

    def do(session: Session) -> dict[str, object]:
        closed = close_ticket(session, reference, now=resources().now())
        return describe_ticket(closed, sealer=resources().sealer)

    return do


@hotline.post(f"/hotline/tickets/{_REFERENCE}/reveal")
@needs(Permission.TICKETS_REVEAL)
@hotline.output(TicketNumberOut)
def reveal(reference: str) -> Response:
    """Show the number to call back.

    The look is recorded.
    """
    found = resources()
    with writing() as session:
        shown = reveal_number(
            session, reference, caller().person, sealer=found.sealer, now=found.now()
        )
    return answer({"reference": reference, "number": shown.number, "said": shown.said})


@hotline.post(f"/hotline/tickets/{_REFERENCE}/voice")
@needs(Permission.TICKETS_REVEAL)
@hotline.output(FileSchema(type="string", format="binary"), content_type="audio/wav")
def hear(reference: str) -> Response:
    """Hear what the caller said.

    The look is recorded. A WAV file; it is here within a minute of the call, and deleted thirty
    days after the ticket is closed.
    """
    found = resources()
    with writing() as session:
        ticket = open_voice(session, reference, caller().person, now=found.now())
        sound = open_voice_file(found, ticket.voice)
    return Response(sound, content_type="audio/wav", headers={"Cache-Control": "no-store"})


@hotline.get("/hotline/statistics")
@needs(Permission.STATISTICS_READ)
@hotline.input(Stretch, location="query")
@hotline.output({})
def statistics(query_data: Stretch) -> Response:
    """Count calls by topic, language, commune and hour, and texts by what they asked for.

    No number and no person is in any of it; communes with fewer than five calls are shown as 0.
    """
    until = query_data.until or resources().now()
    since = query_data.since or until - USUAL_STRETCH
    with reading() as session:
        return answer(count_calls(session, since=since, until=until).document())

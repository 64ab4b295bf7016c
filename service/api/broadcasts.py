"""Broadcasts: launching what is signed, watching it, holding it up, and its ledger."""

from datetime import datetime

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.broadcasts.controls import (
    OPERATOR_PAUSED,
    find_broadcasts,
    get_broadcast,
    pause,
    resume,
    stop,
    stop_all,
)
from campaigns.broadcasts.launching import Launched
from campaigns.broadcasts.ledger import Ledger, Split, draw_and_split
from campaigns.deliveries import Broadcast
from service.api.kept import kept, kept_value
from service.api.once import once
from service.api.orders import OrderOut
from service.api.paging import PageQuery, cursor_of, number_in
from service.api.requests import answer, needs, reading, resources
from service.planning import ask_for_sending, launch_plan
from service.resources import open_queue

broadcasts = APIBlueprint("broadcasts", __name__, tag="Broadcasts")
_ID = "<int(max=9223372036854775807):number>"


class BroadcastOut(BaseModel):
    """One execution of a signed plan."""

    broadcast: int
    plan: int
    title: str
    state: str
    urgent: bool
    note: str
    launched_at: datetime
    finished_at: datetime | None


class BroadcastPage(BaseModel):
    items: list[BroadcastOut]
    next: str | None


class BroadcastList(BaseModel):
    items: list[BroadcastOut]


class AcceptedByOut(BaseModel):
    """How sure we are of accepted texts; silent is accepted and not heard of since."""

    network: int
    handset: int
    failed: int
    silent: int


class LedgerOut(BaseModel):
    """Where every delivery stands; ``planned`` is the sum of all others while ``balanced``.

    ``ordered`` is what carriers were asked to send themselves: their own figures, in no sum.
    """

    broadcast: int
    planned: int
    skipped: dict[str, int]
    cancelled: int
    expired: int
    refused: dict[str, int]
    in_flight: int
    accepted: int
    unknown: int
    accepted_by: AcceptedByOut
    failed: dict[str, int]
    ordered: list[OrderOut]
    balanced: bool
    settled: bool


class CommuneOut(BaseModel):
    """How many deliveries of one commune stand where."""

    area: str
    states: dict[str, int]


class CommuneList(BaseModel):
    items: list[CommuneOut]


@broadcasts.post(f"/plans/{_ID}/broadcast")
@needs(Permission.BROADCASTS_LAUNCH)
@broadcasts.output(BroadcastOut, status_code=201)
def launch_signed(number: int) -> Response:
    """Launch a signed plan.

    Its texts begin to leave, in the order of levels and inside its hours. The plan is drawn up
    again on today's people and must still be what was signed.
    """
    begun: list[Launched] = []

    def do(session: Session) -> dict[str, object]:
        begun.append(launch_plan(session, str(number), resources()))
        return _document(begun[0].broadcast)

    with open_queue(resources().settings) as redis:
        redis.ping()
        said = once(do, status=201)
        for launched in begun:
            ask_for_sending(redis, launched)
    return said


@broadcasts.get("/broadcasts")
@needs(Permission.BROADCASTS_READ)
@broadcasts.input(PageQuery, location="query")
@broadcasts.output(BroadcastPage)
def list_all(query_data: PageQuery) -> Response:
    """List broadcasts.

    The newest first.
    """
    before = number_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        found = find_broadcasts(session, before=before, limit=query_data.limit + 1)
        page = found[: query_data.limit]
        more = cursor_of(page[-1].id) if len(found) > len(page) else None
        return {"items": [_document(one) for one in page], "next": more}

    return kept(read)


@broadcasts.get(f"/broadcasts/{_ID}")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(BroadcastOut)
def show(number: int) -> Response:
    """Show a broadcast."""
    with reading() as session:
        return answer(_document(get_broadcast(session, number)))


@broadcasts.get(f"/broadcasts/{_ID}/ledger")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(LedgerOut)
def show_ledger(number: int) -> Response:
    """Show a broadcast's ledger.

    Where every single delivery stands at this moment, or a second ago; with millions of them,
    as long ago as counting them takes three times.
    """
    ledger, _ = _count(number)
    return answer(ledger.document())


@broadcasts.get(f"/broadcasts/{_ID}/communes")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(CommuneList)
def show_communes(number: int) -> Response:
    """Count a broadcast's deliveries by commune and state.

    They are those of the ledger, at the same moment.
    """
    _, split = _count(number)
    return answer({"items": [{"area": area, "states": split[area]} for area in sorted(split)]})


@broadcasts.post(f"/broadcasts/{_ID}/pause")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
def pause_one(number: int) -> Response:
    """Pause a broadcast.

    No further batch leaves; what carriers have already still arrives.
    """
    now = resources().now()
    return once(lambda session: _document(pause(session, number, now=now, note=OPERATOR_PAUSED)))


@broadcasts.post(f"/broadcasts/{_ID}/resume")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
def resume_one(number: int) -> Response:
    """Go on with a paused broadcast."""
    return once(lambda session: _document(resume(session, number, now=resources().now())))


@broadcasts.post(f"/broadcasts/{_ID}/stop")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
def stop_one(number: int) -> Response:
    """Stop a broadcast for good.

    What has not left yet is cancelled.
    """
    return once(lambda session: _document(stop(session, number, now=resources().now())))


@broadcasts.post("/broadcasts/stop-all")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastList)
def stop_every_one() -> Response:
    """Stop everything that is being sent.

    Answers which broadcasts were stopped by this.
    """

    def do(session: Session) -> dict[str, object]:
        stopped = stop_all(session, now=resources().now())
        return {"items": [_document(one) for one in stopped]}

    return once(do)


def _count(number: int) -> tuple[Ledger, Split]:
    def count(session: Session) -> tuple[Ledger, Split]:
        get_broadcast(session, number)
        return draw_and_split(session, number)

    counted: tuple[Ledger, Split] = kept_value(f"deliveries of {number}", count)
    return counted


def _document(broadcast: Broadcast) -> dict[str, object]:
    return {
        "broadcast": broadcast.id,
        "plan": broadcast.plan_id,
        "title": broadcast.title,
        "state": broadcast.state.value,
        "urgent": broadcast.is_urgent,
        "note": broadcast.note,
        "launched_at": broadcast.launched_at,
        "finished_at": broadcast.finished_at,
    }

"""Broadcasts: launching what is signed, watching it, holding it up, and its ledger."""

from contextlib import suppress
from datetime import datetime
from functools import partial

from apiflask import APIBlueprint
from flask import Response, after_this_request
from pydantic import BaseModel
from redis.exceptions import RedisError
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
from campaigns.broadcasts.launching import Launched, require_not_launched
from campaigns.broadcasts.ledger import draw_and_split
from campaigns.deliveries import Broadcast
from campaigns.errands import ErrandKind
from campaigns.plans.approvals import get_plan, require_approval
from service.api.errands import AS_ERRAND, ErrandOut, answer_errand, give_errand, point_to_errand
from service.api.kept import Written, kept, kept_value, write
from service.api.once import Deed, once
from service.api.orders import OrderOut
from service.api.paging import PageQuery, number_in, page
from service.api.requests import needs, reading, resources
from service.planning import ask_for_sending, launch_plan
from service.resources import open_queue

broadcasts = APIBlueprint("broadcasts", __name__, tag="Broadcasts")
_ID = "<int(max=9223372036854775807):number>"


class BroadcastOut(BaseModel):
    """One execution of a signed plan; ``waits_until`` is when its hours open, if they are not."""

    broadcast: int
    plan: int
    title: str
    state: str
    urgent: bool
    note: str
    waits_until: datetime | None
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

    ``despite_opt_out`` is how many of those accepted went to people who had opted out.
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
    despite_opt_out: int
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
@broadcasts.doc(responses=AS_ERRAND)
@once(status=201, finish=point_to_errand)
def launch_signed(number: int) -> Deed | tuple[Deed, int]:
    """Launch a signed plan.

    Its texts begin to leave, in the order of levels and inside its hours. The plan is drawn up
    again on today's people and must still be what was signed. A plan for very many people is
    launched by a worker: then the answer is 202, and `Location` tells how far it is.
    """
    with reading() as session:
        is_long = get_plan(session, str(number)).recipients >= resources().settings.errand_from
    if is_long:
        return give_errand(ErrandKind.LAUNCH, str(number), check=partial(_check, number))
    with open_queue(resources().settings) as redis:
        redis.ping()

    def do(session: Session) -> dict[str, object]:
        launched = launch_plan(session, str(number), resources())
        after_this_request(partial(_begin_sending, launched))
        return _document(launched.broadcast)

    return do


@broadcasts.get(f"/broadcasts/errands/{_ID}")
@needs(Permission.BROADCASTS_LAUNCH)
@broadcasts.output(ErrandOut)
def show_errand(number: int) -> Response:
    """Show how far a launch is that a worker carries out."""
    return answer_errand(number, ErrandKind.LAUNCH)


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
        return page(found, query_data.limit, key=lambda one: one.id, write=_document)

    return kept(read)


@broadcasts.get(f"/broadcasts/{_ID}")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(BroadcastOut)
def show(number: int) -> Response:
    """Show a broadcast."""
    return kept(lambda session: _document(get_broadcast(session, number)))


@broadcasts.get(f"/broadcasts/{_ID}/ledger")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(LedgerOut)
def show_ledger(number: int) -> Response:
    """Show a broadcast's ledger.

    Where every single delivery stands at this moment, or a second ago; with millions of them,
    as long ago as counting them takes nine times.
    """
    ledger, _ = _count(number)
    return ledger.answer()


@broadcasts.get(f"/broadcasts/{_ID}/communes")
@needs(Permission.BROADCASTS_READ)
@broadcasts.output(CommuneList)
def show_communes(number: int) -> Response:
    """Count a broadcast's deliveries by commune and state.

    They are those of the ledger, at the same moment.
    """
    _, communes = _count(number)
    return communes.answer()


@broadcasts.post(f"/broadcasts/{_ID}/pause")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
@once()
def pause_one(number: int) -> Deed:
    """Pause a broadcast.

    No further batch leaves; what carriers have already still arrives.
    """
    now = resources().now()
    return lambda session: _document(pause(session, number, now=now, note=OPERATOR_PAUSED))


@broadcasts.post(f"/broadcasts/{_ID}/resume")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
@once()
def resume_one(number: int) -> Deed:
    """Go on with a paused broadcast."""
    return lambda session: _document(resume(session, number, now=resources().now()))


@broadcasts.post(f"/broadcasts/{_ID}/stop")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastOut)
@once()
def stop_one(number: int) -> Deed:
    """Stop a broadcast for good.

    What has not left yet is cancelled.
    """
    return lambda session: _document(stop(session, number, now=resources().now()))


@broadcasts.post("/broadcasts/stop-all")
@needs(Permission.BROADCASTS_CONTROL)
@broadcasts.output(BroadcastList)
@once()
def stop_every_one() -> Deed:
    """Stop everything that is being sent.

    Answers which broadcasts were stopped by this.
    """

    def do(session: Session) -> dict[str, object]:
        stopped = stop_all(session, now=resources().now())
        return {"items": [_document(one) for one in stopped]}

    return do


def _begin_sending(launched: Launched, said: Response) -> Response:
    # Whatever the queue does, the broadcast is launched, and the clock finds it.
    with suppress(RedisError), open_queue(resources().settings) as redis:
        ask_for_sending(redis, launched)
    return said


def _check(number: int, session: Session) -> None:
    """Raise what needs no worker to be seen."""
    plan = get_plan(session, str(number))
    require_not_launched(session, plan)
    require_approval(session, plan)


def _count(number: int) -> tuple[Written, Written]:
    """Return the ledger and its communes, written from one count."""

    def count(session: Session) -> tuple[Written, Written]:
        get_broadcast(session, number)
        ledger, split = draw_and_split(session, number)
        communes = [{"area": area, "states": split[area]} for area in sorted(split)]
        return write(ledger.document()), write({"items": communes})

    counted: tuple[Written, Written] = kept_value(f"deliveries of {number}", count)
    return counted


def _document(broadcast: Broadcast) -> dict[str, object]:
    return {
        "broadcast": broadcast.id,
        "plan": broadcast.plan_id,
        "title": broadcast.title,
        "state": broadcast.state.value,
        "urgent": broadcast.is_urgent,
        "note": broadcast.note,
        "waits_until": broadcast.waits_until(resources().now()),
        "launched_at": broadcast.launched_at,
        "finished_at": broadcast.finished_at,
    }

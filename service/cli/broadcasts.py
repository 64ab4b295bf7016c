"""Commands about what is being sent, and its ledger."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import (
    OPERATOR_PAUSED,
    get_broadcast,
    list_broadcasts,
    pause,
    resume,
    stop,
    stop_all,
)
from campaigns.broadcasts.ledger import Ledger, draw_ledger
from campaigns.deliveries import Broadcast
from campaigns.local_time import local_iso, local_minute
from campaigns.partners.orders import describe_orders, withdraw_order
from service.cli.ledger_views import say_waiting, show_ledger, show_progress
from service.cli.output import NOTES, Answer, answering
from service.database import reading
from service.planning import order_from
from service.resources import Resources, open_resources

LOOK_EVERY_S = 0.5
PATIENCE_S = 20.0


@click.group()
def broadcasts() -> None:
    """What is being sent, and its ledger."""


@broadcasts.command("list")
@answering
def list_command() -> Answer:
    """List all broadcasts, the newest first."""
    with open_resources() as resources, reading(resources.sessions) as session:
        known, now = list_broadcasts(session), resources.now()
    table = Table("no.", "title", "state", "launched", "note", box=None)
    for broadcast in known:
        table.add_row(
            str(broadcast.id),
            broadcast.title,
            broadcast.state,
            local_minute(broadcast.launched_at),
            broadcast.note,
        )
    return Answer([broadcast_document(broadcast, now=now) for broadcast in known], [table])


@broadcasts.command("status")
@click.argument("broadcast_id", metavar="ID", type=int)
@click.option("--watch", is_flag=True, help="Follow it until it is over; Ctrl-C stops watching.")
@answering
def status_command(broadcast_id: int, watch: bool) -> Answer:  # noqa: FBT001 - click
    """Show where broadcast ID stands."""
    with open_resources() as resources:
        broadcast, ledger = look(resources, broadcast_id)
        if watch:
            broadcast, ledger = follow(resources, broadcast_id)
        now = resources.now()
    document = broadcast_document(broadcast, now=now) | {"ledger": ledger.document()}
    return Answer(document, [_headline(broadcast, now=now), show_progress(ledger)])


@broadcasts.command("ledger")
@click.argument("broadcast_id", metavar="ID", type=int)
@answering
def ledger_command(broadcast_id: int) -> Answer:
    """Print the ledger of broadcast ID: where every single delivery stands."""
    with open_resources() as resources:
        _, ledger = look(resources, broadcast_id)
    return Answer(ledger.document(), [show_ledger(ledger)], refused=not ledger.is_balanced)


@broadcasts.command("pause")
@click.argument("broadcast_id", metavar="ID", type=int)
@answering
def pause_command(broadcast_id: int) -> Answer:
    """Pause broadcast ID: batches that carriers already have still arrive."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        paused = pause(session, broadcast_id, now=now, note=OPERATOR_PAUSED)
        return _answer(session, paused, now=now)


@broadcasts.command("resume")
@click.argument("broadcast_id", metavar="ID", type=int)
@answering
def resume_command(broadcast_id: int) -> Answer:
    """Go on with a paused broadcast."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        return _answer(session, resume(session, broadcast_id, now=now), now=now)


@broadcasts.command("stop")
@click.argument("broadcast_id", metavar="ID", type=int)
@answering
def stop_command(broadcast_id: int) -> Answer:
    """End broadcast ID for good: what has not left yet is cancelled."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        return _answer(session, stop(session, broadcast_id, now=now), now=now)


@broadcasts.command("stop-all")
@answering
def stop_all_command() -> Answer:
    """End every broadcast that is not over."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        stopped = stop_all(session, now=now)
        shown: list[RenderableType] = [_headline(broadcast, now=now) for broadcast in stopped]
        return Answer(
            [broadcast_document(broadcast, now=now) for broadcast in stopped],
            shown or ["Nothing was being sent."],
        )


@broadcasts.command("order")
@click.argument("plan")
@click.option("--partner", required=True, help="Whose network it is; see `loa partners status`.")
@answering
def order_command(plan: str, partner: str) -> Answer:
    """Order the signed PLAN from a carrier, who sends it to everybody in its areas."""
    with open_resources() as resources, resources.sessions.begin() as session:
        made = order_from(session, plan, partner, resources)
        (document,) = describe_orders(session, [made])
    said = f"Order {made.id} to {partner}, as broadcast {made.broadcast_id}; digest {made.digest}."
    return Answer(document | {"document": made.terms}, [said])


@broadcasts.command("orders")
@click.argument("broadcast_id", metavar="ID", type=int)
@answering
def orders_command(broadcast_id: int) -> Answer:
    """Show what was ordered as broadcast ID, and what carriers say became of it."""
    with open_resources() as resources:
        _, ledger = look(resources, broadcast_id)
    return Answer({"orders": ledger.ordered}, [show_ledger(ledger)])


@broadcasts.command("withdraw-order")
@click.argument("number", type=int)
@answering
def withdraw_order_command(number: int) -> Answer:
    """Withdraw order NUMBER; call the carrier, too: what it has sent cannot be called back."""
    with open_resources() as resources, resources.sessions.begin() as session:
        order = withdraw_order(session, number, now=resources.now())
        (document,) = describe_orders(session, [order])
    said = f"Order {number} to {document['partner']} is withdrawn. Call the carrier as well."
    return Answer(document, [said])


def look(resources: Resources, broadcast_id: int) -> tuple[Broadcast, Ledger]:
    """Return a broadcast and its ledger at this moment."""
    with reading(resources.sessions) as session:
        return get_broadcast(session, broadcast_id), draw_ledger(session, broadcast_id)


def follow(resources: Resources, broadcast_id: int) -> tuple[Broadcast, Ledger]:
    """Show a progress bar until the broadcast is over or the watcher presses Ctrl-C."""
    with suppress(KeyboardInterrupt):
        for broadcast, _ in watch(resources, broadcast_id):
            if broadcast.is_over:
                break
    return look(resources, broadcast_id)


def follow_receipts(resources: Resources, broadcast_id: int, *, tend: Callable[[], None]) -> Ledger:
    """Show a progress bar until every accepted text was heard of, or none was for a while.

    *tend* is called at every look, so that whoever runs the processes can keep them alive.
    """
    heard, heard_at = -1, time.monotonic()
    for broadcast, ledger in watch(resources, broadcast_id):
        tend()
        by = ledger.accepted_by
        if (news := by.handset + by.failed + by.network) != heard:
            heard, heard_at = news, time.monotonic()
        silent_for = time.monotonic() - heard_at
        if broadcast.is_over and (not by.silent + by.network or silent_for > PATIENCE_S):
            return ledger
    raise AssertionError("watching never ends by itself")


def watch(resources: Resources, broadcast_id: int) -> Iterator[tuple[Broadcast, Ledger]]:
    """Yield the broadcast and its ledger again and again, with a progress bar on screen."""
    broadcast, ledger = look(resources, broadcast_id)
    try:
        begun = _progress(resources, broadcast, ledger)
        with Live(begun, console=NOTES, refresh_per_second=4) as live:
            while True:
                yield broadcast, ledger
                time.sleep(LOOK_EVERY_S)
                broadcast, ledger = look(resources, broadcast_id)
                live.update(_progress(resources, broadcast, ledger))
    finally:
        if not NOTES.is_terminal:
            NOTES.line()


def _progress(resources: Resources, broadcast: Broadcast, ledger: Ledger) -> RenderableType:
    return Group(show_progress(ledger), say_waiting(broadcast, now=resources.now()))


def broadcast_document(broadcast: Broadcast, *, now: datetime) -> dict[str, object]:
    waits_until = broadcast.waits_until(now)
    return {
        "broadcast": broadcast.id,
        "plan": broadcast.plan_id,
        "title": broadcast.title,
        "state": broadcast.state,
        "urgent": broadcast.is_urgent,
        "note": broadcast.note,
        "waits_until": local_iso(waits_until),
        "launched_at": broadcast.launched_at.isoformat(),
        "finished_at": broadcast.finished_at.isoformat() if broadcast.finished_at else None,
    }


def _answer(session: Session, broadcast: Broadcast, *, now: datetime) -> Answer:
    session.flush()
    return Answer(broadcast_document(broadcast, now=now), [_headline(broadcast, now=now)])


def _headline(broadcast: Broadcast, *, now: datetime) -> str:
    note = f" ({broadcast.note})" if broadcast.note else ""
    said = f"Broadcast {broadcast.id}, {broadcast.title}: {broadcast.state}{note}."
    return f"{said} {say_waiting(broadcast, now=now)}".rstrip()

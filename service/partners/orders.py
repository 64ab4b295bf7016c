"""Orders for partners: what they are asked to send to everybody in an area, and their counts."""

import base64
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel, Field

from campaigns.partners.keys import PartnerScope
from campaigns.partners.orders import (
    AreaOrder,
    Counted,
    describe_orders,
    get_order,
    orders_of,
    report_order,
)
from service.api.given import Code, Given
from service.api.orders import OrderOut
from service.api.requests import answer, reading, resources, writing
from service.partners.forms import CSV, JSON, write_csv
from service.partners.requests import asking_actor, asking_partner, needs_scope

orders = APIBlueprint("partner_orders", __name__, tag="Partners: orders")
_ID = "<int(max=9223372036854775807):number>"
_FIELDS = ("area", "name", "language", "segments", "sender", "hours", "not_after", "text")
Count = Annotated[int, Field(ge=0, lt=10**9)]


class OrdersOut(BaseModel):
    """Orders to you, the newest first; do not carry out what was withdrawn."""

    orders: list[OrderOut]


class CountedIn(Given):
    """Of so many texts sent, so many delivered and failed so far."""

    sent: Count
    delivered: Count
    failed: Count

    @property
    def counted(self) -> Counted:
        return Counted(self.sent, self.delivered, self.failed)


class OrderReportIn(CountedIn):
    """What became of an order, in all, and by the codes of its areas where you count so."""

    areas: Annotated[dict[Code, CountedIn], Field(max_length=20_000)] = Field(default_factory=dict)


@orders.get("/orders")
@needs_scope(PartnerScope.ORDERS_CARRY_OUT)
@orders.output(OrdersOut)
def list_orders() -> Response:
    """List the orders to you, with what you reported of each."""
    with reading() as session:
        found = orders_of(session, asking_partner())
        return answer({"orders": describe_orders(session, found)})


@orders.get(f"/orders/{_ID}")
@needs_scope(PartnerScope.ORDERS_CARRY_OUT)
def show_order(number: int) -> Response:
    """Show an order: texts, areas by their official codes, window, document and digest.

    As JSON or, with `Accept: text/csv`, as a table to be printed. The digest is the SHA-256 of
    the file in JSON; `Loa-Signature` signs the very bytes of the answer, in base64.
    """
    with reading() as session:
        order = get_order(session, asking_partner(), number)
    is_csv = request.accept_mimetypes.best_match([JSON, CSV]) == CSV
    content = as_csv(order) if is_csv else order.content
    signature = resources().sealer.signer.sign(content) if is_csv else order.signature
    said = Response(content, content_type=f"{CSV}; charset=utf-8" if is_csv else JSON)
    said.vary.add("Accept")
    said.headers["Loa-Digest"] = order.digest
    said.headers["Loa-Signature"] = base64.b64encode(signature).decode()
    said.headers["Loa-Withdrawn"] = "true" if order.withdrawn_at else "false"
    return said


@orders.post(f"/orders/{_ID}/report")
@needs_scope(PartnerScope.ORDERS_CARRY_OUT)
@orders.input(OrderReportIn)
@orders.output(OrderOut)
def report(number: int, json_data: OrderReportIn) -> Response:
    """Report what became of an order.

    Send the whole count again when there is more; the newest report counts, all stay on record.
    """
    with writing(asking_actor()) as session:
        order = get_order(session, asking_partner(), number)
        areas = {code: one.counted for code, one in json_data.areas.items()}
        total, now = json_data.counted, resources().now()
        report_order(session, order, total, areas=areas, now=now)
        return answer(describe_orders(session, [order])[0])


def as_csv(order: AreaOrder) -> bytes:
    """Write *order* as a table: a line for each area and language."""
    terms = order.terms
    names = {area["code"]: area["name"] for area in terms["areas"]}
    rows: list[dict[str, Any]] = [
        {
            "area": code,
            "name": names[code],
            "language": text["language"],
            "segments": text["segments"],
            "sender": terms["sender"],
            "hours": terms["window"]["hours"],
            "not_after": terms["window"]["not_after"],
            "text": text["body"],
        }
        for text in terms["texts"]
        for code in text["areas"]
    ]
    # Excel reads Vietnamese only in a file that begins so.
    return b"\xef\xbb\xbf" + write_csv(rows, fields=_FIELDS)

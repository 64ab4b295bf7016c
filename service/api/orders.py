"""Orders: a signed plan that a carrier sends itself to everybody in its areas."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.broadcasts.controls import get_broadcast
from campaigns.partners.orders import describe_orders, orders_in, withdraw_order
from service.api.given import Given
from service.api.once import Deed, once
from service.api.requests import answer, needs, reading, resources
from service.planning import order_from

orders = APIBlueprint("orders", __name__, tag="Broadcasts")
_ID = "<int(max=9223372036854775807):number>"


class CountedOut(BaseModel):
    """What a carrier counted in one area."""

    sent: int
    delivered: int
    failed: int


class FigureOut(CountedOut):
    """A carrier's own figure, which nobody here has counted; ``label`` says so."""

    label: str
    areas: dict[str, CountedOut]
    received_at: str


class OrderOut(BaseModel):
    """One order to one partner; ``reported`` is the carrier's own figure, once there is one."""

    order: int
    broadcast: int
    partner: str
    digest: str
    made_at: str
    withdrawn_at: str | None
    reported: FigureOut | None


class OrderList(BaseModel):
    items: list[OrderOut]


class OrderIn(Given):
    """From whom it is ordered."""

    partner: Annotated[str, Field(min_length=1, max_length=40)]


@orders.post(f"/plans/{_ID}/order")
@needs(Permission.BROADCASTS_LAUNCH)
@orders.input(OrderIn)
@orders.output(OrderOut, status_code=201)
@once(status=201)
def order_signed(number: int, json_data: OrderIn) -> Deed:
    """Order a signed plan from a carrier.

    It sends the text to everybody in the plan's areas and reports counts. A plan is either
    launched or ordered, so that nobody is texted twice.
    """

    def do(session: Session) -> object:
        order = order_from(session, str(number), json_data.partner, resources())
        return describe_orders(session, [order])[0]

    return do


@orders.get(f"/broadcasts/{_ID}/orders")
@needs(Permission.BROADCASTS_READ)
@orders.output(OrderList)
def list_orders(number: int) -> Response:
    """List a broadcast's orders, with the carriers' own figures."""
    with reading() as session:
        get_broadcast(session, number)
        return answer({"items": describe_orders(session, orders_in(session, number))})


@orders.post(f"/orders/{_ID}/withdraw")
@needs(Permission.BROADCASTS_CONTROL)
@orders.output(OrderOut)
@once()
def withdraw(number: int) -> Deed:
    """Withdraw an order.

    The carrier sees it at its next look; what it has sent cannot be called back, so call it, too.
    """

    def do(session: Session) -> object:
        order = withdraw_order(session, number, now=resources().now())
        return describe_orders(session, [order])[0]

    return do

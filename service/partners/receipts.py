"""Receipts for partners: what became of texts to their networks, from a feed without a gap."""

from datetime import date, datetime
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from campaigns.base import LARGEST_ID
from campaigns.partners.keys import PartnerScope
from campaigns.partners.models import FeedState
from campaigns.partners.reading import FIELDS, Wanted, read_feed
from service.api.given import Given, Line, Moment
from service.api.kinds import INVALID
from service.api.refusals import Refusal, RefusedError
from service.api.requests import reading
from service.partners.forms import Answering
from service.partners.requests import asking_partner, needs_scope, references_of

receipts = APIBlueprint("partner_receipts", __name__, tag="Partners: receipts")
USUAL = 1000
MOST = 50_000


class ReceiptOut(BaseModel):
    """One step of one text. ``reference`` is the text's name; ``sid`` the gateway's for it.

    ``code`` is the carrier's own word for why it failed, and the reasons are ours. ``day`` is the
    province's day on which the text was handed over.
    """

    seq: int
    reference: str
    state: str
    at: datetime
    code: str
    reason_vi: str
    reason_en: str
    sid: str
    sender: str
    segments: int
    carrier_by_prefix: str
    carrier_actual: str
    day: date | None


class ReceiptsOut(BaseModel):
    """A stretch of the feed; ask for what follows with ``after`` = ``next``.

    ``last`` is the number of the last entry there is: while ``next`` is smaller, there is more.
    """

    receipts: list[ReceiptOut]
    next: int
    last: int


class ReceiptsQuery(Given):
    """What is asked for: entries after a number; perhaps only some of them."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST)] = USUAL
    since: Moment | None = None
    until: Moment | None = None
    sender: Annotated[Line, Field(max_length=11)] = ""
    state: FeedState = FeedState.NOTHING


@receipts.get("/receipts")
@needs_scope(PartnerScope.RECEIPTS_READ)
@receipts.input(ReceiptsQuery, location="query")
@receipts.output(ReceiptsOut)
def list_receipts(query_data: ReceiptsQuery) -> Response:
    """List what became of texts to your networks.

    In the order in which we heard of it, numbered without a gap. As JSON, or as
    `application/x-ndjson` or `text/csv`, whichever `Accept` asks for; there `next` and `last` are
    in the headers `Loa-Next` and `Loa-Last`. An `after` beyond the last entry is refused: then
    either side has lost something, and nothing would ever come.
    """
    partner = asking_partner()
    wanted = Wanted(
        after=query_data.after,
        limit=query_data.limit,
        since=query_data.since,
        until=query_data.until,
        sender=query_data.sender,
        state=query_data.state,
    )
    answering, references = Answering("receipts", FIELDS), references_of(partner)
    with reading() as session:
        reached = read_feed(session, partner, wanted, references=references, take=answering.take)
    if wanted.after > reached.last:
        why = (
            f"`after` is {wanted.after}, and the last entry there is has the number {reached.last}."
        )
        raise RefusedError(Refusal(INVALID, why))
    return answering.answer({"next": reached.after, "last": reached.last})

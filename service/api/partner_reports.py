"""Partners' settlements, for operators' programs, and a partner's own file beside them."""

import io
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.partners.accounts import get_partner
from campaigns.partners.acknowledgements import acknowledged_settlements
from campaigns.partners.months import read_month
from campaigns.partners.reconciling import reconciling
from campaigns.partners.references import References
from campaigns.partners.settlements import list_settlements
from campaigns.partners.statements import read_statement
from service.api.given import Given
from service.api.kept import kept
from service.api.requests import answer, needs, reading, resources, writing
from workers.settlements import settle_days

partner_reports = APIBlueprint("partner_settlements", __name__, tag="Partners")
MOST_DAYS = 400
MOST_DIFFERENCES = 1000


class SettlementLineOut(BaseModel):
    """So many texts of one day, sender, state and length; a correction may be below nothing."""

    day: date
    kind: str
    sender: str
    state: str
    segments_per_text: int
    texts: int
    segments: int


class SettlementOut(BaseModel):
    """One day's settlement with one partner, and when it was acknowledged."""

    day: date
    digest: str
    previous_digest: str
    made_at: datetime
    acknowledged_at: datetime | None
    lines: list[SettlementLineOut]


class SettlementList(BaseModel):
    """Settlements in the order of their days; ask for what follows with ``after`` = ``next``."""

    items: list[SettlementOut]
    next: date | None


class SettledOut(BaseModel):
    """How many days were settled just now."""

    settled: int


class SigningKeyOut(BaseModel):
    """The public key that settlements and orders are signed with: Ed25519, as openssl reads it."""

    public_key: str


class SettlementsQuery(Given):
    """After which day."""

    after: date | None = None


class MonthQuery(Given):
    """Which month the file is about, as in 2026-11."""

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class TotalOut(BaseModel):
    texts: int
    segments: int


class SideOut(TotalOut):
    states: dict[str, TotalOut]


class DisputedOut(BaseModel):
    ours: TotalOut
    theirs: TotalOut


class DifferenceOut(BaseModel):
    """One difference; ``row`` is the file's, and null where only we have the text."""

    kind: str
    row: int | None
    reference: str | None
    sid: str | None
    day: str | None
    ours_state: str
    theirs_state: str
    ours_segments: int | None
    theirs_segments: int | None
    reason: str


class ReconciliationOut(BaseModel):
    """Both sides of a month. ``differences`` counts them by kind; ``list`` has the first."""

    partner: str
    month: str
    ours: SideOut
    theirs: SideOut
    agreed: TotalOut
    disputed: DisputedOut
    differences: dict[str, int]
    list: list[DifferenceOut]


@partner_reports.get("/partners/<name>/reports")
@needs(Permission.PARTNERS_READ)
@partner_reports.input(SettlementsQuery, location="query")
@partner_reports.output(SettlementList)
def list_reports(name: str, query_data: SettlementsQuery) -> Response:
    """List the settlements with a partner, and which of them it has acknowledged."""

    def read(session: Session) -> dict[str, Any]:
        partner = get_partner(session, name)
        seen = acknowledged_settlements(session, partner)
        found = list_settlements(session, partner, after=query_data.after, limit=MOST_DAYS + 1)
        items = [
            {
                "day": one.day,
                "digest": one.digest,
                "previous_digest": one.previous_digest,
                "made_at": one.made_at,
                "acknowledged_at": seen.get(one.id),
                "lines": one.lines,
            }
            for one in found[:MOST_DAYS]
        ]
        more = len(found) > MOST_DAYS
        return {"items": items, "next": items[-1]["day"] if more else None}

    return kept(read)


@partner_reports.post("/partners/<name>/reports")
@needs(Permission.PARTNERS_MANAGE)
@partner_reports.output(SettledOut)
def settle(name: str) -> Response:
    """Make whatever settlement is due with a partner.

    The clock does so every day at 01:00. A day is settled once, so no `Idempotency-Key` is asked
    for, and one that is not over never is.
    """
    with reading() as session:
        partner = get_partner(session, name)
    found = resources()
    signer = found.sealer.signer
    return answer(
        {"settled": settle_days(writing, reading, partner, signer=signer, now=found.now())}
    )


@partner_reports.get("/signing-key")
@needs(Permission.PARTNERS_READ)
@partner_reports.output(SigningKeyOut)
def show_signing_key() -> Response:
    """Show the key that settlements and orders can be verified with."""
    return answer({"public_key": resources().sealer.signer.public_pem})


@partner_reports.post("/partners/<name>/reconcile")
@needs(Permission.PARTNERS_READ)
@partner_reports.input(MonthQuery, location="query")
@partner_reports.output(ReconciliationOut)
def reconcile(name: str, query_data: MonthQuery) -> Response:
    """Compare a partner's own file of a month with ours.

    The body is the CSV, of at most one megabyte; `loa partners reconcile` takes any. Nothing is
    changed by it. The first thousand differences are listed, and all are counted.
    """
    body = io.BytesIO(request.get_data())
    with (
        reading() as session,
        read_statement(body, name="the file") as statement,
    ):
        partner = get_partner(session, name)
        references = References(resources().sealer, partner.id)
        month = read_month(query_data.month)
        with reconciling(session, partner, month, statement, references=references) as found:
            first = list(islice(found.differences(), MOST_DIFFERENCES))
            return answer(found.summary() | {"list": first})

"""Settlements for partners: the signed file of each day, and that a partner has it."""

import base64
from datetime import date, datetime
from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel, Field

from campaigns.base import LARGEST_ID
from campaigns.partners.acknowledgements import (
    acknowledge_receipts,
    acknowledge_settlement,
    acknowledged_settlements,
    get_settlement,
)
from campaigns.partners.errors import UnknownSettlementError
from campaigns.partners.keys import PartnerScope
from campaigns.partners.settlements import PartnerSettlement, list_settlements
from service.api.given import Given
from service.api.requests import answer, reading, resources, writing
from service.partners.forms import CSV, JSON
from service.partners.requests import asking_actor, asking_partner, needs_scope
from service.partners.settlement_files import as_csv, signature_of_csv

reports = APIBlueprint("partner_reports", __name__, tag="Partners: settlements")
_DAY = "<string(maxlength=10):day>"
MOST = 400


class ReportOut(BaseModel):
    """One day's settlement, without its lines; the file is at ``/reports/<day>``."""

    day: date
    digest: str
    previous_digest: str
    first_seq: int
    last_seq: int
    made_at: datetime
    acknowledged_at: datetime | None


class ReportsOut(BaseModel):
    """Settlements in the order of their days; ask for what follows with ``after`` = ``next``."""

    reports: list[ReportOut]
    next: date | None


class ReportsQuery(Given):
    """After which day."""

    after: date | None = None


class FormQuery(Given):
    """Which of a settlement's files is meant."""

    form: Literal["json", "csv"] = "json"


class AcknowledgementIn(Given):
    """What you have read: the settlement of a day, with its digest; the feed up to a number."""

    report: date | None = None
    digest: Annotated[str, Field(max_length=64)] = ""
    receipts: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = None


class AcknowledgementOut(BaseModel):
    """Since when the settlement is acknowledged, and how far you have read the feed by now."""

    report: date | None
    acknowledged_at: datetime | None
    receipts: int


@reports.get("/reports")
@needs_scope(PartnerScope.REPORTS_READ)
@reports.input(ReportsQuery, location="query")
@reports.output(ReportsOut)
def list_reports(query_data: ReportsQuery) -> Response:
    """List the settlements with you.

    One for each day, at one o'clock of the next morning, also where nothing was sent.
    """
    partner = asking_partner()
    with reading() as session:
        found = list_settlements(session, partner, after=query_data.after, limit=MOST + 1)
        seen = acknowledged_settlements(session, partner)
    page = found[:MOST]
    rows = [_row(one, seen.get(one.id)) for one in page]
    return answer({"reports": rows, "next": page[-1].day if len(found) > MOST else None})


@reports.get("/reports/key")
@needs_scope(PartnerScope.REPORTS_READ)
def show_key() -> Response:
    """Show the key that every settlement and order is signed with.

    An Ed25519 public key as openssl reads it. Keep it: it does not change.
    """
    pem = resources().sealer.signer.public_pem
    return Response(pem, content_type="application/x-pem-file")


@reports.get(f"/reports/{_DAY}")
@needs_scope(PartnerScope.REPORTS_READ)
def show_report(day: str) -> Response:
    """Show one day's settlement, such as that of 2026-11-20.

    As JSON or, with `Accept: text/csv`, as a table. The digest is the SHA-256 of the file in
    JSON; `Loa-Signature` signs the very bytes of the answer, in base64.
    """
    found = _find(day)
    is_csv = request.accept_mimetypes.best_match([JSON, CSV]) == CSV
    content = as_csv(found) if is_csv else found.content
    said = Response(content, content_type=f"{CSV}; charset=utf-8" if is_csv else JSON)
    said.vary.add("Accept")
    said.headers["Loa-Digest"] = found.digest
    said.headers["Loa-Signature"] = base64.b64encode(_signature(found, is_csv=is_csv)).decode()
    return said


@reports.get(f"/reports/{_DAY}/signature")
@needs_scope(PartnerScope.REPORTS_READ)
@reports.input(FormQuery, location="query")
def show_signature(day: str, query_data: FormQuery) -> Response:
    """Show the signature of one of a settlement's files, in 64 bytes as openssl reads them."""
    signature = _signature(_find(day), is_csv=query_data.form == "csv")
    return Response(signature, content_type="application/octet-stream")


@reports.post("/acknowledgements")
@needs_scope(PartnerScope.REPORTS_ACKNOWLEDGE)
@reports.input(AcknowledgementIn)
@reports.output(AcknowledgementOut)
def acknowledge(json_data: AcknowledgementIn) -> Response:
    """Say that you have a settlement, by its digest, or how far you have read your feed.

    Said again it changes nothing, so no `Idempotency-Key` is asked for.
    """
    partner, actor, now = asking_partner(), asking_actor(), resources().now()
    with writing(actor) as session:
        since = None
        if json_data.report is not None:
            since = acknowledge_settlement(
                session,
                partner,
                json_data.report,
                digest=json_data.digest,
                source=actor.source,
                now=now,
            )
        seq = acknowledge_receipts(session, partner, seq=json_data.receipts or 0, now=now)
    return answer({"report": json_data.report, "acknowledged_at": since, "receipts": seq})


def _find(day: str) -> PartnerSettlement:
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise UnknownSettlementError("Write the day as 2026-11-20. Nothing was changed.") from None
    with reading() as session:
        return get_settlement(session, asking_partner(), wanted)


def _signature(found: PartnerSettlement, *, is_csv: bool) -> bytes:
    return signature_of_csv(found, resources().sealer.signer) if is_csv else found.signature


def _row(one: PartnerSettlement, acknowledged_at: datetime | None) -> dict[str, object]:
    return {
        "day": one.day,
        "digest": one.digest,
        "previous_digest": one.previous_digest,
        "first_seq": one.first_seq,
        "last_seq": one.last_seq,
        "made_at": one.made_at,
        "acknowledged_at": acknowledged_at,
    }

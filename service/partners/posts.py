"""Posts: receipts that carriers and aggregators hand in themselves, signed and batch by batch."""

import csv
import hashlib

import orjson
from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel

from campaigns.broadcasts.posted_rows import RowResult
from campaigns.broadcasts.posting import take_posted
from campaigns.partners.endpoints import PartnerEndpoint, secrets_of
from campaigns.partners.keys import PartnerScope
from campaigns.partners.models import Partner
from campaigns.partners.posts import LONGEST_ID, claim_post, keep_post
from service.api.partner_kinds import NOT_SIGNED, REUSED_ID, UNREADABLE
from service.api.refusals import Refusal, RefusedError
from service.api.requests import answer, as_json, reading, resources, writing
from service.partners.forms import CSV
from service.partners.requests import asking_actor, asking_partner, needs_scope, references_of
from service.pushes.signatures import ID, SIGNATURE, TIMESTAMP, is_signed

posts = APIBlueprint("partner_posts", __name__, tag="Partners: receipts")
MOST_ROWS = 5_000


class RowOut(BaseModel):
    """A row that was not taken: its number, from 1, why in a word, and in two languages."""

    row: int
    result: str
    vi: str
    en: str


class PostOut(BaseModel):
    """What became of a batch. ``known`` rows were heard before; those in ``rows`` were not taken.

    All others are kept; only what is in ``rows`` need be mended and posted again.
    """

    taken: int
    known: int
    not_taken: int
    rows: list[RowOut]


@posts.post("/receipts")
@needs_scope(PartnerScope.RECEIPTS_WRITE)
@posts.output(PostOut)
def post_receipts() -> Response:
    """Post what became of texts on your network.

    As JSON, `{"receipts": [{"reference": "...", "state": "handset"}]}`, or as `text/csv` under a
    heading; each row has `reference` or `sid`, `state` (`network`, `handset` or `failed`) or an
    agreed `code`, and perhaps `at` and `carrier`. Signed as Standard Webhooks says with your
    secret. A `webhook-id` that was taken before is answered as it was.
    """
    partner, body = asking_partner(), request.get_data()
    message_id = _require_signed(partner, body)
    raws = _read_rows(body)
    asked = hashlib.sha256(body).hexdigest()
    now = resources().now()
    with writing(asking_actor()) as session:
        known = claim_post(session, partner, message_id, asked=asked, now=now)
        if known is None:
            results = take_posted(
                session, partner, raws, references=references_of(partner), now=now
            )
            said = as_json(_describe(results))
            keep_post(session, partner, message_id, said=said)
            return answer(orjson.Fragment(said))
        if known.asked != asked:
            raise RefusedError(Refusal(REUSED_ID))
        return answer(orjson.Fragment(known.said), Idempotency_Replayed="true")


def _require_signed(partner: Partner, body: bytes) -> str:
    """Return the batch's id, or raise RefusedError unless *partner* has signed it just now."""
    given = {name: request.headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE)}
    message_id = given[ID]
    with reading() as session:
        endpoint = session.get(PartnerEndpoint, partner.id)
    secrets = (
        secrets_of(endpoint, sealer=resources().sealer, now=resources().now()) if endpoint else ()
    )
    is_sane = 0 < len(message_id) <= LONGEST_ID and "\x00" not in message_id
    if not is_sane or not is_signed(body, given, secrets=secrets):
        raise RefusedError(Refusal(NOT_SIGNED))
    return message_id


def _read_rows(body: bytes) -> list[object]:
    try:
        rows = _read_csv(body) if request.mimetype == CSV else _read_json(body)
    except ValueError:
        raise RefusedError(Refusal(UNREADABLE)) from None
    if not 0 < len(rows) <= MOST_ROWS:
        raise RefusedError(Refusal(UNREADABLE))
    return rows


def _read_json(body: bytes) -> list[object]:
    document = orjson.loads(body)
    rows = document.get("receipts") if isinstance(document, dict) else None
    return rows if isinstance(rows, list) else []


def _read_csv(body: bytes) -> list[object]:
    lines = body.decode("utf-8-sig").splitlines()
    try:
        # What stands beyond the heading is under no name, and makes the row malformed.
        rows = csv.DictReader(lines, restkey="?", restval="", strict=True)
        headings = rows.fieldnames or ()
        if len(set(headings)) < len(headings):
            raise ValueError("a heading stands twice")
        return list(rows)
    except csv.Error:
        raise ValueError("csv") from None


def _describe(results: list[RowResult]) -> dict[str, object]:
    rows = [
        {"row": number, "result": result.value, "vi": result.words[0], "en": result.words[1]}
        for number, result in enumerate(results, start=1)
        if result not in {RowResult.TAKEN, RowResult.KNOWN}
    ]
    return {
        "taken": results.count(RowResult.TAKEN),
        "known": results.count(RowResult.KNOWN),
        "not_taken": len(rows),
        "rows": rows,
    }

"""Campaigns: documents and their revisions, and what they would do to real people now."""

import json
from datetime import datetime

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.complaints import Complaint
from campaigns.definitions.canonical import canonical_json
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign
from campaigns.errors import DefinitionError
from campaigns.plans.planning import draft_plan
from campaigns.plans.summaries import summarise
from campaigns.revisions import (
    Revision,
    get_newest_revision,
    keep_revision,
    list_campaigns,
    lock_campaign,
    newest_by_slug,
)
from service.api.kept import kept
from service.api.kinds import EDITED, NO_ETAG, UNKNOWN_ETAG
from service.api.local_texts import without_others
from service.api.paging import PageQuery, number_in, page
from service.api.refusals import Refusal, RefusedError
from service.api.requests import answer, caller, needs, reading, resources, writing
from service.api.stores import STEADY
from service.planning import terms_of

campaigns = APIBlueprint("campaigns", __name__, tag="Campaigns")
_SLUG = "<string(maxlength=80):slug>"


class RevisionOut(BaseModel):
    """One version of a campaign's document, which never changes."""

    campaign: str
    title: str
    revision: int
    digest: str
    author: str
    created_at: datetime


class CampaignOut(RevisionOut):
    """The newest version of a campaign, with its document."""

    document: CampaignDocument


class CampaignPage(BaseModel):
    items: list[RevisionOut]
    next: str | None


@campaigns.get("/campaigns")
@needs(Permission.CAMPAIGNS_READ)
@campaigns.input(PageQuery, location="query")
@campaigns.output(CampaignPage)
def list_all(query_data: PageQuery) -> Response:
    """List campaigns.

    The newest first, each in its newest revision, without documents.
    """
    before = number_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        found = list_campaigns(session, before=before, limit=query_data.limit + 1)
        return page(found, query_data.limit, key=lambda one: one.campaign_id, write=_revision)

    return kept(read, fresh=STEADY)


@campaigns.get(f"/campaigns/{_SLUG}")
@needs(Permission.CAMPAIGNS_READ)
@campaigns.output(CampaignOut)
def show(slug: str) -> Response:
    """Show a campaign's newest document.

    Its ETag is what a change has to name in `If-Match`.
    """
    with reading() as session:
        revision = get_newest_revision(session, slug)
    return _shown(revision)


@campaigns.put(f"/campaigns/{_SLUG}")
@needs(Permission.CAMPAIGNS_WRITE)
@campaigns.output(CampaignOut)
def put(slug: str) -> Response:
    """Write a campaign's document.

    JSON, or YAML as on the command line. A new campaign needs no condition. A change names the
    ETag it was made from in `If-Match`; where somebody was faster, the answer says which fields
    they changed. Signatures under earlier revisions are void then.
    """
    document = _read(slug)
    given = request.headers.get("If-Match", "").strip().strip('"')
    now = resources().now()
    with writing() as session:
        lock_campaign(session, slug, now=now)
        newest = newest_by_slug(session, slug)
        if newest is None and given:
            raise RefusedError(Refusal(UNKNOWN_ETAG))
        if newest is not None and newest.content != canonical_json(document):
            _require_newest(session, newest, given)
        revision = keep_revision(
            session, document, author=caller().person.login, revise=True, now=now
        )
        return _shown(revision)


@campaigns.post(f"/campaigns/{_SLUG}/dry-run")
@needs(Permission.CAMPAIGNS_READ)
@campaigns.output({}, status_code=200)
def dry_run(slug: str) -> Response:
    """Plan a campaign without keeping anything.

    What the newest revision would do to real people at this moment. A commune editor sees samples
    of their own areas.
    """
    with reading() as session:
        revision = get_newest_revision(session, slug)
        terms = terms_of(resources().settings)
        draft = draft_plan(session, revision.document, terms=terms, now=resources().now())
        return answer(without_others(session, summarise(draft)))


def _require_newest(session: Session, newest: Revision, given: str) -> None:
    """Raise RefusedError unless *given* is the ETag of *newest*."""
    if not given:
        raise RefusedError(Refusal(NO_ETAG))
    if given == newest.digest:
        return
    base = newest_by_slug(session, newest.campaign.slug, digest=given)
    if base is None:
        raise RefusedError(Refusal(UNKNOWN_ETAG))
    raise RefusedError(Refusal(EDITED, errors=_changes(base, newest)))


def _read(slug: str) -> CampaignDocument:
    source = request.get_data().decode("utf-8", "replace")
    document = read_campaign(source, name="the request")
    if document.campaign != slug:
        wrong = Complaint(1, "campaign", "is not the name in the address", f"Write {slug}")
        raise DefinitionError([wrong])
    return document


def _changes(base: Revision, newest: Revision) -> tuple[Complaint, ...]:
    """Return which fields differ between the version somebody began with and the newest."""
    before, after = json.loads(base.content), json.loads(newest.content)
    return tuple(
        Complaint(0, field, f"was changed by {newest.author}", "Look at it in the newest version")
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    )


def _shown(revision: Revision) -> Response:
    document = _revision(revision) | {"document": json.loads(revision.content)}
    return answer(document, ETag=f'"{revision.digest}"')


def _revision(revision: Revision) -> dict[str, object]:
    return {
        "campaign": revision.campaign.slug,
        "title": json.loads(revision.content)["title"],
        "revision": revision.number,
        "digest": revision.digest,
        "author": revision.author,
        "created_at": revision.created_at,
    }

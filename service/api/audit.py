"""The audit trail of what people did."""

from datetime import datetime
from typing import Any

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.audit import AuditEntry, list_entries
from service.api.kept import kept
from service.api.paging import PageQuery, number_in, page
from service.api.requests import needs

audit = APIBlueprint("audit", __name__, tag="Audit")


class EntryOut(BaseModel):
    """One link of the audit chain."""

    number: int
    at: datetime
    actor: str
    source: str
    action: str
    subject: str
    detail: dict[str, Any]
    before: str
    after: str
    previous: str
    digest: str


class EntryPage(BaseModel):
    items: list[EntryOut]
    next: str | None


@audit.get("/audit")
@needs(Permission.AUDIT_READ)
@audit.input(PageQuery, location="query")
@audit.output(EntryPage)
def list_audit(query_data: PageQuery) -> Response:
    """List the audit trail.

    From its beginning, so that a program can follow it and check every link.
    """
    after = number_in(query_data.after) or 0

    def read(session: Session) -> dict[str, object]:
        found = list_entries(session, after=after, limit=query_data.limit + 1)
        return page(found, query_data.limit, key=lambda one: one.number, write=_entry)

    return kept(read)


def _entry(entry: AuditEntry) -> dict[str, object]:
    document = {name: getattr(entry, name) for name in EntryOut.model_fields}
    return document | {"detail": orjson.loads(entry.detail)}

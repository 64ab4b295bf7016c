"""Imports: lists of subscribers handed over by programs, and what became of them."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import orjson
from apiflask import APIBlueprint
from flask import Response, abort, request
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.areas import get_area
from campaigns.audit import record
from campaigns.base import LARGEST_ID
from campaigns.local_time import local_day
from campaigns.subscribers.uploads import (
    LONGEST_NAME,
    Upload,
    UploadState,
    Wish,
    get_upload,
    keep_upload,
    list_uploads,
    read_parts,
)
from service.api.given import Given
from service.api.kept import kept
from service.api.once import Deed, once
from service.api.paging import PageQuery, number_in, page
from service.api.requests import answer, caller, needs, reading, resources, takes, writing

# Some two million people; larger lists are split, or imported by the command line.
LARGEST_LIST = 100 * 1024 * 1024
_LONGEST_NAME_BYTES = 200
_ID = "<int(max=9223372036854775807):number>"

imports = APIBlueprint("imports", __name__, tag="Subscribers")


def _is_file_name(name: str) -> str:
    if name in {".", ".."} or len(name.encode()) > _LONGEST_NAME_BYTES:
        raise ValueError("this is no name of a file")
    return name


class ListQuery(Given):
    """What the list is called, and how it is to be imported; the body is the list itself."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^/\\\x00-\x1f\x7f]+$"),
        AfterValidator(_is_file_name),
    ]
    area: Annotated[str, Field(max_length=16)] = ""
    complete: bool = False
    dry_run: bool = False


class OutcomeOut(BaseModel):
    """What an import did, or a dry run would do; counts are of people unless they say rows."""

    rows_read: int
    rows_rejected: int
    rejected: dict[str, int]
    duplicates: int
    entered: int
    changed: int
    returned: int
    left: int
    unchanged: int
    opted_out: int
    erased: int
    by_area: dict[str, dict[str, int]]
    warnings: list[str]


class ImportOut(BaseModel):
    """One import: how far it is, and in the end what it did or why the list was refused."""

    number: int = Field(alias="import")
    name: str
    by: str
    area: str | None
    complete: bool
    dry_run: bool
    state: UploadState
    uploaded_at: datetime
    ended_at: datetime | None
    rows_read: int
    outcome: OutcomeOut | None
    refused_because: str | None
    rejects: str | None


class ImportPage(BaseModel):
    items: list[ImportOut]
    next: str | None


def _point_to_it(said: Response) -> None:
    number = orjson.loads(said.data)["import"]
    said.headers["Location"] = f"/api/v1/subscribers/imports/{number}"


@imports.post("/subscribers/imports")
@needs(Permission.SUBSCRIBERS_IMPORT)
@takes(LARGEST_LIST)
@imports.input(ListQuery, location="query")
@imports.output(ImportOut, status_code=202)
@once(status=202, finish=_point_to_it)
def hand_over(query_data: ListQuery) -> Deed:
    """Hand over a list of subscribers.

    A CSV, XLSX or NDJSON of at most 100 MB, whatever its type is called. A worker imports it,
    wholly or not at all; look at the address in `Location` for how far it is.
    """
    content = request.get_data()
    wish = Wish(
        query_data.name,
        query_data.area or None,
        is_complete=query_data.complete,
        is_dry_run=query_data.dry_run,
    )

    def do(session: Session) -> dict[str, object]:
        now = resources().now()
        if wish.area_code is not None:
            get_area(session, wish.area_code, on=local_day(now))
        upload = keep_upload(
            session,
            content,
            wish,
            person=caller().person,
            source=caller().actor.source,
            sealer=resources().sealer,
            now=now,
        )
        return _document(upload, by=caller().person.login)

    return do


@imports.get("/subscribers/imports")
@needs(Permission.SUBSCRIBERS_IMPORT)
@imports.input(PageQuery, location="query")
@imports.output(ImportPage)
def list_all(query_data: PageQuery) -> Response:
    """List imports.

    Of the last days, the newest first.
    """
    before = number_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        found = list_uploads(session, before=before, limit=query_data.limit + 1)
        return page(
            found,
            query_data.limit,
            key=lambda one: one.id,
            write=lambda one: _document(one, by=one.person.login),
        )

    return kept(read)


@imports.get(f"/subscribers/imports/{_ID}")
@needs(Permission.SUBSCRIBERS_IMPORT)
@imports.output(ImportOut)
def show(number: int) -> Response:
    """Show how far an import is, or what it did."""
    with reading() as session:
        upload = get_upload(session, min(number, LARGEST_ID))
        return answer(_document(upload, by=upload.person.login))


@imports.get(f"/subscribers/imports/{_ID}/rejects")
@needs(Permission.SUBSCRIBERS_IMPORT)
@imports.output({}, content_type="text/csv")
def send_rejects(number: int) -> Response:
    """Fetch the rows that were refused.

    A CSV with the columns of the list, the row's number and the reason, to be mended and imported
    again. It can be fetched for seven days; the look is recorded.
    """
    # Unsealed before anything is locked: a writer would wait for it.
    with reading() as session:
        upload = get_upload(session, min(number, LARGEST_ID))
        if not upload.has_rejects:
            abort(HTTPStatus.NOT_FOUND)
        content = b"".join(read_parts(session, upload, is_rejects=True, sealer=resources().sealer))
    with writing() as session:
        record(session, "rejects.fetched", f"import:{upload.id}", now=resources().now())
    return Response(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-{number}-rejects.csv"'},
    )


def _document(upload: Upload, *, by: str) -> dict[str, object]:
    path = f"/api/v1/subscribers/imports/{upload.id}/rejects"
    is_done = upload.state is UploadState.DONE
    return {
        "import": upload.id,
        "name": upload.name,
        "by": by,
        "area": upload.area_code,
        "complete": upload.is_complete,
        "dry_run": upload.is_dry_run,
        "state": upload.state.value,
        "uploaded_at": upload.uploaded_at,
        "ended_at": upload.ended_at,
        "rows_read": upload.rows_read,
        "outcome": orjson.loads(upload.said) if is_done else None,
        "refused_because": upload.said if upload.state is UploadState.REFUSED else None,
        "rejects": path if upload.has_rejects else None,
    }

"""What the hotline says, as it was written: its files in editions, its answers in versions."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from hotline.answers.versions import AnswerVersion, versions_of
from hotline.editions import Edition, get_edition, list_editions
from hotline.loading import load_set, read_set
from service.api.given import Given
from service.api.once import Deed, once
from service.api.paging import PageQuery, number_in, page
from service.api.requests import answer, caller, needs, reading, resources

editions = APIBlueprint("editions", __name__, tag="Hotline")
_ID = "<int(max=9223372036854775807):number>"
_MOST_FILES = 60


class EditionOut(BaseModel):
    """One set of the hotline's files; the newest one runs."""

    edition: int
    digest: str
    author: str
    loaded_at: datetime


class EditionPage(BaseModel):
    items: list[EditionOut]
    next: str | None


class FilesOut(EditionOut):
    """An edition with its files, by name."""

    files: dict[str, str]


class FilesIn(Given):
    """A complete set of files by name, such as ``script.yaml`` and ``answers/vaccination.yaml``."""

    files: Annotated[
        dict[Annotated[str, Field(max_length=100)], str],
        Field(min_length=1, max_length=_MOST_FILES),
    ]


class LoadedOut(BaseModel):
    """The edition that runs now, and how many answers wait for approval because of it."""

    edition: int
    answers_waiting: int


class VersionOut(BaseModel):
    """One version of an answer, approved or not."""

    code: str
    version: int
    topic: str
    owner: str
    author: str
    written_at: datetime
    approver: str
    approved_at: datetime | None
    document: dict[str, Any]


class VersionList(BaseModel):
    items: list[VersionOut]


@editions.get("/hotline/editions")
@needs(Permission.HOTLINE_READ)
@editions.input(PageQuery, location="query")
@editions.output(EditionPage)
def list_all(query_data: PageQuery) -> Response:
    """List the editions of the hotline's files.

    The newest first; that one runs.
    """
    before = number_in(query_data.after)
    with reading() as session:
        found = list_editions(session, before=before, limit=query_data.limit + 1)
    return answer(page(found, query_data.limit, key=lambda one: one.id, write=_edition))


@editions.get(f"/hotline/editions/{_ID}")
@needs(Permission.HOTLINE_READ)
@editions.output(FilesOut)
def show(number: int) -> Response:
    """Show an edition with all of its files."""
    with reading() as session:
        found = get_edition(session, number)
        return answer(_edition(found) | {"files": orjson.loads(found.files)})


@editions.post("/hotline/editions")
@needs(Permission.HOTLINE_WRITE)
@editions.input(FilesIn)
@editions.output(LoadedOut, status_code=201)
@once(status=201)
def load(json_data: FilesIn) -> Deed:
    """Load a complete set of the hotline's files.

    A set with any fault is refused, and what runs stays. Menus hold from the next turn of any
    call on; answers that say something else than before wait for approval, and until then the
    approved ones are spoken.
    """
    found = read_set(json_data.files)

    def do(session: Session) -> dict[str, object]:
        author = caller().person.login
        loaded = load_set(session, found, author=author, now=resources().now())
        return {"edition": loaded.edition, "answers_waiting": loaded.answers}

    return do


@editions.get("/hotline/answers/<string(maxlength=40):code>/versions")
@needs(Permission.HOTLINE_READ)
@editions.output(VersionList)
def list_versions(code: str) -> Response:
    """List every version of an answer.

    The newest first, with who wrote and who approved it.
    """
    with reading() as session:
        return answer({"items": [_version(one) for one in versions_of(session, code)]})


def _edition(edition: Edition) -> dict[str, object]:
    return {
        "edition": edition.id,
        "digest": edition.digest,
        "author": edition.author,
        "loaded_at": edition.loaded_at,
    }


def _version(version: AnswerVersion) -> dict[str, object]:
    plain = ("code", "version", "topic", "owner", "author", "written_at", "approver", "approved_at")
    document = {name: getattr(version, name) for name in plain}
    return document | {"document": orjson.loads(version.document)}

"""Errands: what would take long is answered with 202 and carried out by a worker."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.complaints import Complaint
from campaigns.errands import Errand, ErrandKind, ErrandState, get_errand, keep_errand
from service.api.once import Deed
from service.api.problems import Problem, document_of, language_asked
from service.api.refusals import Refusal
from service.api.remedies import EVERY_KIND
from service.api.requests import answer, caller, reading, resources

_KINDS = {kind.slug: kind for kind in EVERY_KIND}
_PREFIX = "/api/v1"
_ADDRESSES = {ErrandKind.SUBMIT: "plans", ErrandKind.LAUNCH: "broadcasts"}


class ErrandOut(BaseModel):
    """One errand: how far it is, and in the end the address of what came of it, or why nothing did.

    ``problem`` is what the request would have been answered with.
    """

    errand: int
    address: str
    state: ErrandState
    asked_at: datetime
    ended_at: datetime | None
    result: str | None
    problem: Problem | None


# How the description says that an address may answer so.
AS_ERRAND: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "A worker does it; `Location` says how far it is",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrandOut"}}},
    }
}


def give_errand(
    kind: ErrandKind, subject: str, *, check: Callable[[Session], object]
) -> tuple[Deed, int]:
    """Have a worker do it, in the caller's name; what *check* raises is refused at once."""

    def keep(session: Session) -> dict[str, object]:
        check(session)
        asking = caller()
        errand = Errand(
            kind=kind,
            subject=subject,
            person_id=asking.person.id,
            source=asking.actor.source,
            key_id=asking.key.id if asking.key else None,
            session_id=asking.session.id if asking.session else None,
            asked_at=resources().now(),
        )
        return _document(keep_errand(session, errand))

    return keep, HTTPStatus.ACCEPTED


def point_to_errand(said: Response) -> None:
    """Name in *said* where the errand is, if there is one."""
    if said.status_code == HTTPStatus.ACCEPTED:
        said.headers["Location"] = orjson.loads(said.data)["address"]


def answer_errand(number: int, kind: ErrandKind) -> Response:
    """Answer how far an errand of this *kind* is."""
    with reading() as session:
        return answer(_document(get_errand(session, number, kind)))


def _document(errand: Errand) -> dict[str, object]:
    made = f"{_PREFIX}/{_ADDRESSES[errand.kind]}/{errand.made}"
    return {
        "errand": errand.id,
        "address": f"{_PREFIX}/{_ADDRESSES[errand.kind]}/errands/{errand.id}",
        "state": errand.state.value,
        "asked_at": errand.asked_at,
        "ended_at": errand.ended_at,
        "result": made if errand.state is ErrandState.DONE else None,
        "problem": _problem(errand) if errand.state is ErrandState.FAILED else None,
    }


def _problem(errand: Errand) -> dict[str, object]:
    said = orjson.loads(errand.said)
    errors = tuple(Complaint(**one) for one in said["errors"])
    refusal = Refusal(_KINDS[errand.refused], said["detail"], errors)
    return document_of(refusal, language_asked())

"""Answers: what the hotline says, version by version, and who approved it."""

from datetime import datetime
from typing import Any

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from hotline.answers.bank import AnswerBank, load_bank
from hotline.answers.versions import AnswerVersion, approve_answers, newest_versions
from service.api.kept import kept
from service.api.once import Deed, once
from service.api.paging import PageQuery, page, text_in
from service.api.requests import caller, needs, resources
from service.api.stores import STEADY

answers = APIBlueprint("answers", __name__, tag="Hotline")


class AnswerOut(BaseModel):
    """The newest version of one answer, whether it is approved, and what is spoken now."""

    code: str
    version: int
    topic: str
    owner: str
    author: str
    approver: str
    approved_at: datetime | None
    needs: str
    spoken_now: str | None
    document: dict[str, Any]


class AnswerPage(BaseModel):
    items: list[AnswerOut]
    next: str | None


@answers.get("/hotline/answers")
@needs(Permission.HOTLINE_READ)
@answers.input(PageQuery, location="query")
@answers.output(AnswerPage)
def list_answers(query_data: PageQuery) -> Response:
    """List the answers.

    By code, each in its newest version, with the one that is spoken at this moment.
    """
    after = text_in(query_data.after)

    def read(session: Session) -> dict[str, object]:
        bank = load_bank(session)
        found = newest_versions(session, after=after, limit=query_data.limit + 1)
        return page(
            found,
            query_data.limit,
            key=lambda one: one.code,
            write=lambda one: _answer(one, bank),
        )

    return kept(read, fresh=STEADY)


@answers.post("/hotline/answers/<string(maxlength=40):code>/approve")
@needs(Permission.ANSWERS_APPROVE)
@answers.output(AnswerOut)
@once()
def approve(code: str) -> Deed:
    """Approve an answer's newest version.

    Medical ones need the health data owner, all others the content approver; nobody approves
    what they wrote. It is spoken from the next turn of any call on.
    """

    def do(session: Session) -> dict[str, object]:
        approve_answers(session, [code], person=caller().person, now=resources().now())
        (version,) = [one for one in newest_versions(session) if one.code == code]
        return _answer(version, load_bank(session))

    return do


def _answer(version: AnswerVersion, bank: AnswerBank) -> dict[str, object]:
    spoken = bank.find(version.code, at=resources().now())
    return {
        "code": version.code,
        "version": version.version,
        "topic": version.topic,
        "owner": version.owner,
        "author": version.author,
        "approver": version.approver,
        "approved_at": version.approved_at,
        "needs": version.needed_role.value,
        "spoken_now": f"{spoken.code} v{spoken.version}" if spoken else None,
        "document": orjson.loads(version.document),
    }

"""The peer of the interface: Flask and SQLAlchemy as tutorials show them, on the same tables.

Pages are cut with OFFSET and say how many rows there are, progress is counted when it is asked
for, a related row is fetched when it is looked at. The key is looked up once; no limit is kept.
"""

import hashlib
import json
import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, g, jsonify, request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, lazyload, sessionmaker

from benchmarks.peers import serve_peer
from campaigns.access.keys import ApiKey
from campaigns.areas import Area
from campaigns.audit import AuditEntry
from campaigns.deliveries import Broadcast, BroadcastText, Delivery
from campaigns.figures import DayFigures
from campaigns.levels import level_at
from campaigns.partners.models import FeedEntry
from campaigns.people import Person
from campaigns.revisions import Campaign, newest_revision
from campaigns.subscribers.models import Subscriber, may_be_texted
from campaigns.subscribers.uploads import Upload
from hotline.answers.versions import AnswerVersion
from hotline.tickets import Ticket, TicketState
from service.database import open_engine

DATABASE = "LOA_BENCH_DATABASE"
THREADS = 4
_PAGE = 50
View = Callable[[Session], Any]


def application() -> Flask:
    """Build the application on the database that the environment names."""
    app = Flask(__name__)
    sessions = sessionmaker(open_engine(os.environ[DATABASE]))

    @app.before_request
    def open_session() -> None:
        g.session = sessions()
        _, _, text = request.headers.get("Authorization", "").partition(" ")
        # What follows the word and the number; it may hold lines of its own.
        digest = hashlib.sha256(text.split("_", 2)[-1].encode()).hexdigest()
        if g.session.scalar(select(ApiKey).where(ApiKey.digest == digest)) is None:
            abort(HTTPStatus.UNAUTHORIZED)

    @app.teardown_request
    def close_session(_: BaseException | None) -> None:
        g.session.close()

    app.add_url_rule("/partner/v1/receipts", "receipts", _list_receipts)
    for path, view in VIEWS.items():
        app.add_url_rule(f"/api/v1{path}", path, _answering(view))
    return app


def _answering(view: View) -> Callable[..., Response]:
    return lambda **_: jsonify(view(g.session))


def _list_receipts() -> Response:
    """List a partner's feed as lines, page by page, with whatever belongs to a row looked up."""
    query = (
        select(FeedEntry)
        .where(FeedEntry.seq > request.args.get("after", 0, type=int))
        .order_by(FeedEntry.seq)
        .limit(request.args.get("limit", _PAGE, type=int))
    )
    lines = []
    for entry in g.session.scalars(query):
        sender = g.session.get_one(Broadcast, entry.broadcast_id).sender
        lines.append(json.dumps(_row(entry) | {"sender": sender}, default=str))
    return Response("\n".join(lines), content_type="application/x-ndjson")


def _page(session: Session, query: Select[Any]) -> dict[str, Any]:
    page = request.args.get("page", 1, type=int)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    rows = session.scalars(query.offset((page - 1) * _PAGE).limit(_PAGE)).all()
    return {"items": [_row(row) for row in rows], "total": total}


def _row(row: Any) -> dict[str, Any]:
    columns = (column.key for column in row.__table__.columns)
    return {key: value for key in columns if not isinstance(value := getattr(row, key), bytes)}


def _campaigns(session: Session) -> Any:
    page = _page(session, select(Campaign).order_by(Campaign.id.desc()))
    for item in page["items"]:
        revision = newest_revision(session, item["id"])
        item["revision"] = revision and revision.number
        item["title"] = revision and revision.document.title
    return page


def _areas(session: Session) -> Any:
    page = {"items": [_row(area) for area in session.scalars(select(Area).order_by(Area.code))]}
    for item in page["items"]:
        decision = level_at(session, item["code"], at=func.now())  # type: ignore[arg-type]
        item["level"] = decision and decision.level
    return page


def _count(session: Session, *keys: Any) -> list[list[Any]]:
    number = int((request.view_args or {})["number"])
    query = select(*keys, func.count()).where(Delivery.broadcast_id == number)
    if BroadcastText.area_code in keys:
        query = query.join(BroadcastText, BroadcastText.id == Delivery.text_id)
    return [list(row) for row in session.execute(query.group_by(*keys))]


def _show(session: Session) -> Any:
    broadcast = session.get_one(Broadcast, int((request.view_args or {})["number"]))
    return _row(broadcast) | {"progress": _count(session, Delivery.state)}


def _subscribers(session: Session) -> Any:
    splits = (Subscriber.area_code, Subscriber.language, Subscriber.carrier_guess)
    reachable = may_be_texted()
    return {
        split.key: [
            list(row)
            for row in session.execute(select(split, func.count()).where(reachable).group_by(split))
        ]
        for split in splits
    }


def _uploads(session: Session) -> Any:
    query = select(Upload).options(lazyload(Upload.person)).order_by(Upload.id.desc())
    return _page(session, query)


VIEWS: dict[str, View] = {
    "/campaigns": _campaigns,
    "/areas": _areas,
    "/broadcasts": lambda session: _page(session, select(Broadcast).order_by(Broadcast.id.desc())),
    "/broadcasts/<number>": _show,
    "/broadcasts/<number>/ledger": lambda session: _count(
        session, Delivery.state, Delivery.reason, Delivery.outcome
    ),
    "/broadcasts/<number>/communes": lambda session: _count(
        session, BroadcastText.area_code, Delivery.state
    ),
    "/subscribers/counts": _subscribers,
    "/people": lambda session: _page(session, select(Person).order_by(Person.login)),
    "/audit": lambda session: _page(session, select(AuditEntry).order_by(AuditEntry.number)),
    "/hotline/tickets": lambda session: _page(
        session,
        select(Ticket).where(Ticket.state != TicketState.CLOSED).order_by(Ticket.urgency),
    ),
    "/hotline/answers": lambda session: _page(
        session, select(AnswerVersion).order_by(AnswerVersion.code)
    ),
    "/subscribers/imports": _uploads,
    "/figures": lambda session: _page(session, select(DayFigures).order_by(DayFigures.id)),
}


if __name__ == "__main__":
    serve_peer("benchmarks.interface_peer", threads=THREADS)

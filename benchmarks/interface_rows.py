"""The province that the interface is asked about: a million people, a broadcast that is sent."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from benchmarks.launching import TERMS
from campaigns.access.keys import add_key
from campaigns.areas import Area
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign
from campaigns.deliveries import Broadcast
from campaigns.figures import Delivered, deliver_figures
from campaigns.levels import decide_level
from campaigns.people import Person, Role, add_person, get_person
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.models import Plan
from campaigns.plans.planning import draft_plan
from campaigns.revisions import keep_revision
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload, UploadState
from hotline.answers.versions import approve_answers
from hotline.call_records import Call, CallState
from hotline.loading import load_set, read_set, shipped_files
from hotline.tickets import Ticket, TicketKind, TicketState
from service.database import open_sessions
from service.demonstration import CAMPAIGN

PROGRAMS = 8
_OTHER_BROADCASTS = 200
_TICKETS = 300
_UPLOADS = 100
_COLLEAGUES = 40
_WRITTEN_AT_ONCE = 50
_TEXTS_PER_S = 1000
_DEEDS_PER_S = 10
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# No number can be read from these rows; nothing that is asked here looks at one.
_SUBSCRIBERS = """
INSERT INTO subscribers (fingerprint, sealed, area_code, language, tags, carrier_guess,
                         opted_out_at, created_at, updated_at)
SELECT decode(md5(n::text), 'hex'), decode(md5(n::text) || md5((-n)::text), 'hex'),
       (:codes ::text[])[1 + n % :areas], (ARRAY['vi', 'vi', 'vi', 'zh', 'en'])[1 + n % 5], '',
       (ARRAY['viettel', 'vinaphone', 'mobifone'])[1 + n % 3],
       CASE WHEN n > :rows THEN now() END, now(), now()
FROM generate_series(1, :rows + :rows / 50) AS n
"""
_PROGRESS = """
UPDATE deliveries SET state = CASE WHEN position % 50 = 0 THEN 'refused'
                                   WHEN position % 200 = 1 THEN 'unknown' ELSE 'accepted' END,
       reason = CASE WHEN position % 50 = 0 THEN '21211' ELSE '' END,
       sid = 'SM' || md5(position::text),
       outcome = (ARRAY['silent', 'network', 'handset', 'handset', 'failed'])[1 + position % 5]
WHERE broadcast_id = :broadcast AND position <= :sent
"""
_SETTLE = """
UPDATE deliveries SET state = 'accepted', sid = 'SM' || md5(position::text)
WHERE broadcast_id = %(broadcast)s AND position IN
      (SELECT position FROM deliveries
       WHERE broadcast_id = %(broadcast)s AND position >= %(begin)s AND state = 'planned'
       ORDER BY position LIMIT %(size)s)
RETURNING position
"""


def fill(engine: Engine, rows: int, campaigns: int, *, sealer: Sealer) -> tuple[int, list[str]]:
    """Fill an empty schema; return the number of the running broadcast, and the programs' keys."""
    chance = random.Random(20)
    now = datetime.now(UTC)
    sessions = open_sessions(engine)
    with sessions.begin() as session:
        codes = list(session.scalars(select(Area.code).where(Area.parent_code.is_not(None))))
        for code in codes:
            _decide(session, code, chance.randint(1, 4), now=now)
        counted = {"codes": codes, "areas": len(codes), "rows": rows}
        session.execute(text(_SUBSCRIBERS), counted)
        keys = _add_people(session, now=now)
        _add_hotline(session, sealer, codes, now=now)
        _add_uploads(session, now=now)
        session.execute(text("ANALYZE"))
    document = read_campaign(CAMPAIGN.read_text(encoding="utf-8"), name="campaign.yaml")
    for begin in range(0, campaigns, _WRITTEN_AT_ONCE):
        with sessions.begin() as session:
            for number in range(begin, min(begin + _WRITTEN_AT_ONCE, campaigns)):
                _write_campaign(session, document, number, now=now)
    with sessions.begin() as session:
        broadcast = _launch(session, document, now=now)
        session.execute(text(_PROGRESS), {"broadcast": broadcast.id, "sent": rows // 2})
        _repeat(session, broadcast)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return broadcast.id, keys


@contextmanager
def being_sent(address: str, broadcast: int) -> Iterator[None]:
    """Settle the broadcast's deliveries as a worker does, a thousand a second, meanwhile."""
    is_over = threading.Event()
    size = _TEXTS_PER_S // _DEEDS_PER_S

    def work() -> None:
        begin = 0
        with psycopg.connect(address, autocommit=True) as connection:
            while not is_over.wait(1 / _DEEDS_PER_S):
                asked = {"broadcast": broadcast, "begin": begin, "size": size}
                settled = connection.execute(_SETTLE, asked).fetchall()
                begin = max((position for (position,) in settled), default=begin)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        is_over.set()
        worker.join()


def _decide(session: Session, code: str, level: int, *, now: datetime) -> None:
    for days, document in ((1, "1825/QĐ-UBND"), (-2, "1830/QĐ-UBND")):
        moment = now - timedelta(days=days)
        decide_level(session, code, level=level, effective_at=moment, document=document, now=now)


def _add_people(session: Session, *, now: datetime) -> list[str]:
    for number in range(_COLLEAGUES):
        login = f"dongnghiep{number}"
        add_person(session, login, name=login, agency="UBND xã", roles=[Role.AUTHOR], now=now)
    for login, role in (("duyet", Role.CONTENT_APPROVER), ("gui", Role.SENDER)):
        add_person(session, login, name=login, agency=login, roles=[role], now=now)
    person = add_person(
        session,
        "bangdieukhien",
        name="",
        agency="",
        roles=set(Role) - {Role.COMMUNE_EDITOR},
        now=now,
    )
    _deliver_figures(session, person, now=now)
    made = [add_key(session, person, name="", scopes=(), now=now) for _ in range(PROGRAMS)]
    return [new.text for new in made]


def _deliver_figures(session: Session, person: Person, *, now: datetime) -> None:
    for days in range(7):
        moment = now - timedelta(days=days)
        figures = {"cases_today": 12 + days, "recovered_total": 3000 - days}
        given = Delivered(moment.date(), moment, "Sở Y tế", figures)
        deliver_figures(session, person, given, now=now)


def _add_hotline(session: Session, sealer: Sealer, codes: list[str], *, now: datetime) -> None:
    found = read_set(shipped_files())
    load_set(session, found, author="tacgia", now=_LONG_AGO)
    roles = (Role.HEALTH_DATA_OWNER, Role.CONTENT_APPROVER)
    person = add_person(session, "yte", name="yte", agency="", roles=roles, now=_LONG_AGO)
    approve_answers(session, found.answers, person=person, now=_LONG_AGO)
    for number in range(_TICKETS):
        sealed = sealer.seal(f"+8496{number:07d}")
        call = Call(sid=f"CA{number}", fingerprint=None, sealed=sealed, started_at=now)
        call.state = CallState.CLOSED
        session.add(call)
        session.flush()
        ticket = Ticket(
            reference=f"{number:08d}",
            kind=list(TicketKind)[number % 3],
            urgency=number % 3,
            topic="vaccination",
            area_code=codes[number % len(codes)],
            language="vi",
            call_id=call.id,
            sealed=sealed,
            opened_at=now,
            changed_at=now,
        )
        ticket.state = TicketState.CLOSED if number % 3 == 0 else TicketState.OPEN
        session.add(ticket)


def _add_uploads(session: Session, *, now: datetime) -> None:
    person = get_person(session, "bangdieukhien")
    for number in range(_UPLOADS):
        upload = Upload(
            name=f"xa-{number}.csv",
            person_id=person.id,
            source="api key 1 from 127.0.0.1",
            area_code=None,
            is_complete=False,
            is_dry_run=False,
            uploaded_at=now,
        )
        upload.state, upload.said = UploadState.REFUSED, "The list has no heading."
        session.add(upload)


def _write_campaign(
    session: Session, document: CampaignDocument, number: int, *, now: datetime
) -> None:
    for title in (document.title, f"{document.title} {number}"):
        changed = document.model_copy(update={"campaign": f"dien-tap-{number}", "title": title})
        keep_revision(session, changed, author="tacgia", revise=True, now=now)


def _launch(session: Session, document: CampaignDocument, *, now: datetime) -> Broadcast:
    draft = draft_plan(session, document, terms=TERMS, now=now)
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=now)
    for login in ("duyet", "gui"):
        sign_plan(session, plan, get_person(session, login), now=now)
    return launch(session, plan, terms=TERMS, now=now).broadcast


def _repeat(session: Session, broadcast: Broadcast) -> None:
    """Give every campaign a plan, and many of them a broadcast that is over."""
    session.execute(
        text(
            "INSERT INTO plans (revision_id, digest, content_digest, recipients, audience, "
            "summary, created_at) SELECT r.id, r.digest, r.digest, 0, '', p.summary, p.created_at "
            "FROM revisions r, plans p WHERE p.id = :plan AND r.id != p.revision_id "
            "AND r.number = 2"
        ),
        {"plan": broadcast.plan_id},
    )
    plans = session.scalars(
        select(Plan.id).where(Plan.id != broadcast.plan_id).limit(_OTHER_BROADCASTS)
    )
    plain = {column.name: getattr(broadcast, column.name) for column in Broadcast.__table__.columns}
    over = {"state": "finished", "finished_at": broadcast.launched_at}
    session.execute(
        insert(Broadcast),
        [
            {name: value for name, value in plain.items() if name != "id"}
            | over
            | {"plan_id": plan}
            for plan in plans
        ],
    )

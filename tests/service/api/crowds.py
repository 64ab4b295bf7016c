"""Crowds: many rows of everything that the interface lists, so that its queries can be counted."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access.keys import add_key
from campaigns.access.login_sessions import open_session
from campaigns.deliveries import Broadcast, BroadcastText, Delivery, DeliveryState
from campaigns.figures import DayFigures
from campaigns.partners.endpoints import DeadLetter, PartnerEndpoint
from campaigns.partners.models import Partner
from campaigns.partners.orders import AreaOrder
from campaigns.partners.settlements import PartnerSettlement
from campaigns.people import Person, Role, get_person
from campaigns.plans.models import Plan, Signature
from campaigns.revisions import keep_revision
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload
from hotline.answers.versions import AnswerVersion
from hotline.call_records import Call, Turn
from hotline.editions import keep_edition
from hotline.tickets import Ticket, TicketKind
from hotline.voice_messages import VoiceMessage
from tests.builders import NOON, a_document, a_level, a_person, a_subscriber, an_area
from tests.hotline.builders import an_answer


def a_member(session: Session, sealer: Sealer, number: int) -> None:
    """Add one more row of everything; what belongs to something belongs to the first of it."""
    area = f"{10_000 + number}"
    an_area(session, area, name=f"Xã {number}")
    a_level(session, area, 1)
    for days in (1, -2):
        a_level(session, "10000", 1 + number % 4, at=NOON - timedelta(days=days, minutes=number))
    person = a_person(session, f"nguoi{number}", Role.CONTENT_APPROVER)
    add_key(session, person, name="test", scopes=(), now=NOON)
    # Still open when the last of many addresses is asked.
    later = NOON + timedelta(hours=1)
    open_session(session, get_person(session, "lan"), address="", program="", now=later)
    _add_broadcast(session, sealer, person, number)
    _add_upload(session, person, number)
    _add_call(session, area, number)
    _add_answer(session, number)
    keep_edition(session, {"script.yaml": f"# {number}"}, author="tacgia", now=NOON)
    _add_partner(session, number)
    session.add(
        DayFigures(
            counted_on=(NOON - timedelta(days=number)).date(),
            as_of=NOON - timedelta(days=number),
            source="Sở Y tế",
            values="{}",
            delivered_by=person.login,
            delivered_at=NOON,
        )
    )
    session.flush()


def _add_partner(session: Session, number: int) -> None:
    """Add a partner that is pushed to, with an order, and a day settled with the first."""
    partner = Partner(name=f"nha-mang-{number}", title="Nhà mạng", created_at=NOON)
    session.add(partner)
    session.flush()
    session.add_all(
        [
            PartnerEndpoint(partner_id=partner.id, secret=b"", due_at=NOON),
            DeadLetter(partner_id=partner.id, first_seq=1, last_seq=2, given_up_at=NOON, why=""),
        ]
    )
    first = session.scalars(select(Partner).order_by(Partner.id)).first() or partner
    signed: dict[str, Any] = {
        "document": '{"lines":[]}',
        "digest": "0" * 64,
        "signature": b"",
        "made_at": NOON,
    }
    session.add(
        PartnerSettlement(
            partner_id=first.id,
            day=(NOON - timedelta(days=number)).date(),
            first_seq=1,
            last_seq=0,
            previous_digest="0" * 64,
            **signed,
        )
    )
    broadcast = session.scalars(select(Broadcast.id).order_by(Broadcast.id)).first()
    if broadcast is not None:
        session.add(AreaOrder(broadcast_id=broadcast, partner_id=partner.id, **signed))


def _add_broadcast(session: Session, sealer: Sealer, person: Person, number: int) -> None:
    document = a_document(campaign=f"chien-dich-{number}")
    revision = keep_revision(session, document, author="tacgia", revise=True, now=NOON)
    plan = Plan(
        revision_id=revision.id,
        digest=f"{number}",
        content_digest=f"{number}",
        recipients=0,
        audience=b"",
        summary="{}",
        created_at=NOON,
    )
    session.add(plan)
    session.flush()
    session.add(
        Broadcast(
            plan_id=plan.id,
            title=document.title,
            is_urgent=False,
            sender="SYT",
            opens=0,
            closes=0,
            not_after=None,
            launched_at=NOON,
        )
    )
    session.flush()
    first_plan = session.scalars(select(Plan.id).order_by(Plan.id)).first() or 0
    session.add(
        Signature(
            plan_id=first_plan,
            person_id=person.id,
            agency=person.agency,
            roles=person.roles,
            signed_at=NOON,
        )
    )
    _add_delivery(session, sealer, number)


def _add_delivery(session: Session, sealer: Sealer, number: int) -> None:
    first = session.scalars(select(Broadcast.id).order_by(Broadcast.id)).first() or 0
    area = f"{10_000 + number}"
    rendered = BroadcastText(
        broadcast_id=first,
        language="vi",
        area_code=area,
        place=number,
        level=1,
        decision_id=None,
        body="Thực hiện 5K.",
        encoding="gsm7",
        segments=1,
    )
    session.add(rendered)
    session.flush()
    session.add(
        Delivery(
            broadcast_id=first,
            position=number + 1,
            subscriber_id=a_subscriber(session, sealer, area=area).id,
            text_id=rendered.id,
            lane="twilio",
            state=DeliveryState.REFUSED,
            reason=f"{number}",
        )
    )


def _add_upload(session: Session, person: Person, number: int) -> None:
    session.add(
        Upload(
            name=f"xa-{number}.csv",
            person_id=person.id,
            source="api key",
            area_code=None,
            is_complete=False,
            is_dry_run=False,
            uploaded_at=NOON,
        )
    )


def _add_call(session: Session, area: str, number: int) -> None:
    call = Call(sid=f"CA{number}", fingerprint=None, sealed=None, started_at=NOON)
    session.add(call)
    session.flush()
    ticket = Ticket(
        reference=f"{number:06d}",
        kind=TicketKind.CALLBACK,
        urgency=0,
        topic=f"topic-{number}",
        area_code=area,
        language="vi",
        call_id=call.id,
        sealed=None,
        opened_at=NOON,
        changed_at=NOON,
    )
    turn = Turn(
        call_id=call.id,
        number=0,
        at=NOON,
        heard="key",
        node="menu",
        topic=f"topic-{number}",
        answer=f"answer-{number}",
        language="vi",
        area_code=area,
        visit="{}",
        reply="",
    )
    session.add_all((ticket, turn))
    session.flush()
    session.add(VoiceMessage(sid=f"RE{number}", heard_at=NOON, seconds=9, ticket_id=ticket.id))


def _add_answer(session: Session, number: int) -> None:
    for code, version in ((f"cau-{number}", 1), ("cau-hoi", number + 1)):
        session.add(
            AnswerVersion(
                code=code,
                version=version,
                topic="vaccination",
                owner="Sở Y tế",
                document=an_answer(code).document.model_dump_json(by_alias=True),
                digest=f"{number}",
                author="tacgia",
                written_at=NOON,
            )
        )

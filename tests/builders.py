"""Builders: one call per thing a test needs, with defaults nobody has to read."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from campaigns.areas import Area
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.deliveries import Broadcast
from campaigns.lanes import Lane
from campaigns.levels import LevelDecision, decide_level
from campaigns.people import Person, Role, add_person, find_person, write_roles
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.models import Plan
from campaigns.plans.planning import Terms, draft_plan
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber

# Noon in Viet Nam, inside every window in which texts may be sent.
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)

TERMS = Terms(lanes=(Lane("twilio", 100),), hotline="1800 1119", segment_price_vnd=400)
_number = count(1)


def numbered(rows: Iterable[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Number *rows* as the lines of a table whose first line is its heading."""
    return list(enumerate(rows, start=2))


def a_phone() -> str:
    """Return a Viettel number that no other test of this run has."""
    return f"+8496{next(_number):07d}"


def an_area(
    session: Session, code: str, *, name: str = "Ba Sơn", parent: str | None = None
) -> Area:
    area = Area(code=code, name=name, kind="xã", parent_code=parent, valid_from=date(2025, 7, 1))
    session.add(area)
    session.flush()
    return area


def a_level(
    session: Session, code: str, level: int, *, at: datetime = NOON - timedelta(days=1)
) -> LevelDecision:
    return decide_level(
        session, code, level=level, effective_at=at, document=f"{level}/QĐ-UBND", now=NOON
    )


def a_subscriber(
    session: Session,
    sealer: Sealer,
    *,
    area: str,
    phone: str = "",
    language: str = "vi",
    tags: str = "",
    opted_out_at: datetime | None = None,
) -> Subscriber:
    phone = phone or a_phone()
    subscriber = Subscriber(
        fingerprint=sealer.fingerprint(phone),
        sealed=sealer.seal(phone),
        area_code=area,
        language=language,
        tags=tags,
        carrier_guess="viettel",
        opted_out_at=opted_out_at,
        created_at=NOON,
        updated_at=NOON,
    )
    session.add(subscriber)
    session.flush()
    return subscriber


def a_person(
    session: Session,
    login: str,
    *roles: Role,
    agency: str = "Sở KH&CN",
    areas: Iterable[str] = (),
) -> Person:
    wanted, bound = set(roles), list(areas)
    is_nowhere = Role.COMMUNE_EDITOR in wanted and not bound
    given = wanted - {Role.COMMUNE_EDITOR} if is_nowhere else wanted
    person = add_person(
        session, login, name=login, agency=agency, roles=given, areas=bound, now=NOON
    )
    # As whose areas have all been taken away since; nobody is added so.
    person.roles = write_roles(wanted)
    return person


def a_document(**changes: Any) -> CampaignDocument:
    """Return a small valid campaign for area 20; *changes* replace whole fields of the file."""
    content: dict[str, Any] = {
        "campaign": "cap-do-3",
        "title": "Hướng dẫn cho địa bàn cấp độ 3",
        "issuer": "Sở Khoa học và Công nghệ",
        "document": "18/KH-TBTT",
        "class": "public_info",
        "audience": {"areas": ["20"]},
        "sender": "SYT LangSon",
        "texts": {"vi": "Lạng Sơn: Thực hiện 5K tại {area}. Hỏi đáp: {hotline}."},
        "window": {"hours": "07:00-21:00"},
    }
    return CampaignDocument.model_validate(content | changes)


def a_province(session: Session, sealer: Sealer, *, people: int = 3) -> list[Subscriber]:
    """Add province 20 with two communes at levels 3 and 1, and *people* in each."""
    an_area(session, "20", name="Lạng Sơn")
    subscribers = []
    for code, level in (("06196", 3), ("06184", 1)):
        an_area(session, code, name=f"Xã {code}", parent="20")
        a_level(session, code, level)
        subscribers += [a_subscriber(session, sealer, area=code) for _ in range(people)]
    return subscribers


def a_signed_plan(session: Session, document: CampaignDocument, *, now: datetime = NOON) -> Plan:
    draft = draft_plan(session, document, terms=TERMS, now=now)
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=now)
    for login, role in (("duyet", Role.CONTENT_APPROVER), ("gui", Role.SENDER)):
        person = find_person(session, login) or a_person(session, login, role, agency=login)
        sign_plan(session, plan, person, now=now)
    return plan


def a_broadcast(
    session: Session, document: CampaignDocument | None = None, *, now: datetime = NOON
) -> Broadcast:
    """Return a running broadcast to everybody there is in area 20."""
    plan = a_signed_plan(session, document or a_document(), now=now)
    return launch(session, plan, terms=TERMS, now=now).broadcast

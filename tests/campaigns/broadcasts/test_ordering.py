"""Area orders: a signed plan that a carrier carries out, beside launches and never with one."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.broadcasts.launching import launch
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.ordering import order_plan
from campaigns.errors import BroadcastFrozenError, PlanDriftedError, SignatureMissingError
from campaigns.partners.errors import OrderRefusedError, OrderReportRefusedError
from campaigns.partners.models import Partner
from campaigns.partners.orders import LABEL, AreaOrder, Counted, report_order, withdraw_order
from campaigns.people import Role
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.models import Plan
from campaigns.plans.planning import draft_plan
from campaigns.sealing import Sealer
from campaigns.signing import is_signed
from tests.builders import (
    NOON,
    TERMS,
    a_document,
    a_level,
    a_person,
    a_province,
    a_signed_plan,
    a_subscriber,
)
from tests.campaigns.partners.builders import a_partner


@pytest.fixture
def partner(session: Session, sealer: Sealer) -> Partner:
    a_province(session, sealer)
    return a_partner(session)


@pytest.fixture
def plan(session: Session, partner: Partner) -> Plan:
    assert partner.id
    return a_signed_plan(session, a_document())


def an_order(session: Session, plan: Plan, partner: Partner, sealer: Sealer) -> AreaOrder:
    return order_plan(session, plan, partner, terms=TERMS, signer=sealer.signer, now=NOON)


def test_an_order_says_what_is_sent_where_and_when_and_holds_nobodys_number(
    session: Session, sealer: Sealer, plan: Plan, partner: Partner
) -> None:
    order = an_order(session, plan, partner, sealer)
    terms = json.loads(order.content)
    assert [area["code"] for area in terms["areas"]] == ["06184", "06196"]
    assert [(text["language"], text["areas"]) for text in terms["texts"]] == [
        ("vi", ["06184"]),
        ("vi", ["06196"]),
    ]
    assert terms["texts"][0]["body"].startswith("Lạng Sơn: Thực hiện 5K tại xã Xã 06184")
    assert terms["window"] == {"hours": "07:00-21:00", "not_after": None}
    assert (terms["document"], terms["sender"]) == ("18/KH-TBTT", "SYT LangSon")
    assert terms["plan"] == {"digest": plan.digest, "signed_by": ["duyet", "gui"]}
    assert "+84" not in order.document
    assert hashlib.sha256(order.content).hexdigest() == order.digest
    assert is_signed(order.content, order.signature, public_pem=sealer.signer.public_pem)


def test_no_area_of_an_order_lies_inside_another(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    """The province is chosen with its communes; whoever lives there is texted once."""
    a_level(session, "20", 3)
    plan = a_signed_plan(session, a_document())
    terms = an_order(session, plan, partner, sealer).terms
    assert [area["code"] for area in terms["areas"]] == ["06184", "06196"]


def test_a_plan_is_launched_or_ordered_and_never_both(
    session: Session, sealer: Sealer, plan: Plan, partner: Partner
) -> None:
    order = an_order(session, plan, partner, sealer)
    with pytest.raises(BroadcastFrozenError, match="launched or ordered already"):
        launch(session, plan, terms=TERMS, now=NOON)
    with pytest.raises(OrderRefusedError, match="ordered from viettel-ls already"):
        an_order(session, plan, partner, sealer)
    second = an_order(session, plan, a_partner(session, "vina", carriers=["vinaphone"]), sealer)
    assert second.broadcast_id == order.broadcast_id

    launched = a_signed_plan(session, a_document(campaign="khac"))
    launch(session, launched, terms=TERMS, now=NOON)
    with pytest.raises(OrderRefusedError, match="launched already"):
        an_order(session, launched, partner, sealer)


def test_an_order_needs_every_signature_that_a_launch_needs(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    draft = draft_plan(session, a_document(), terms=TERMS, now=NOON)
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=NOON)
    with pytest.raises(SignatureMissingError):
        an_order(session, plan, partner, sealer)


def test_what_is_ordered_is_what_was_signed(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    texts = {"vi": "Lạng Sơn: {area} là cấp độ {level} ({colour}). Hỏi đáp: {hotline}."}
    plan = a_signed_plan(session, a_document(texts=texts))
    a_level(session, "06196", 4, at=NOON - timedelta(hours=1))
    with pytest.raises(PlanDriftedError):
        an_order(session, plan, partner, sealer)


def test_what_a_carrier_cannot_know_is_not_ordered(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    tagged = a_document(audience={"areas": ["20"], "tags": ["cua_khau"]})
    a_subscriber(session, sealer, area="06196", tags="|cua_khau|")
    plan = a_signed_plan(session, tagged)
    with pytest.raises(OrderRefusedError, match="which no carrier knows"):
        an_order(session, plan, partner, sealer)


def test_texts_with_a_link_of_each_reader_are_not_ordered(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    texts = {"vi": "Lạng Sơn: Thực hiện 5K tại {area}. Ngừng nhận: {stop_link}"}
    terms = replace(TERMS, address="https://loa.example.vn")
    draft = draft_plan(session, a_document(texts=texts), terms=terms, now=NOON)
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=NOON)
    for login, role in (("duyet", Role.CONTENT_APPROVER), ("gui", Role.SENDER)):
        sign_plan(session, plan, a_person(session, login, role, agency=login), now=NOON)
    with pytest.raises(OrderRefusedError, match="each reader's own link"):
        order_plan(session, plan, partner, terms=terms, signer=sealer.signer, now=NOON)


def test_a_carriers_figure_stands_in_the_ledger_as_its_own(
    session: Session, sealer: Sealer, plan: Plan, partner: Partner
) -> None:
    order = an_order(session, plan, partner, sealer)
    report_order(session, order, Counted(900, 700, 20), areas={}, now=NOON)
    by_area = {"06184": Counted(1000, 950, 30)}
    report_order(session, order, Counted(1000, 950, 30), areas=by_area, now=NOON)

    ledger = draw_ledger(session, order.broadcast_id)
    assert (ledger.planned, ledger.accepted, ledger.is_balanced) == (0, 0, True)
    (shown,) = ledger.ordered
    assert shown["partner"] == "viettel-ls"
    assert shown["reported"] | {"received_at": ""} == {
        "label": LABEL,
        "sent": 1000,
        "delivered": 950,
        "failed": 30,
        "areas": {"06184": {"sent": 1000, "delivered": 950, "failed": 30}},
        "received_at": "",
    }


@pytest.mark.parametrize(
    ("total", "areas"),
    [
        (Counted(10, 9, 2), {}),
        (Counted(10, -1, 2), {}),
        (Counted(10, 5, 2), {"20": Counted(5, 5, 0)}),
        (Counted(10, 5, 2), {"06184": Counted(6, 1, 0), "06196": Counted(5, 1, 0)}),
    ],
)
def test_figures_that_cannot_be_are_refused(
    session: Session,
    sealer: Sealer,
    plan: Plan,
    *,
    partner: Partner,
    total: Counted,
    areas: dict[str, Counted],
) -> None:
    order = an_order(session, plan, partner, sealer)
    with pytest.raises(OrderReportRefusedError):
        report_order(session, order, total, areas=areas, now=NOON)
    assert draw_ledger(session, order.broadcast_id).ordered[0]["reported"] is None


def test_an_order_is_withdrawn_once(
    session: Session, sealer: Sealer, plan: Plan, partner: Partner
) -> None:
    order = an_order(session, plan, partner, sealer)
    withdraw_order(session, order.id, now=NOON)
    withdraw_order(session, order.id, now=NOON + timedelta(hours=1))
    assert order.withdrawn_at == NOON

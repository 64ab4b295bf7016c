"""Receipts come late, twice and out of order, and the books stay right."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast, Delivery, DeliveryState, Receipt, ReceiptTally
from campaigns.gateway import Accepted, Outcome, Uncertain
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import consent_history
from campaigns.subscribers.models import ConsentKind, Subscriber
from tests.builders import NOON, a_broadcast, a_province


@pytest.fixture
def sent(session: Session, sealer: Sealer) -> Broadcast:
    """A broadcast whose two texts were accepted as SM1 and SM2."""
    return _accepted(session, sealer)


def _claim(session: Session, sealer: Sealer) -> tuple[Broadcast, Claim]:
    a_province(session, sealer, people=1)
    broadcast = a_broadcast(session)
    claim = claim_batch(
        session,
        broadcast.id,
        lane="twilio",
        claimant="w",
        lease=timedelta(minutes=1),
        sealer=sealer,
        now=NOON,
    )
    assert claim is not None
    return broadcast, claim


def _accepted(session: Session, sealer: Sealer) -> Broadcast:
    broadcast, claim = _claim(session, sealer)
    settle(session, claim, [Accepted("SM1"), Accepted("SM2")], now=NOON)
    return broadcast


def a_report(
    broadcast: Broadcast, outcome: Outcome, *, position: int = 1, sid: str = "SM1", code: str = ""
) -> CarrierReport:
    return CarrierReport(broadcast.id, position, sid, outcome, code, NOON)


def outcomes(session: Session, broadcast: Broadcast) -> list[Outcome]:
    session.expire_all()
    rows = select(Delivery.outcome).where(Delivery.broadcast_id == broadcast.id)
    return list(session.scalars(rows.order_by(Delivery.position)))


def test_a_receipt_moves_its_delivery_and_no_other(session: Session, sent: Broadcast) -> None:
    take_in(session, [a_report(sent, Outcome.HANDSET)], now=NOON)

    assert outcomes(session, sent) == [Outcome.HANDSET, Outcome.SILENT]


def test_a_final_outcome_never_goes_back(session: Session, sent: Broadcast) -> None:
    """A "sent" that arrives after "delivered" is kept as a receipt and changes nothing."""
    take_in(session, [a_report(sent, Outcome.HANDSET)], now=NOON)
    take_in(session, [a_report(sent, Outcome.NETWORK)], now=NOON)
    take_in(session, [a_report(sent, Outcome.FAILED, code="30003")], now=NOON)

    assert outcomes(session, sent)[0] is Outcome.HANDSET
    assert session.scalar(select(func.count(Receipt.id))) == 3


def test_a_repeated_receipt_is_counted_and_kept_once(session: Session, sent: Broadcast) -> None:
    """Twice in one batch and once more later: one row, two duplicates on the tally."""
    report = a_report(sent, Outcome.HANDSET)

    first = take_in(session, [report, report], now=NOON)
    second = take_in(session, [report], now=NOON)

    assert (first.new, first.duplicate, second.new, second.duplicate) == (1, 1, 0, 1)
    assert session.scalar(select(func.count(Receipt.id))) == 1
    tally = select(ReceiptTally.count).where(ReceiptTally.kind == "duplicate")
    assert session.scalar(tally) == 2


def test_a_receipt_under_another_name_is_counted_as_stray(
    session: Session, sent: Broadcast
) -> None:
    """It would mean that somebody was texted twice, so it must be seen."""
    taken = take_in(session, [a_report(sent, Outcome.HANDSET, sid="SM9")], now=NOON)

    assert taken.stray == 1
    assert outcomes(session, sent)[0] is Outcome.SILENT


def test_a_receipt_keeps_the_moment_at_which_it_was_heard(
    session: Session, sent: Broadcast
) -> None:
    heard_at = NOON + timedelta(seconds=1, microseconds=234567)
    report = replace(a_report(sent, Outcome.HANDSET), received_at=heard_at)

    take_in(session, [report], now=NOON + timedelta(minutes=5))

    assert session.scalars(select(Receipt.received_at)).all() == [heard_at]


def test_a_receipt_about_no_delivery_is_stray(session: Session, sent: Broadcast) -> None:
    assert take_in(session, [a_report(sent, Outcome.HANDSET, position=99)], now=NOON).stray == 1


def test_a_receipt_that_overtakes_the_answer_proves_acceptance(
    session: Session, sealer: Sealer
) -> None:
    """The carrier's callback may come in before its answer to us; then it knows better."""
    broadcast, _ = _claim(session, sealer)

    take_in(session, [a_report(broadcast, Outcome.HANDSET)], now=NOON)

    delivery = session.get(Delivery, (broadcast.id, 1), populate_existing=True)
    assert delivery is not None
    assert (delivery.state, delivery.sid) == (DeliveryState.ACCEPTED, "SM1")


def test_a_lost_answer_does_not_undo_what_a_receipt_proved(
    session: Session, sealer: Sealer
) -> None:
    broadcast, claim = _claim(session, sealer)
    take_in(session, [a_report(broadcast, Outcome.HANDSET)], now=NOON)

    settle(session, claim, [Uncertain("timed out"), Accepted("SM2")], now=NOON)

    ledger = draw_ledger(session, broadcast.id)
    assert (ledger.accepted, ledger.unknown, ledger.is_settled) == (2, 0, True)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(
    heard=st.lists(
        st.tuples(st.sampled_from([1, 2]), st.sampled_from(list(Outcome))), min_size=1, max_size=8
    ),
    cuts=st.lists(st.integers(0, 8), max_size=3),
)
def test_the_books_balance_whatever_the_order(
    session: Session, sealer: Sealer, heard: list[tuple[int, Outcome]], cuts: list[int]
) -> None:
    """Any receipts, in any order and any batches: the ledger sums and finals stay final."""
    savepoint = session.begin_nested()
    broadcast = _accepted(session, sealer)
    reports = [
        a_report(broadcast, outcome, position=position, sid=f"SM{position}")
        for position, outcome in heard
    ]
    bounds = [0, *sorted(cuts), len(reports)]
    for begin, end in itertools.pairwise(bounds):
        take_in(session, reports[begin:end], now=NOON)

    assert draw_ledger(session, broadcast.id).is_settled
    for position, outcome in enumerate(outcomes(session, broadcast), start=1):
        finals = {o for p, o in heard if p == position and o.is_final}
        assert (outcome in finals) if finals else not outcome.is_final
    savepoint.rollback()


def test_a_stop_in_a_receipt_is_an_opt_out_once(session: Session, sent: Broadcast) -> None:
    """Whoever stopped us after the carrier took the text is opted out, and nobody else.

    The same receipt once more, even after they agreed again, changes nothing.
    """
    stop = replace(a_report(sent, Outcome.FAILED, code="21610"), is_stop=True)
    take_in(session, [stop, stop, a_report(sent, Outcome.HANDSET, position=2, sid="SM2")], now=NOON)
    session.expire_all()

    first, second = session.scalars(
        select(Subscriber)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .order_by(Delivery.position)
    )
    assert (first.opted_out_at, second.opted_out_at) == (NOON, None)
    (event,) = consent_history(session, first)
    assert (event.kind, event.source, event.at) == (ConsentKind.OPTED_OUT, "carrier", NOON)

    first.opted_out_at = None
    session.flush()
    take_in(session, [stop], now=NOON + timedelta(hours=1))
    session.expire_all()
    assert first.opted_out_at is None
    assert len(consent_history(session, first)) == 1


def test_a_failure_of_any_other_kind_is_no_opt_out(session: Session, sent: Broadcast) -> None:
    take_in(session, [a_report(sent, Outcome.FAILED, code="30003")], now=NOON)

    opted_out = select(func.count(Subscriber.id)).where(Subscriber.opted_out_at.is_not(None))
    assert session.scalar(opted_out) == 0

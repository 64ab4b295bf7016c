"""Caller texts: what somebody asked for on the phone is sent once, whatever dies on the way."""

from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.receiving import CarrierReport
from campaigns.deliveries import DeliveryState, ReceiptTally
from campaigns.gateway import Answer, Outcome, OutgoingText, Postponed, Refused, Uncertain
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import consent_history, get_subscriber, opt_out
from hotline.call_records import Call
from hotline.caller_texts import CallerText, order_text
from hotline.texting import WORTH_SENDING_FOR, claim_texts
from tests.builders import NOON, a_phone
from tests.fakes.carrier import FakeCarrier
from tests.hotline.builders import LONG_AGO
from tests.workers.conftest import Watch
from workers.caller_texts import ask_for_caller_texts, recover_caller_texts, send_caller_texts
from workers.queues import QueueName, queue
from workers.receipts import take_in_reports

pytestmark = pytest.mark.usefixtures("job_context")


@pytest.fixture
def number() -> str:
    return a_phone()


@pytest.fixture
def owed(session: Session, sealer: Sealer, number: str) -> int:
    """A text that a caller has just asked for."""
    call = Call(
        sid=f"CA{number[1:]}",
        fingerprint=sealer.fingerprint(number),
        sealed=sealer.seal(number),
        started_at=NOON,
    )
    session.add(call)
    session.flush()
    assert order_text(
        session,
        call.id,
        "Không mất tiền.",
        subject="V01.1",
        fingerprint=sealer.fingerprint(number),
        sealed=sealer.seal(number),
        now=NOON,
    )
    text_id = session.scalars(select(CallerText.id)).one()
    session.commit()
    return text_id


def _state(session: Session, text_id: int) -> tuple[DeliveryState, Outcome]:
    session.expire_all()
    row = session.get_one(CallerText, text_id)
    return row.state, row.outcome


@pytest.mark.usefixtures("owed")
def test_a_text_asked_for_is_sent_once(carrier: FakeCarrier, number: str) -> None:
    """The second job finds nothing left to do."""
    assert [send_caller_texts(), send_caller_texts()] == [1, 0]
    assert carrier.numbers() == [number]


@pytest.mark.parametrize("state", [DeliveryState.PLANNED, DeliveryState.UNKNOWN])
def test_a_damaged_row_keeps_nobody_elses_text_back(
    session: Session, sealer: Sealer, carrier: FakeCarrier, owed: int, state: DeliveryState
) -> None:
    damaged, other = session.get_one(CallerText, owed), a_phone()
    damaged.sealed, damaged.state, damaged.lease_until = b"damaged", state, LONG_AGO
    fingerprint, sealed = sealer.fingerprint(other), sealer.seal(other)
    order_text(
        session,
        damaged.call_id or 0,
        "Không mất tiền.",
        subject="V02.1",
        fingerprint=fingerprint,
        sealed=sealed,
        now=NOON,
    )
    session.commit()
    recover_caller_texts()
    send_caller_texts()
    assert carrier.numbers() == [other]


@pytest.mark.usefixtures("owed")
def test_an_opt_out_from_broadcasts_does_not_hold_back_what_was_asked_for(
    session: Session, sealer: Sealer, carrier: FakeCarrier, number: str
) -> None:
    """Somebody who wants no campaigns may still want the answer they pressed a key for."""
    opt_out(session, number, source="test", sealer=sealer, now=NOON)
    session.commit()
    send_caller_texts()
    assert carrier.numbers() == [number]


def test_a_text_whose_worker_died_is_looked_up_and_not_sent_again(
    session: Session,
    *,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    carrier: FakeCarrier,
    watch: Watch,
    owed: int,
    number: str,
) -> None:
    """The carrier has it: it becomes accepted under the carrier's name for it."""
    with sessions.begin() as other:
        claim = claim_texts(other, limit=5, lease=timedelta(minutes=1), sealer=sealer, now=watch())
    carrier.keep(claim.texts[0])
    assert recover_caller_texts() == 0
    watch.forward(minutes=2)
    assert recover_caller_texts() == 1
    send_caller_texts()
    assert carrier.numbers() == [number]
    assert _state(session, owed)[0] is DeliveryState.ACCEPTED


@pytest.mark.usefixtures("owed")
def test_a_text_the_carrier_never_had_is_sent_by_another_worker(
    sessions: sessionmaker[Session],
    sealer: Sealer,
    carrier: FakeCarrier,
    watch: Watch,
    number: str,
) -> None:
    """Nobody waits for a text in vain because a process was killed."""
    with sessions.begin() as other:
        claim_texts(other, limit=5, lease=timedelta(minutes=1), sealer=sealer, now=watch())
    watch.forward(minutes=2)
    carrier.is_down = True
    assert recover_caller_texts() == 0
    carrier.is_down = False
    assert recover_caller_texts() == 1
    send_caller_texts()
    assert carrier.numbers() == [number]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Refused("21614"), DeliveryState.REFUSED),
        (Uncertain("timeout"), DeliveryState.UNKNOWN),
        (Postponed("20429", timedelta(seconds=30)), DeliveryState.PLANNED),
    ],
)
def test_what_the_carrier_answers_is_recorded(
    session: Session, carrier: FakeCarrier, owed: int, answer: Answer, state: DeliveryState
) -> None:
    """Refused is final, uncertain is looked up, postponed waits."""

    def answers(_text: OutgoingText) -> Answer:
        return answer

    carrier.answer = answers
    send_caller_texts()
    assert _state(session, owed)[0] is state
    assert send_caller_texts() == 0


def test_a_postponed_text_is_sent_when_its_wait_is_over(
    carrier: FakeCarrier, watch: Watch, owed: int, number: str
) -> None:
    """A busy carrier costs a moment, not the text."""
    carrier.answer = lambda _text: Postponed("20429", timedelta(seconds=30))
    send_caller_texts()
    carrier.answer = lambda _text: None
    watch.forward(seconds=31)
    send_caller_texts()
    assert carrier.numbers() == [number]
    assert owed


def test_a_text_nobody_sent_for_hours_is_not_sent_any_more(
    session: Session, carrier: FakeCarrier, watch: Watch, owed: int
) -> None:
    """An answer to yesterday's call would only puzzle."""
    watch.moment += WORTH_SENDING_FOR
    assert send_caller_texts() == 0
    assert carrier.numbers() == []
    assert _state(session, owed)[0] is DeliveryState.EXPIRED


def test_receipts_of_caller_texts_reach_them_and_are_no_strays(
    session: Session, carrier: FakeCarrier, owed: int
) -> None:
    """A final outcome stays, whatever comes late; broadcasts' tallies stay untouched."""
    send_caller_texts()
    sid = carrier.kept[0][1].sid
    for outcome in (Outcome.HANDSET, Outcome.NETWORK):
        report = CarrierReport(0, owed, sid, outcome, "", NOON)
        take_in_reports(session, [report], now=NOON)
    session.commit()
    assert _state(session, owed) == (DeliveryState.ACCEPTED, Outcome.HANDSET)
    assert session.scalars(select(ReceiptTally)).all() == []


@pytest.mark.parametrize("is_late", [False, True])
def test_whoever_told_the_carrier_to_stop_is_opted_out(
    session: Session, sealer: Sealer, carrier: FakeCarrier, owed: int, number: str, *, is_late: bool
) -> None:
    """The carrier may say so at once, or in a receipt for a text it had accepted."""
    carrier.answer = lambda _text: None if is_late else Refused("21610", is_stop=True)
    send_caller_texts()
    if is_late:
        sid = carrier.kept[0][1].sid
        report = CarrierReport(0, owed, sid, Outcome.FAILED, "21610", NOON, is_stop=True)
        for _ in range(2):
            take_in_reports(session, [report], now=NOON)
        session.commit()
    session.expire_all()
    owner = get_subscriber(session, number, sealer=sealer)
    assert owner.opted_out_at is not None
    assert [event.source for event in consent_history(session, owner)] == ["carrier"]
    assert session.get_one(CallerText, owed).reason == "21610"


def test_asking_twice_puts_one_job_on_the_urgent_queue(redis: Redis) -> None:
    """A hundred callers at once need one job."""
    ask_for_caller_texts(redis)
    ask_for_caller_texts(redis)
    assert len(queue(QueueName.URGENT, redis)) == 1

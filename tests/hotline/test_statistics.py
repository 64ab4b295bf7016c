"""Statistics: counts of what callers did, without anybody in them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.deliveries import Delivery, DeliveryState
from campaigns.errors import UnknownBroadcastError
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from hotline.statistics import Seconds, Transfers, count_calls, echo_of
from tests.builders import NOON, a_broadcast, a_document, a_province
from tests.hotline.builders import CallerOnTheLine, a_library
from tests.hotline.inbound.builders import Writer, a_desk_of_answers


def _anybody(session: Session, sealer: Sealer) -> str:
    sealed = session.scalars(select(Subscriber.sealed).order_by(Subscriber.id)).first()
    return sealer.unseal(sealed or b"")


DAY = {"since": NOON - timedelta(hours=1), "until": NOON + timedelta(days=1)}


def test_calls_are_counted_by_what_callers_heard_and_where_they_gave_up(
    session: Session, sealer: Sealer
) -> None:
    """Topics, languages, answers, drop points, and the wait for the first answer."""
    library = a_library()
    for keys in ("111", "112", "911"):
        caller = CallerOnTheLine(session, library, sealer)
        caller.press(keys[:1])
        caller.now += timedelta(seconds=20)
        caller.press(keys[1:])
        caller.hang_up()
    lost = CallerOnTheLine(session, library, sealer)
    lost.press("1")
    lost.hang_up()
    CallerOnTheLine(session, library, sealer, now=NOON + timedelta(days=2))
    counted = count_calls(session, **DAY)
    assert counted.calls == 4
    assert counted.by_state == {"dropped": 4}
    assert counted.unanswered == 1
    assert counted.answers == {"Tien": 2, "Nguy": 1}
    assert counted.by_topic == {"vaccination": 3}
    assert counted.by_language == {"vi": 3, "en": 1}
    assert counted.to_first_answer.median == 20.0
    assert counted.drop_points == {"answer:Tien": 2, "answer:Nguy": 1, "main": 1}
    assert counted.by_hour == {"2026-03-02 12:00": 4}


def test_transfers_and_what_was_left_are_counted(session: Session, sealer: Sealer) -> None:
    """A transfer nobody took and its message; a rumour."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("10")
    caller.be_transferred(was_answered=False)
    caller.leave_message()
    other = CallerOnTheLine(session, a_library(), sealer)
    other.press("14")
    other.leave_message()
    talked = CallerOnTheLine(session, a_library(), sealer)
    talked.press("10")
    talked.be_transferred(was_answered=True, seconds=75)
    counted = count_calls(session, **DAY)
    assert counted.transfers == Transfers(2, 1, Seconds(75, 75))
    assert counted.tickets == {"callback": 1, "rumour": 1}
    assert counted.unanswered == 0


def test_texts_are_counted_by_what_they_were_taken_for(session: Session, sealer: Sealer) -> None:
    writer = Writer(session, sealer, a_desk_of_answers(sealer))
    for words in ("STOP", "TIEM", "HUY LICH TIEM", "tiem"):
        writer.write(words)
    writer.now += timedelta(days=2)
    writer.write("STOP")
    counted = count_calls(session, **DAY)
    assert counted.texts == {"answer": 2, "other": 1, "stop": 1}
    assert (counted.calls, counted.tickets) == (0, {})


def test_whoever_met_nobody_at_the_desk_and_hung_up_went_unanswered(
    session: Session, sealer: Sealer
) -> None:
    """To have been led to a desk is no help."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("10")
    caller.be_transferred(was_answered=False)
    caller.hang_up()
    assert count_calls(session, **DAY).unanswered == 1


def test_a_commune_with_few_calls_cannot_single_anybody_out(
    session: Session, sealer: Sealer
) -> None:
    """Under five calls the count is not shown."""
    a_province(session, sealer, people=3)
    caller = CallerOnTheLine(session, a_library(), sealer, number=_anybody(session, sealer))
    caller.press("1")
    assert set(count_calls(session, **DAY).by_area.values()) == {0}


def test_the_echo_of_a_broadcast_counts_calls_of_those_it_reached(
    session: Session, sealer: Sealer
) -> None:
    """Two calls of somebody who was texted count; a later one and a stranger's do not."""
    a_province(session, sealer, people=20)
    document = a_document(window={"hours": "07:00-21:00", "lasts": "PT12H"})
    broadcast = a_broadcast(session, document)
    session.execute(
        update(Delivery)
        .where(Delivery.broadcast_id == broadcast.id)
        .values(state=DeliveryState.ACCEPTED)
    )
    assert echo_of(session, broadcast.id) == 0.0
    number = _anybody(session, sealer)
    for hours in (1, 47, 49):
        moment = broadcast.launched_at + timedelta(hours=hours)
        CallerOnTheLine(session, a_library(), sealer, number=number, now=moment)
    CallerOnTheLine(session, a_library(), sealer, now=broadcast.launched_at)
    texts = len(session.scalars(select(Delivery.position)).all())
    assert echo_of(session, broadcast.id) == 2 * 1000 / texts
    with pytest.raises(UnknownBroadcastError):
        echo_of(session, 999_999)

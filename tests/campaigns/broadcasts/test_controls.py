"""Controls: what an operator is told of a broadcast that waits, was paused, or was stopped."""

from datetime import timedelta

from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import OPERATOR_PAUSED, pause, resume, stop
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_province

NIGHT = NOON + timedelta(hours=10)
MORNING = NOON + timedelta(hours=19)


def test_a_broadcast_says_when_its_hours_open_only_while_they_are_closed(
    session: Session, sealer: Sealer
) -> None:
    a_province(session, sealer, people=1)
    broadcast = a_broadcast(session)
    assert broadcast.waits_until(NOON) is None
    assert broadcast.waits_until(NIGHT) == MORNING
    pause(session, broadcast.id, now=NIGHT)
    assert broadcast.waits_until(NIGHT) is None
    resume(session, broadcast.id, now=NIGHT)
    assert broadcast.waits_until(NIGHT) == MORNING
    stop(session, broadcast.id, now=NIGHT)
    assert broadcast.waits_until(NIGHT) is None


def test_a_stopped_broadcast_is_no_longer_called_paused(session: Session, sealer: Sealer) -> None:
    a_province(session, sealer, people=1)
    broadcast = a_broadcast(session)
    pause(session, broadcast.id, now=NOON, note=OPERATOR_PAUSED)
    assert stop(session, broadcast.id, now=NOON).note == ""

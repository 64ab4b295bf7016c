"""Stops: whoever told the carrier to stop is not texted by the next broadcast either."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import claim_batch
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.settling import settle
from campaigns.gateway import Accepted, Answer, Refused
from campaigns.plans.planning import draft_plan
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import consent_history
from campaigns.subscribers.models import ConsentKind, Subscriber
from tests.builders import NOON, TERMS, a_broadcast, a_document, a_province, a_subscriber
from tests.fakes.carriers import a_gateway, a_server_that_says

LEASE = timedelta(minutes=1)
LATER = NOON + timedelta(days=2)


@pytest.fixture
def people(session: Session, sealer: Sealer) -> list[Subscriber]:
    return a_province(session, sealer, people=1)


def refuse_all_with(session: Session, sealer: Sealer, answer: bytes) -> int:
    """Send one broadcast to a carrier that refuses each text with *answer*; return its number."""
    broadcast = a_broadcast(session)
    claim = claim_batch(
        session, broadcast.id, lane="twilio", claimant="w", lease=LEASE, sealer=sealer, now=NOON
    )
    assert claim is not None
    with a_server_that_says((400, {}, answer)) as server:
        gateway = a_gateway(server.url)
        answers = gateway.send_all(claim.texts, until=datetime.now(UTC) + timedelta(minutes=1))
        gateway.close()
    settle(session, claim, answers, now=NOON)
    session.expire_all()
    return broadcast.id


def test_a_stop_at_the_carrier_is_an_opt_out_here(
    session: Session, sealer: Sealer, people: list[Subscriber]
) -> None:
    broadcast = refuse_all_with(session, sealer, b'{"code": 21610}')

    assert draw_ledger(session, broadcast).refused == {"21610": 2}
    for person in people:
        assert person.opted_out_at == NOON
        (event,) = consent_history(session, person)
        assert (event.kind, event.source, event.at) == (ConsentKind.OPTED_OUT, "carrier", NOON)
    newcomer = a_subscriber(session, sealer, area="06196")
    plan = draft_plan(session, a_document(), terms=TERMS, now=LATER)
    assert (plan.recipients, plan.skipped) == (1, {"opted_out": 2})
    assert newcomer.opted_out_at is None


def test_any_other_refusal_is_not(
    session: Session, sealer: Sealer, people: list[Subscriber]
) -> None:
    """A number that cannot receive texts today is not a person who wants none."""
    broadcast = refuse_all_with(session, sealer, b'{"code": 21614}')

    assert draw_ledger(session, broadcast).refused == {"21614": 2}
    assert [person.opted_out_at for person in people] == [None, None]
    assert draft_plan(session, a_document(), terms=TERMS, now=LATER).recipients == 2


def test_only_who_said_stop_is_opted_out_and_only_once(
    session: Session, sealer: Sealer, people: list[Subscriber]
) -> None:
    """Somebody who rang the hotline in the same minute keeps that as the source."""
    broadcast = a_broadcast(session)
    claim = claim_batch(
        session, broadcast.id, lane="twilio", claimant="w", lease=LEASE, sealer=sealer, now=NOON
    )
    assert claim is not None
    people[0].opted_out_at = NOON - timedelta(minutes=1)
    session.flush()
    answers: list[Answer] = [Refused("21610", is_stop=True), Accepted("SM1")]

    settle(session, claim, answers, now=NOON)

    session.expire_all()
    assert [person.opted_out_at for person in people] == [NOON - timedelta(minutes=1), None]
    assert [consent_history(session, person) for person in people] == [[], []]

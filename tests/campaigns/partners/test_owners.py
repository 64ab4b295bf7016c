"""Whose a text is: one partner's at a time, who hears its beginning and its end."""

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.broadcasts.controls import pause, resume, stop
from campaigns.broadcasts.posted_rows import RowResult
from campaigns.broadcasts.posting import take_posted
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.settling import settle
from campaigns.broadcasts.telling import tell_batches
from campaigns.deliveries import Broadcast, Delivery
from campaigns.gateway import Accepted, Outcome
from campaigns.partners.accounts import bind_carriers, withdraw_partner
from campaigns.partners.feed import feed_state
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.partners.references import References
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_claim, a_partner, settle_all, told
from tests.campaigns.partners.test_sequence import DEEDS, OWED_OR_NOT, Sending, cut

LATER = NOON + timedelta(minutes=5)
NETWORKS = ("viettel", "vinaphone")


@pytest.fixture
def broadcast(session: Session, sealer: Sealer) -> Broadcast:
    a_province(session, sealer, people=1)
    return a_broadcast(session)


def move(session: Session, carrier: str) -> None:
    """Let every number be on another network from now on."""
    session.execute(update(Subscriber).values(carrier_actual=carrier))
    session.flush()


def hand_over(session: Session, broadcast: Broadcast, sealer: Sealer) -> None:
    claim = a_claim(session, broadcast.id, sealer, now=LATER)
    assert claim is not None
    settle(session, claim, [Accepted(f"SM{n}") for n in (1, 2)], now=LATER)


def heard(session: Session, broadcast: Broadcast) -> None:
    reports = [CarrierReport(broadcast.id, n, f"SM{n}", Outcome.HANDSET, "", LATER) for n in (1, 2)]
    take_in(session, reports, now=LATER)


def test_a_number_that_moves_before_its_turn_ends_here_and_begins_there(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    first, second = (a_partner(session, one, carriers=[one]) for one in NETWORKS)
    tell_batches(session, limit=9, now=NOON)
    move(session, "vinaphone")
    hand_over(session, broadcast, sealer)
    assert told(session, first) == [
        *((1, "planned"), (2, "planned"), (1, "withdrawn"), (2, "withdrawn"))
    ]
    assert told(session, second) == [
        *((1, "planned"), (2, "planned"), (1, "submitted"), (2, "submitted"))
    ]


def test_nobody_may_say_what_became_of_a_text_that_is_theirs_no_more(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    """Not even whether it was handed over: before and after, the answer is the same."""
    first, second = (a_partner(session, one, carriers=[one]) for one in NETWORKS)
    references = References(sealer, first.id)
    failed = [{"reference": references.make(broadcast.id, 1), "state": "failed", "code": "1"}]

    def post() -> list[RowResult]:
        return take_posted(session, first, failed, references=references, now=LATER)

    tell_batches(session, limit=9, now=NOON)
    assert post() == [RowResult.EARLY]
    move(session, "vinaphone")
    hand_over(session, broadcast, sealer)
    assert post() == [RowResult.UNKNOWN]
    assert [state for _, state in told(session, second)][-2:] == ["submitted", "submitted"]


def test_what_was_handed_over_stays_with_whoever_stood_for_the_network(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    first = a_partner(session, "viettel-ls", carriers=["viettel", "gmobile"])
    second = a_partner(session, "viettel-moi", carriers=["itel"])
    hand_over(session, broadcast, sealer)
    then = LATER + timedelta(minutes=1)
    bind_carriers(session, first, ["gmobile"], now=then)
    bind_carriers(session, second, ["itel", "viettel"], now=then)
    heard(session, broadcast)
    assert [state for _, state in told(session, first)][-2:] == ["handset", "handset"]
    assert told(session, second) == []


def test_a_withdrawn_partner_is_settled_with_to_the_last_receipt(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    partner = a_partner(session)
    hand_over(session, broadcast, sealer)
    withdraw_partner(session, partner, now=LATER + timedelta(minutes=1))
    settle_all(session, partner, sealer, now=NOON + timedelta(days=1))
    heard(session, broadcast)
    session.expire_all()
    made = settle_all(session, partner, sealer, now=NOON + timedelta(days=5))
    assert len(made) == 1
    assert [(line["kind"], line["state"], line["texts"]) for line in made[0].lines] == [
        *(("correction", "handset", 2), ("correction", "submitted", -2))
    ]


def test_a_network_that_goes_to_another_partner_takes_what_is_planned_along(
    session: Session, sealer: Sealer, broadcast: Broadcast
) -> None:
    first = a_partner(session, "viettel-ls", carriers=["viettel", "gmobile"])
    tell_batches(session, limit=9, now=NOON)
    pause(session, broadcast.id, now=NOON)
    bind_carriers(session, first, ["gmobile"], now=NOON)
    second = a_partner(session, "viettel-moi", carriers=["viettel"])
    resume(session, broadcast.id, now=LATER)
    hand_over(session, broadcast, sealer)
    assert [state for _, state in told(session, first)] == ["planned"] * 2 + ["withdrawn"] * 2
    assert [state for _, state in told(session, second)] == ["planned"] * 2 + ["submitted"] * 2


def test_what_is_stopped_is_told_to_whoever_was_told_of_it(
    session: Session, broadcast: Broadcast
) -> None:
    first, second = (a_partner(session, one, carriers=[one]) for one in NETWORKS)
    tell_batches(session, limit=9, now=NOON)
    move(session, "vinaphone")
    stop(session, broadcast.id, now=NOON)
    session.expire_all()
    tell_batches(session, limit=9, now=NOON)
    assert [state for _, state in told(session, first)][2:] == ["withdrawn"] * 2
    assert told(session, second) == []


class Moving(Sending):
    """The same, while numbers move and networks change their partners."""

    def move(self, session: Session) -> None:
        people = session.scalars(select(Subscriber).order_by(Subscriber.id)).all()
        self.chance.choice(people).carrier_actual = self.chance.choice(NETWORKS)
        self._go_on(session)

    def swap(self, session: Session) -> None:
        """Let one partner stand for all networks, or each for one."""
        self._go_on(session)
        first, second = session.scalars(select(Partner).order_by(Partner.id))
        bind_carriers(session, first, ["gmobile"], now=self.now)
        bind_carriers(session, second, ["itel"], now=self.now)
        shared = self.chance.sample(NETWORKS, 2)
        bind_carriers(session, first, ["gmobile", shared[0]], now=self.now)
        bind_carriers(session, second, ["itel", *shared[1:]], now=self.now)

    def _go_on(self, session: Session) -> None:
        session.flush()
        self.now += timedelta(seconds=1)


def assert_one_owner(session: Session) -> None:
    """Each partner's entries of a text follow one another; all but its owner's end withdrawn."""
    session.expire_all()
    stands: dict[int, dict[int, FeedState]] = defaultdict(dict)
    for entry in session.scalars(select(FeedEntry).order_by(FeedEntry.partner_id, FeedEntry.seq)):
        of_text = stands[entry.position]
        last = of_text.get(entry.partner_id, FeedState.NOTHING)
        assert entry.before is last or {entry.before, last} <= OWED_OR_NOT, entry.seq
        of_text[entry.partner_id] = entry.state
    for delivery in session.scalars(select(Delivery)):
        told_last = [
            state
            for state in stands[delivery.position].values()
            if state is not FeedState.WITHDRAWN
        ]
        state = feed_state(delivery.state, delivery.outcome)
        is_over = state is FeedState.WITHDRAWN
        assert told_last == ([] if is_over else [state]), (delivery.position, stands)


@given(
    st.lists(st.sampled_from((*DEEDS, "move", "swap", "stop")), max_size=14),
    st.randoms(),
)
@settings(
    max_examples=18, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whoever_moves_meanwhile_each_text_has_one_owner(
    session: Session, sealer: Sealer, deeds: list[str], chance: random.Random
) -> None:
    with session.begin_nested() as all_of_it:
        a_province(session, sealer, people=8)
        for network in NETWORKS:
            a_partner(session, network, carriers=[network])
        broadcast = a_broadcast(session)
        cut(session, broadcast.id)
        sending = Moving(broadcast.id, sealer, chance)
        for name in deeds:
            getattr(sending, name)(session)
        while tell_batches(session, limit=100, now=sending.now):
            pass
        assert_one_owner(session)
        all_of_it.rollback()

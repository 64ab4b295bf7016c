"""The numbers of a feed: no gap and no repeat, whoever writes at once and whatever is undone."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.claiming import claim_batch
from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.recovering import LostText, find_lost, release_expired_claims, resolve
from campaigns.broadcasts.settling import settle
from campaigns.broadcasts.telling import tell_batches
from campaigns.deliveries import Batch, Delivery
from campaigns.gateway import Accepted, Answer, Outcome, Postponed, Refused, Uncertain
from campaigns.partners.feed import feed_state
from campaigns.partners.models import FeedEntry, FeedState, Partner
from campaigns.sealing import Sealer
from tests.builders import NOON, TERMS, a_broadcast, a_province
from tests.campaigns.partners.builders import LEASE, a_partner

PEOPLE = 15
WRITERS = 3
ROUNDS = 20
ANSWERS: tuple[Answer, ...] = (
    Accepted(""),
    Refused("21614"),
    Uncertain("late"),
    Postponed("20429", timedelta()),
)


class Sending:
    """One broadcast, and whatever workers, carriers and operators may do to it next."""

    def __init__(self, broadcast_id: int, sealer: Sealer, chance: random.Random) -> None:
        self.broadcast_id = broadcast_id
        self.sealer = sealer
        self.chance = chance
        self.now = NOON

    def claim_and_settle(self, session: Session) -> None:
        claim = self._claim(session)
        if claim is None:
            return
        answers = [self._answer(text.position) for text in claim.texts]
        settle(session, claim, answers, now=self.now)

    def lose(self, session: Session) -> None:
        """Claim, say nothing more, and let the lease run out."""
        self._claim(session)
        self.now += LEASE * 2
        release_expired_claims(session, now=self.now)

    def find(self, session: Session) -> None:
        """Ask the carrier about one text: it has it, or never had it."""
        lost = find_lost(
            session,
            after=(0, 0),
            limit=1,
            lanes=["twilio"],
            lease=timedelta(),
            sealer=self.sealer,
            now=self.now + timedelta(seconds=1),
        )
        for text in lost:
            if self.chance.random() < 0.5:
                resolve(session, text, [], now=self.now)
            else:
                self._report(session, text)

    def hear(self, session: Session) -> None:
        claimed = session.scalars(
            select(Delivery.position)
            .where(Delivery.claimed_at.is_not(None))
            .order_by(Delivery.position)
        ).all()
        positions = self.chance.sample(claimed, min(5, len(claimed)))
        outcomes = (Outcome.NETWORK, Outcome.HANDSET, Outcome.FAILED)
        reports = [
            CarrierReport(
                self.broadcast_id, position, f"SM{position}", self.chance.choice(outcomes), "", NOON
            )
            for position in positions
        ]
        take_in(session, reports, now=self.now)

    def tell(self, session: Session) -> None:
        tell_batches(session, limit=2, now=self.now)

    def stop(self, session: Session) -> None:
        stop(session, self.broadcast_id, now=self.now)

    def _claim(self, session: Session) -> Any:
        return claim_batch(
            session,
            self.broadcast_id,
            lane="twilio",
            claimant="w",
            lease=LEASE,
            sealer=self.sealer,
            now=self.now,
        )

    def _answer(self, position: int) -> Answer:
        answer = self.chance.choice(ANSWERS)
        return Accepted(f"SM{position}") if isinstance(answer, Accepted) else answer

    def _report(self, session: Session, text: LostText) -> None:
        sid = f"SM{text.position}"
        report = CarrierReport(text.broadcast_id, text.position, sid, Outcome.NETWORK, "", NOON)
        take_in(session, [report], now=self.now)


OWED_OR_NOT = {FeedState.PLANNED, FeedState.WITHDRAWN, FeedState.EXPIRED}
DEEDS = ("claim_and_settle", "lose", "find", "hear", "tell")


def read_numbers(session: Session) -> list[int]:
    return list(session.scalars(select(FeedEntry.seq).order_by(FeedEntry.seq)))


def assert_books(session: Session) -> None:
    """Every entry begins where the text's last one ended, and the last one is what holds.

    Between what is planned and what is not after all, a receipt may come before it was told.
    """
    session.expire_all()
    numbers = read_numbers(session)
    assert numbers == list(range(1, len(numbers) + 1))
    assert session.scalars(select(Partner.last_seq)).one() == len(numbers)
    stands: dict[int, FeedState] = {}
    for entry in session.scalars(select(FeedEntry).order_by(FeedEntry.seq)):
        last = stands.get(entry.position, FeedState.NOTHING)
        assert entry.before is last or {entry.before, last} <= OWED_OR_NOT, entry.seq
        stands[entry.position] = entry.state
    for delivery in session.scalars(select(Delivery)):
        if delivery.position in stands:
            assert stands[delivery.position] is feed_state(delivery.state, delivery.outcome)


def a_sending(session: Session, sealer: Sealer, chance: random.Random) -> Sending:
    a_province(session, sealer, people=PEOPLE)
    a_partner(session)
    broadcast = a_broadcast(session)
    cut(session, broadcast.id)
    return Sending(broadcast.id, sealer, chance)


def cut(session: Session, broadcast_id: int) -> None:
    """Cut the broadcast into batches of ten, of which several may be worked at at once."""
    whole = session.scalars(select(Batch).where(Batch.broadcast_id == broadcast_id)).one()
    last, whole.last = whole.last, 10
    for first in range(11, last + 1, 10):
        session.add(
            Batch(
                broadcast_id=broadcast_id,
                lane=whole.lane,
                first=first,
                last=min(first + 9, last),
                due_at=whole.due_at,
            )
        )
    session.flush()
    assert TERMS.lanes[0].name == whole.lane


@given(
    st.lists(st.tuples(st.sampled_from((*DEEDS, "stop")), st.booleans()), max_size=12),
    st.randoms(),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_happens_and_is_undone_the_books_are_right(
    session: Session, sealer: Sealer, deeds: list[tuple[str, bool]], chance: random.Random
) -> None:
    with session.begin_nested() as all_of_it:
        sending = a_sending(session, sealer, chance)
        for name, is_undone in deeds:
            if is_undone:
                with session.begin_nested() as part:
                    getattr(sending, name)(session)
                    part.rollback()
            else:
                getattr(sending, name)(session)
        while tell_batches(session, limit=100, now=sending.now):
            pass
        assert_books(session)
        all_of_it.rollback()


def test_who_reads_while_many_write_never_sees_a_gap(
    commits: sessionmaker[Session], sealer: Sealer
) -> None:
    """Three writers, of whose transactions a third is undone, and a reader that looks all along."""
    with commits.begin() as session:
        broadcast_id = a_sending(session, sealer, random.Random(1)).broadcast_id
    over = Event()

    def write(seed: int) -> None:
        sending = Sending(broadcast_id, sealer, random.Random(seed))
        for _ in range(ROUNDS):
            deed = getattr(sending, sending.chance.choice(DEEDS))
            with commits() as session:
                deed(session)
                if sending.chance.random() < 2 / 3:
                    session.commit()

    def read() -> int:
        looks = 0
        while not over.is_set():
            with commits() as session:
                numbers = read_numbers(session)
                assert numbers == list(range(1, len(numbers) + 1))
                looks += 1
        return looks

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        reading = threads.submit(read)
        writing = [threads.submit(write, seed) for seed in range(WRITERS)]
        try:
            for one in writing:
                one.result(120)
        finally:
            over.set()
        assert reading.result(30) > 0

    with commits() as session:
        assert len(read_numbers(session)) > PEOPLE
        assert_books(session)

"""Adding up: all settlement files of a partner say what its feed and the ledger say."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.claiming import Claim
from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.posting import take_posted
from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.broadcasts.recovering import find_lost, release_expired_claims, resolve
from campaigns.broadcasts.settling import settle
from campaigns.broadcasts.telling import tell_batches
from campaigns.deliveries import Broadcast, BroadcastText, Delivery
from campaigns.gateway import Accepted, Answer, Outcome, Postponed, Refused, SentText, Uncertain
from campaigns.local_time import ZONE
from campaigns.partners.accounts import carriers_of, change_partner
from campaigns.partners.chains import first_broken
from campaigns.partners.feed import feed_state
from campaigns.partners.models import FeedEntry, Partner, PartnerCarrier
from campaigns.partners.references import References
from campaigns.partners.settlements import (
    SETTLED,
    PartnerSettlement,
    draft_settlement,
    keep_settlement,
    list_settlements,
    next_due,
)
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_document, a_province
from tests.campaigns.partners.builders import LEASE, a_claim, a_partner, feed_of

WANDERER = "mobifone"
CARRIERS = ("viettel", "vinaphone", WANDERER)
OUTCOMES = (Outcome.NETWORK, Outcome.HANDSET, Outcome.FAILED)
AT_ANY_HOUR = {"class": "emergency", "window": {"hours": "00:00-24:00"}}
TWO_SEGMENTS = {"vi": "Lạng Sơn: Thực hiện 5K tại {area}. " * 5}

# So many texts by the day of handing over, sender, state and segments.
Counts = Counter[tuple[str, str, str, int]]


@dataclass
class Province:
    """Broadcasts to three networks of two partners, and all that may happen to their texts.

    ``held`` is what workers have in hand.
    """

    session: Session
    sealer: Sealer
    partners: Sequence[Partner]
    now: datetime = NOON
    chance: random.Random = field(default_factory=random.Random)
    held: tuple[Claim, ...] = ()

    def do(self, deed: str, number: int, *, is_undone: bool = False) -> None:
        """Do one deed in a transaction of its own; *number* decides what it leaves open."""
        self.chance = random.Random(number)
        self.now += timedelta(minutes=1)
        held = self.held
        with self.session.begin_nested() as transaction:
            getattr(self, deed)()
            if is_undone:
                transaction.rollback()
                self.held = held
        self.session.expire_all()

    def launch(self) -> None:
        changes = AT_ANY_HOUR | {"campaign": f"luc-{self.now:%d-%H-%M}"}
        changes |= self.chance.choice(({}, {"sender": "UBND LSon"}, {"texts": TWO_SEGMENTS}))
        a_broadcast(self.session, a_document(**changes), now=self.now)

    def claim(self) -> None:
        for number in self._broadcasts():
            claim = a_claim(self.session, number, self.sealer, now=self.now)
            if claim is not None and claim.texts:
                self.held = (*self.held, claim)

    def answer(self) -> None:
        """Settle what a worker holds, in time or long after it lost its lease."""
        if not self.held:
            return
        claim, *rest = self.held
        self.held = tuple(rest)
        answers: list[Answer] = [
            self.chance.choice(
                (
                    Accepted(f"SM{claim.batch_id}-{claim.attempt}-{text.position}"),
                    Refused("21614"),
                    Uncertain("timeout"),
                    Postponed("20429", timedelta()),
                )
            )
            for text in claim.texts
        ]
        settle(self.session, claim, answers, now=self.now)

    def lose(self) -> None:
        """Let whatever is held be given up."""
        self.now += 2 * LEASE
        release_expired_claims(self.session, now=self.now)

    def find(self) -> None:
        """Ask the carrier about texts in doubt: some it has, others it never had."""
        lost = find_lost(
            self.session,
            after=(0, 0),
            limit=self.chance.randint(1, 9),
            lanes=["twilio"],
            lease=LEASE,
            sealer=self.sealer,
            now=self.now,
        )
        for number, text in enumerate(lost):
            name = f"SMfound{self.now:%d%H%M}-{number}"
            found = SentText(name, text.body, text.claimed_at, self.chance.choice(OUTCOMES), "")
            resolve(self.session, text, self.chance.choice(([found], [])), now=self.now)

    def hear(self) -> None:
        """Receipts: late or at once, contradicting, of others' names, of numbers that moved."""
        reports = [
            CarrierReport(
                text.broadcast_id,
                text.position,
                self.chance.choice((text.sid or "SMnew", text.sid or "SMnew", "SMother")),
                self.chance.choice(OUTCOMES),
                self.chance.choice(("", "30003")),
                self.now,
                carrier=self.chance.choice(("", "", *CARRIERS)),
            )
            for text in self._some_texts()
        ]
        take_in(self.session, reports, now=self.now)

    def post(self) -> None:
        """Receipts of a partner's own, also about texts that are the other's."""
        partner, other = self.chance.sample(self.partners, 2)
        own, foreign = (References(self.sealer, one.id) for one in (partner, other))
        rows: list[object] = [
            {
                "reference": self.chance.choice((own, own, foreign)).make(
                    text.broadcast_id, text.position
                ),
                "state": self.chance.choice(OUTCOMES).value,
            }
            for text in self._some_texts()
        ]
        take_posted(self.session, partner, rows, references=own, now=self.now)

    def tell(self) -> None:
        tell_batches(self.session, limit=2, now=self.now)

    def stop(self) -> None:
        if numbers := self._broadcasts():
            stop(self.session, self.chance.choice(numbers), now=self.now)

    def wander(self) -> None:
        """Let the third network change its partner; whoever does it may have waited for a lock."""
        giver, taker = self.partners
        if WANDERER in carriers_of(self.session, taker):
            giver, taker = taker, giver
        asked_at = self.now - self.chance.choice((timedelta(), timedelta(minutes=3)))
        kept = [one for one in carriers_of(self.session, giver) if one != WANDERER]
        change_partner(self.session, giver, carriers=kept, now=asked_at)
        more = [*carriers_of(self.session, taker), WANDERER]
        change_partner(self.session, taker, carriers=more, now=asked_at)

    def wait(self) -> None:
        self.now += self.chance.choice((timedelta(hours=5), timedelta(hours=12), timedelta(days=2)))

    def settle_one(self) -> None:
        self.settle(self.chance.choice(self.partners))

    def settle(self, partner: Partner) -> None:
        """Make every settlement that is due, each by two at once, and look at each."""
        signer = self.sealer.signer
        while (day := next_due(self.session, partner, now=self.now)) is not None:
            draft = draft_settlement(self.session, partner, day)
            assert keep_settlement(self.session, draft, signer=signer, now=self.now) is not None
            assert keep_settlement(self.session, draft, signer=signer, now=self.now) is None
            self._check_last(partner)

    def _check_last(self, partner: Partner) -> None:
        """Hold all settlements so far against the stretch of the feed that they cover."""
        made = self.made(partner)
        first = made[-2].last_seq + 1 if len(made) > 1 else 1
        assert (made[-1].first_seq, first_broken(self.session, partner)) == (first, None)
        day = made[-1].day.isoformat()
        assert all(line["day"] <= day for line in made[-1].lines)
        assert all((line["day"] == day) == (line["kind"] == "ordinary") for line in made[-1].lines)
        feed = feed_of(self.session, partner)[: made[-1].last_seq]
        assert added_up(made) == self.by_feed(feed)

    def made(self, partner: Partner) -> list[PartnerSettlement]:
        return list_settlements(self.session, partner, limit=999)

    def by_feed(self, feed: Iterable[FeedEntry]) -> Counts:
        """Count where *feed* leaves its texts: each by its last entry."""
        senders = {one.id: one.sender for one in self.session.scalars(select(Broadcast))}
        last = {(entry.broadcast_id, entry.position): entry for entry in feed}
        return Counter(
            (f"{one.day}", senders[one.broadcast_id], one.state.value, one.segments)
            for one in last.values()
            if one.state in SETTLED
        )

    def by_ledger(self, partner: Partner) -> Counts:
        """Count where texts stand that were handed over while *partner* had their network."""
        texts = self.session.execute(
            select(Delivery, Broadcast.sender, BroadcastText.segments)
            .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .join(BroadcastText, BroadcastText.id == Delivery.text_id)
            .join(PartnerCarrier, PartnerCarrier.carrier == Delivery.carrier)
            .where(
                PartnerCarrier.partner_id == partner.id,
                PartnerCarrier.since <= Delivery.claimed_at,
                or_(PartnerCarrier.until.is_(None), PartnerCarrier.until > Delivery.claimed_at),
            )
        )
        return Counter(
            (f"{one.claimed_at.astimezone(ZONE).date()}", sender, state.value, segments)
            for one, sender, segments in texts
            if (state := feed_state(one.state, one.outcome)) in SETTLED and one.claimed_at
        )

    def _broadcasts(self) -> Sequence[int]:
        return self.session.scalars(select(Broadcast.id).order_by(Broadcast.id)).all()

    def _some_texts(self) -> Sequence[Row[int, int, str]]:
        claimed = self.session.execute(
            select(Delivery.broadcast_id, Delivery.position, Delivery.sid)
            .where(Delivery.claimed_at.is_not(None))
            .order_by(Delivery.broadcast_id, Delivery.position)
        ).all()
        return self.chance.sample(claimed, min(5, len(claimed)))


def added_up(settlements: Iterable[PartnerSettlement]) -> Counts:
    total: Counts = Counter()
    for line in (line for one in settlements for line in one.lines):
        key = (line["day"], line["sender"], line["state"], line["segments_per_text"])
        total[key] += line["texts"]
        assert line["segments"] == line["texts"] * line["segments_per_text"]
    return Counter({key: texts for key, texts in total.items() if texts})


def a_province_of_partners(session: Session, sealer: Sealer) -> Province:
    for number, subscriber in enumerate(a_province(session, sealer, people=3)):
        subscriber.carrier_guess = CARRIERS[number % len(CARRIERS)]
    viettel = a_partner(session, "viettel-ls", carriers=["viettel", WANDERER])
    vinaphone = a_partner(session, "vinaphone-ls", carriers=["vinaphone"])
    return Province(session, sealer, [viettel, vinaphone])


DEEDS = (
    *("launch", "claim", "answer", "lose", "find", "hear", "post"),
    *("tell", "stop", "wander", "wait", "settle_one"),
)
COURSES = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 99), st.integers(0, 3).map(lambda n: n == 3)),
    min_size=9,
    max_size=24,
)
# Receipts for a day that is settled, and a text in doubt that is found out days later.
LATE = [
    *(("answer", 2, False), ("wait", 5, False), ("settle_one", 0, False), ("settle_one", 1, False)),
    *(("hear", 1, True), ("hear", 1, False), ("post", 2, False), ("lose", 0, False)),
    *(("settle_one", 0, True), ("find", 3, False), ("claim", 0, False), ("answer", 6, False)),
    *(("wander", 0, False), ("hear", 8, False), ("wander", 1, False), ("hear", 9, False)),
    *(("wait", 0, False), ("settle_one", 1, False)),
]
# A network that changes its partner by somebody who had to wait while its texts were handed over.
WAITED = [("answer", 2, False), ("wander", 0, False), ("hear", 1, False), ("hear", 2, False)]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(COURSES)
@example(LATE)
@example(WAITED)
def test_whatever_happens_all_files_together_are_the_feed_and_the_ledger(
    session: Session, sealer: Sealer, course: list[tuple[str, int, bool]]
) -> None:
    """And once made, nothing that comes later and nobody who settles again changes a file."""
    with session.begin_nested() as everything:
        province = a_province_of_partners(session, sealer)
        for deed, number, is_undone in [("launch", 0, False), ("claim", 0, False), *course]:
            province.do(deed, number, is_undone=is_undone)
        early = {one: [each.content for each in province.made(one)] for one in province.partners}
        province.now += timedelta(days=2)
        for partner in province.partners:
            province.settle(partner)
            made = province.made(partner)
            assert [one.content for one in made][: len(early[partner])] == early[partner]
            assert added_up(made) == province.by_ledger(partner)
            for one in (made[0], made[-1]):
                draft = draft_settlement(session, partner, one.day)
                now, signer = province.now, sealer.signer
                assert keep_settlement(session, draft, signer=signer, now=now) is None
            assert [one.content for one in province.made(partner)] == [one.content for one in made]
        everything.rollback()

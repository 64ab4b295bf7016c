"""The one law of opting out: no text leaves that was claimed after the opt-out was committed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.launching import launch
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.recovering import find_lost, release_expired_claims, resolve
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast, BroadcastText, Delivery
from campaigns.errors import EmptySlotError
from campaigns.gateway import Accepted, Answer, Postponed
from campaigns.lanes import Lane
from campaigns.people import Role
from campaigns.plans.approvals import Ground, missing_roles, sign_plan, submit_plan
from campaigns.plans.planning import PlanDraft, Terms, draft_plan
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import (
    erase,
    has_opted_out,
    opt_in_subscriber,
    opt_out_owner,
)
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.stop_links import read_stop_code
from tests.builders import NOON, a_document, a_person, a_province

LEASE = timedelta(minutes=1)
SLOWLY = Terms(lanes=(Lane("twilio", 1),), hotline="1800 1119", segment_price_vnd=400)
LAW = "Luật 91/2025/QH15, bảo vệ tính mạng"
EMERGENCY = {"class": "emergency", "window": {}, "despite_opt_out": LAW}
ABOUT = {"topic": "vaccination"}


def draft(session: Session, **changes: Any) -> PlanDraft:
    return draft_plan(session, a_document(**changes), terms=SLOWLY, now=NOON)


def launched(session: Session, *, terms: Terms = SLOWLY, **changes: Any) -> Broadcast:
    """Return a broadcast that everybody who must has signed."""
    drawn = draft_plan(session, a_document(**changes), terms=terms, now=NOON)
    plan = submit_plan(session, drawn, author="tacgia", revise=False, now=NOON)
    ground = Ground("12/QĐ-BCĐ", "lũ quét trong đêm")
    for login, role in (
        ("duyet", Role.CONTENT_APPROVER),
        ("gui", Role.SENDER),
        ("bcd", Role.STEERING_COMMITTEE),
    ):
        if role in missing_roles(drawn.document, []):
            person = a_person(session, login, role, agency=login)
            sign_plan(session, plan, person, ground=ground, now=NOON)
    return launch(session, plan, terms=terms, now=NOON).broadcast


@dataclass
class Sending:
    """A broadcast on its way, and everything that may happen to it and to its readers."""

    session: Session
    sealer: Sealer
    people: Sequence[Subscriber]
    broadcast: Broadcast
    now: datetime = NOON
    held: list[Claim] = field(default_factory=list)
    handed_over: list[str] = field(default_factory=list)
    wronged: list[str] = field(default_factory=list)

    def do(self, deed: str, who: int) -> None:
        self.now += timedelta(seconds=2)
        one = self.people[who % len(self.people)]
        match deed:
            case "stop":
                opt_out_owner(self.session, one.fingerprint, source="s", now=self.now)
            case "stop topic":
                opt_out_owner(
                    self.session, one.fingerprint, source="s", now=self.now, topic="vaccination"
                )
            case "start":
                opt_in_subscriber(self.session, one, source="s", now=self.now)
            case "claim":
                self.claim()
            case "accept":
                self.settle(Accepted)
            case "postpone":
                self.settle(lambda _: Postponed("30001", timedelta()))
            case _:
                self.kill()

    def claim(self) -> None:
        claim = claim_batch(
            self.session,
            self.broadcast.id,
            lane="twilio",
            claimant="worker-1",
            lease=LEASE,
            sealer=self.sealer,
            now=self.now,
        )
        if claim is None or not claim.texts:
            return
        stopped = {self.sealer.unseal(one.sealed or b"") for one in self.people if self.is_out(one)}
        self.wronged += [text.to for text in claim.texts if text.to in stopped]
        self.held.append(claim)

    def settle(self, answer: object) -> None:
        if not self.held:
            return
        claim = self.held.pop()
        assert callable(answer)
        answers: list[Answer] = [answer(f"SM{text.position}") for text in claim.texts]
        self.handed_over += [
            text.to
            for text, one in zip(claim.texts, answers, strict=True)
            if isinstance(one, Accepted)
        ]
        settle(self.session, claim, answers, now=self.now)

    def kill(self) -> None:
        """Let the worker die with everything it holds; the carrier never had any of it."""
        if not self.held:
            return
        self.held.clear()
        self.now += 2 * LEASE
        release_expired_claims(self.session, now=self.now)
        lost = find_lost(
            self.session,
            after=(0, 0),
            limit=1000,
            lanes=["twilio"],
            lease=LEASE,
            sealer=self.sealer,
            now=self.now,
        )
        for one in lost:
            resolve(self.session, one, [], now=self.now)

    def is_out(self, one: Subscriber) -> bool:
        topic = self.broadcast.topic
        return has_opted_out(self.session, one.fingerprint, topic=topic)


@contextmanager
def sending(sessions: sessionmaker[Session], sealer: Sealer, **changes: Any) -> Iterator[Sending]:
    """Lend a broadcast in three batches; what happened to it is undone afterwards."""
    with sessions() as session:
        people = a_province(session, sealer, people=12)
        yield Sending(session, sealer, people, launched(session, **changes))
        session.rollback()


DEEDS = ("stop", "stop topic", "start", "claim", "accept", "postpone", "kill")
COURSES = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 23)), max_size=14)
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(COURSES)
@example([("claim", 0), ("postpone", 0), ("stop", 0), ("claim", 0), ("accept", 0)])
@example([("claim", 0), ("kill", 0), ("stop topic", 1), ("claim", 0), ("accept", 0)])
@example([("stop", 5), ("start", 5), ("stop topic", 5), ("claim", 0), ("claim", 0)])
def test_whatever_the_order_nobody_is_claimed_after_they_stopped(
    sessions: sessionmaker[Session], sealer: Sealer, course: list[tuple[str, int]]
) -> None:
    with sending(sessions, sealer, **ABOUT) as course_of:
        for deed, who in course:
            course_of.do(deed, who)
        for _ in range(6):
            course_of.do("claim", 0)
            course_of.do("accept", 0)
        assert course_of.wronged == []
        assert len(course_of.handed_over) == len(set(course_of.handed_over))
        ledger = draw_ledger(course_of.session, course_of.broadcast.id)
        assert ledger.is_balanced
        assert ledger.despite_opt_out == 0
        assert len(course_of.handed_over) == ledger.accepted


@FEW
@given(COURSES)
def test_an_emergency_that_names_its_law_reaches_everybody_once_and_says_whom_despite_it(
    sessions: sessionmaker[Session], sealer: Sealer, course: list[tuple[str, int]]
) -> None:
    with sending(sessions, sealer, **EMERGENCY) as course_of:
        for deed, who in course:
            course_of.do(deed, who)
        for _ in range(6):
            course_of.do("claim", 0)
            course_of.do("accept", 0)
        ledger = draw_ledger(course_of.session, course_of.broadcast.id)
        assert (ledger.accepted, ledger.skipped, ledger.is_balanced) == (24, {}, True)
        despite = course_of.session.scalars(
            select(Delivery.subscriber_id).where(Delivery.despite_opt_out)
        ).all()
        assert ledger.despite_opt_out == len(despite)


class TestEmergency:
    def test_the_plan_says_how_many_and_the_committee_must_sign(
        self, session: Session, sealer: Sealer
    ) -> None:
        people = a_province(session, sealer, people=2)
        opt_out_owner(session, people[0].fingerprint, source="s", now=NOON)
        drawn = draft(session, **EMERGENCY)
        assert (drawn.recipients, drawn.despite_opt_out, drawn.skipped) == (4, 1, {})
        assert Role.STEERING_COMMITTEE in missing_roles(drawn.document, [])
        assert "despite_opt_out" in {finding.code for finding in drawn.findings}

    def test_an_emergency_that_names_no_law_leaves_out_whoever_opted_out(
        self, session: Session, sealer: Sealer
    ) -> None:
        people = a_province(session, sealer, people=2)
        opt_out_owner(session, people[0].fingerprint, source="s", now=NOON)
        drawn = draft(session, **{"class": "emergency", "window": {}})
        assert (drawn.recipients, drawn.skipped) == (3, {"opted_out": 1})

    def test_not_even_an_emergency_reaches_the_erased_and_those_who_left(
        self, session: Session, sealer: Sealer
    ) -> None:
        people = a_province(session, sealer, people=2)
        number = sealer.unseal(people[0].sealed or b"")
        erase(session, number, source="letter", sealer=sealer, now=NOON)
        people[1].left_at = NOON
        session.flush()
        assert draft(session, **EMERGENCY).recipients == 2

    @pytest.mark.parametrize(
        "changes",
        [
            {"despite_opt_out": LAW},
            EMERGENCY | {"mode": "exercise", "texts": {"vi": "DIỄN TẬP: {area}."}},
            EMERGENCY | {"despite_opt_out": ""},
            EMERGENCY | {"despite_opt_out": "x" * 201},
        ],
    )
    def test_only_a_real_emergency_under_a_named_law_may(self, changes: dict[str, object]) -> None:
        with pytest.raises(ValidationError, match="despite_opt_out"):
            a_document(**changes)

    def test_the_law_is_part_of_what_is_signed(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=1)
        one, other = (
            draft(session, **EMERGENCY | {"despite_opt_out": law}) for law in (LAW, "Luật khác")
        )
        assert one.digest != other.digest


class TestTopics:
    def test_a_plan_leaves_out_who_stopped_its_topic_and_no_other(
        self, session: Session, sealer: Sealer
    ) -> None:
        people = a_province(session, sealer, people=2)
        opt_out_owner(session, people[0].fingerprint, source="s", now=NOON, topic="vaccination")
        assert draft(session, **ABOUT).skipped == {"opted_out": 1}
        assert draft(session, topic="travel").skipped == {}
        assert draft(session).skipped == {}

    def test_a_file_without_a_topic_has_the_digest_that_it_always_had(
        self, session: Session, sealer: Sealer
    ) -> None:
        """What was signed before topics existed is still what was signed."""
        a_province(session, sealer, people=1)
        assert "topic" not in a_document().model_dump(exclude_none=True)
        assert draft(session).content_digest != draft(session, **ABOUT).content_digest


class TestStopLinks:
    TEXTS: ClassVar = {"texts": {"vi": "Lạng Sơn: Thực hiện 5K tại {area}. Thôi: {stop_link}"}}
    TERMS_WITH_ADDRESS = replace(SLOWLY, address="https://loa.example.vn")

    def test_each_reader_gets_their_own_link_in_a_text_as_long_as_the_signed_one(
        self, session: Session, sealer: Sealer
    ) -> None:
        people = a_province(session, sealer, people=2)
        broadcast = launched(session, terms=self.TERMS_WITH_ADDRESS, **self.TEXTS)
        ours = Sending(session, sealer, people, broadcast)
        ours.claim()
        texts = ours.held[0].texts
        signed = session.scalars(select(BroadcastText.body)).all()
        assert {len(text.body) for text in texts} == {len(body) for body in signed}
        readers = {}
        for text in texts:
            _, _, code = text.body.rpartition("https://loa.example.vn/stop/")
            readers[text.to] = read_stop_code(sealer, code)
        assert readers == {sealer.unseal(one.sealed or b""): one.id for one in people}

    def test_a_lost_text_is_known_again_by_its_readers_own_link(
        self, session: Session, sealer: Sealer
    ) -> None:
        """Else it would be sent a second time."""
        people = a_province(session, sealer, people=1)
        broadcast = launched(session, terms=self.TERMS_WITH_ADDRESS, **self.TEXTS)
        ours = Sending(session, sealer, people, broadcast)
        ours.claim()
        (claim,) = ours.held
        later = NOON + 2 * LEASE
        release_expired_claims(session, now=later)
        lost = find_lost(
            session,
            after=(0, 0),
            limit=10,
            lanes=["twilio"],
            lease=LEASE,
            sealer=sealer,
            now=later,
        )
        assert [one.body for one in lost] == [text.body for text in claim.texts]

    def test_a_link_without_an_address_stops_the_plan(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer, people=1)
        with pytest.raises(EmptySlotError, match="stop_link"):
            draft(session, **self.TEXTS)

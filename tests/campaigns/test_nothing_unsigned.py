"""The law that nothing unsigned leaves, against any order of edits, fillings, plans and signatures.

A model of a few lines says when a launch is allowed; the domain must agree both ways, and what it
launches must be, to the letter, what was signed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.controls import stop
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.deliveries import Broadcast, BroadcastText, Delivery, DeliveryState
from campaigns.errors import CampaignError
from campaigns.people import Person, Role
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.local_texts import fill_local
from campaigns.plans.models import Objection, Plan
from campaigns.plans.objections import object_to
from campaigns.plans.planning import draft_plan
from campaigns.revisions import keep_revision
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, TERMS, a_document, a_person, a_province, a_subscriber

Made = TypeVar("Made")
PEOPLE = {
    "lan": (Role.AUTHOR, Role.CONTENT_APPROVER),
    "hoa": (Role.CONTENT_APPROVER,),
    "minh": (Role.SENDER, Role.COMMUNE_EDITOR),
    "hai": (Role.CONTENT_APPROVER, Role.SENDER),
    "soat": (Role.AUDITOR,),
    "xa": (Role.COMMUNE_EDITOR,),
}
SLUG = "cap-do-3"
ALLOWED_DRIFT = 0.1
COMMUNE = "06196"
FEWEST = 6
Indexes = st.integers(min_value=0, max_value=5)


@dataclass
class Planned:
    """What the model knows of one plan."""

    version: int
    local: int
    audience: frozenset[int]
    signed: set[str] = field(default_factory=set)
    is_returned: bool = False
    is_launched: bool = False


class Desk(RuleBasedStateMachine):
    """Two offices at work on one campaign; every step may be refused, and then changes nothing."""

    def __init__(self, sessions: sessionmaker[Session], sealer: Sealer) -> None:
        super().__init__()
        self.session = sessions()
        self.example = self.session.begin_nested()
        self.sealer = sealer
        self.versions: list[tuple[int, str]] = []
        self.local = 0
        self.fillers: set[str] = set()
        self.plans: dict[int, Planned] = {}
        self.is_rejected = False

    @initialize()
    def open_office(self) -> None:
        a_province(self.session, self.sealer, people=10)
        self.people: dict[str, Person] = {
            login: a_person(
                self.session,
                login,
                *roles,
                agency=login,
                areas=[COMMUNE] if Role.COMMUNE_EDITOR in roles else [],
            )
            for login, roles in PEOPLE.items()
        }
        self.write(text=0, login="lan")
        everywhere = a_person(self.session, "tinh", Role.COMMUNE_EDITOR, areas=["20"])
        for area in (COMMUNE, "06184"):
            fill_local(
                self.session,
                SLUG,
                area_code=area,
                values={"local_place": "điểm 0"},
                person=everywhere,
                now=NOON,
            )

    def teardown(self) -> None:
        self.example.rollback()
        self.session.close()

    @rule(text=st.integers(min_value=0, max_value=3), login=st.sampled_from(["lan", "hai"]))
    def write(self, text: int, login: str) -> None:
        """Write a version, perhaps one with the words of an earlier one."""
        keep_revision(self.session, _document(text), author=login, revise=True, now=NOON)
        if not self.versions or self.versions[-1][0] != text:
            self.versions.append((text, login))

    @rule(place=st.integers(min_value=0, max_value=2), login=st.sampled_from(["xa", "minh", "hoa"]))
    def fill(self, place: int, login: str) -> None:
        """Fill in a place, perhaps the one that stands there; nobody does who signed."""
        filled = self.attempt(
            lambda: fill_local(
                self.session,
                SLUG,
                area_code=COMMUNE,
                values={"local_place": f"điểm {place}"},
                person=self.people[login],
                now=NOON,
            )
        )
        has_signed = any(
            login in one.signed for one in self.plans.values() if one.version == len(self.versions)
        )
        is_editor = Role.COMMUNE_EDITOR in PEOPLE[login]
        assert (filled is not None) == (is_editor and not has_signed)
        if filled is not None and place != self.local:
            self.local = place
            self.fillers.add(login)

    @rule()
    def submit(self) -> None:
        text, login = self.versions[-1]
        draft = draft_plan(self.session, _document(text), terms=TERMS, now=NOON)
        submitted = self.attempt(
            lambda: submit_plan(self.session, draft, author=login, revise=False, now=NOON)
        )
        assert (submitted is None) == self.is_rejected
        if submitted is not None:
            planned = Planned(len(self.versions), self.local, self.audience())
            self.plans.setdefault(submitted.id, planned)

    @rule(index=Indexes, login=st.sampled_from(sorted(PEOPLE)))
    def sign(self, index: int, login: str) -> None:
        number, planned = self.pick(index)
        if number is None or planned is None:
            return
        plan = self.session.get_one(Plan, number)
        person = self.people[login]
        signed = self.attempt(lambda: sign_plan(self.session, plan, person, now=NOON))
        is_new = signed is not None and login not in planned.signed
        if signed is not None:
            planned.signed.add(login)
        wrote = {writer for _, writer in self.versions[: planned.version]}
        assert not planned.signed & wrote
        assert not (is_new and login in self.fillers)
        assert "soat" not in planned.signed

    @rule(index=Indexes, is_final=st.booleans())
    def send_back(self, index: int, is_final: bool) -> None:
        number, planned = self.pick(index)
        if number is None or planned is None:
            return
        plan, hoa = self.session.get_one(Plan, number), self.people["hoa"]
        before = planned.is_returned
        is_new = is_final and not self.is_final_of(number)
        objection = self.attempt(
            partial(object_to, self.session, plan, hoa, reason="Sửa.", is_final=is_final, now=NOON)
        )
        assert (objection is None) == (planned.is_launched and (is_new or not before))
        if objection is not None:
            planned.is_returned = True
            self.is_rejected |= objection.is_final

    @rule(how_many=st.integers(min_value=1, max_value=2))
    def come(self, how_many: int) -> None:
        for _ in range(how_many):
            a_subscriber(self.session, self.sealer, area=COMMUNE)

    @rule(index=Indexes)
    def go(self, index: int) -> None:
        there = sorted(self.audience())
        if len(there) <= FEWEST:
            # Nobody at all would be another refusal, and another law.
            return
        who = there[index]
        self.session.get_one(Subscriber, who).opted_out_at = NOON
        self.session.flush()

    @rule(index=Indexes)
    def launch(self, index: int) -> None:
        """The model and the domain agree on every launch."""
        number, planned = self.pick(index)
        if number is None or planned is None:
            return
        plan = self.session.get_one(Plan, number)
        may = self.may_launch(planned)
        launched = self.attempt(lambda: launch(self.session, plan, terms=TERMS, now=NOON))
        assert (launched is not None) == may
        planned.is_launched |= launched is not None

    @precondition(lambda self: any(one.is_launched for one in self.plans.values()))
    @rule(index=Indexes)
    def stop(self, index: int) -> None:
        numbers = list(self.session.scalars(select(Broadcast.id).order_by(Broadcast.id)))
        stop(self.session, numbers[index % len(numbers)], now=NOON)

    @invariant()
    def only_what_was_signed_is_owed(self) -> None:
        rows = self.session.execute(
            select(Broadcast.plan_id, BroadcastText.area_code, BroadcastText.body).join(
                BroadcastText, BroadcastText.broadcast_id == Broadcast.id
            )
        )
        for plan_id, area, body in rows:
            planned = self.plans[plan_id]
            assert planned.is_launched
            assert f"bản {self.versions[planned.version - 1][0]}." in body
            assert f"điểm {planned.local if area == COMMUNE else 0}." in body
        owed = self.session.scalars(
            select(Delivery.broadcast_id)
            .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where(Delivery.state == DeliveryState.PLANNED, Broadcast.finished_at.is_not(None))
        )
        assert owed.all() == []

    def may_launch(self, planned: Planned) -> bool:
        wrote = {writer for _, writer in self.versions[: planned.version]}
        signers = planned.signed - wrote
        is_signed = any(
            Role.CONTENT_APPROVER in PEOPLE[one] and Role.SENDER in PEOPLE[other]
            for one in signers
            for other in signers - {one}
        )
        moved = len(planned.audience ^ self.audience())
        return (
            is_signed
            and planned.version == len(self.versions)
            and planned.local == self.local
            and moved <= ALLOWED_DRIFT * len(planned.audience)
            and not (planned.is_returned or planned.is_launched or self.is_rejected)
        )

    def audience(self) -> frozenset[int]:
        there = select(Subscriber.id).where(Subscriber.opted_out_at.is_(None))
        return frozenset(self.session.scalars(there))

    def is_final_of(self, number: int) -> bool:
        return bool(
            self.session.scalar(select(Objection.is_final).where(Objection.plan_id == number))
        )

    def pick(self, index: int) -> tuple[int | None, Planned | None]:
        numbers = sorted(self.plans)
        if not numbers:
            return None, None
        number = numbers[index % len(numbers)]
        return number, self.plans[number]

    def attempt(self, deed: Callable[[], Made]) -> Made | None:
        """Return what *deed* made, or None where a rule refused it and nothing was changed."""
        with self.session.begin_nested() as tried:
            try:
                return deed()
            except CampaignError:
                tried.rollback()
                return None


def _document(text: int) -> CampaignDocument:
    return a_document(
        texts={"vi": f"Lạng Sơn: bản {text}. Tiêm tại {{local_place}}. Hỏi đáp: {{hotline}}."},
        drift=ALLOWED_DRIFT,
    )


@pytest.mark.usefixtures("session")
def test_nothing_unsigned_leaves(sessions: sessionmaker[Session], sealer: Sealer) -> None:
    run_state_machine_as_test(
        cast("type[Desk]", partial(Desk, sessions, sealer)),
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

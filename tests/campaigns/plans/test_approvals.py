"""Approvals: who may sign, what a signature covers, and when it is void."""

import pytest
from sqlalchemy.orm import Session

from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import (
    BroadcastFrozenError,
    PlanDriftedError,
    RulesBrokenError,
    SignatureMissingError,
    SignatureRefusedError,
    SlugTakenError,
    UnknownPlanError,
)
from campaigns.people import Role
from campaigns.plans.approvals import (
    get_plan,
    list_signatures,
    missing_roles,
    sign_plan,
    submit_plan,
)
from campaigns.plans.models import Plan
from campaigns.plans.planning import draft_plan
from campaigns.sealing import Sealer
from tests.builders import (
    NOON,
    TERMS,
    a_document,
    a_level,
    a_person,
    a_province,
    a_signed_plan,
    a_subscriber,
)

EMERGENCY = {"class": "emergency", "window": {}}


def submit(session: Session, document: CampaignDocument, *, revise: bool = False) -> Plan:
    draft = draft_plan(session, document, terms=TERMS, now=NOON)
    return submit_plan(session, draft, author="tacgia", revise=revise, now=NOON)


def sign(session: Session, plan: Plan, login: str, *roles: Role, agency: str = "A") -> None:
    sign_plan(session, plan, a_person(session, login, *roles, agency=agency), now=NOON)


@pytest.fixture
def plan(session: Session, sealer: Sealer) -> Plan:
    a_province(session, sealer, people=50)
    return submit(session, a_document())


class TestSigning:
    def test_nobody_signs_what_they_wrote(self, session: Session, plan: Plan) -> None:
        with pytest.raises(SignatureRefusedError, match="wrote"):
            sign(session, plan, "tacgia", Role.CONTENT_APPROVER)

    def test_whoever_wrote_an_earlier_revision_wrote_this_one_too(
        self, session: Session, plan: Plan
    ) -> None:
        """A comma changed by a colleague does not make the author a second pair of eyes."""
        drafts = [
            draft_plan(session, a_document(title=title), terms=TERMS, now=NOON)
            for title in ("Khác", plan.revision.document.title)
        ]
        _, revised = [
            submit_plan(session, draft, author="donghang", revise=True, now=NOON)
            for draft in drafts
        ]
        assert revised.digest == plan.digest
        with pytest.raises(SignatureRefusedError, match="wrote"):
            sign(session, revised, "tacgia", Role.CONTENT_APPROVER)

    @pytest.mark.parametrize("role", [Role.CONTENT_APPROVER, Role.SENDER])
    def test_a_role_that_has_signed_is_not_asked_for_again(
        self, session: Session, plan: Plan, role: Role
    ) -> None:
        sign(session, plan, "motvai", role)
        left = missing_roles(plan.revision.document, list_signatures(session, plan))
        assert {*left, role} == {Role.CONTENT_APPROVER, Role.SENDER}
        assert len(left) == 1

    def test_somebody_without_the_role_is_refused(self, session: Session, plan: Plan) -> None:
        with pytest.raises(SignatureRefusedError):
            sign(session, plan, "kiemtoan", Role.AUDITOR)

    def test_one_person_fills_one_role(self, session: Session, plan: Plan) -> None:
        """Whoever holds both roles still needs a second pair of eyes."""
        sign(session, plan, "haivai", Role.CONTENT_APPROVER, Role.SENDER)

        document = plan.revision.document
        assert len(missing_roles(document, list_signatures(session, plan))) == 1
        with pytest.raises(SignatureMissingError):
            launch(session, plan, terms=TERMS, now=NOON)

    def test_signing_twice_is_one_signature(self, session: Session, plan: Plan) -> None:
        person = a_person(session, "duyet", Role.CONTENT_APPROVER)
        sign_plan(session, plan, person, now=NOON)
        sign_plan(session, plan, person, now=NOON)

        assert len(list_signatures(session, plan)) == 1

    def test_an_emergency_is_signed_by_two_agencies(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        plan = submit(session, a_document(**EMERGENCY))
        sign(session, plan, "duyet", Role.CONTENT_APPROVER, agency="Sở Y tế")
        sign(session, plan, "gui", Role.SENDER, agency="Sở Y tế")

        with pytest.raises(SignatureMissingError, match="agency"):
            launch(session, plan, terms=TERMS, now=NOON)

        sign(session, plan, "gui2", Role.SENDER, agency="Sở KH&CN")
        assert launch(session, plan, terms=TERMS, now=NOON).deliveries == 6

    def test_a_plan_is_found_by_number_and_by_digest(self, session: Session, plan: Plan) -> None:
        assert get_plan(session, str(plan.id)).id == plan.id
        assert get_plan(session, plan.digest).id == plan.id
        assert get_plan(session, plan.digest[:8].upper()).id == plan.id
        for wrong in ("999999", "deadbeef" * 8, "", "%%%%%%%%%", "1 OR 1=1"):
            with pytest.raises(UnknownPlanError):
                get_plan(session, wrong)


class TestSubmitting:
    def test_the_same_file_twice_is_one_plan(self, session: Session, plan: Plan) -> None:
        assert submit(session, a_document()).id == plan.id

    def test_a_taken_slug_is_refused_until_it_is_a_revision(
        self, session: Session, plan: Plan
    ) -> None:
        """A copied file with a forgotten slug must not replace somebody's campaign."""
        changed = a_document(title="Khác")

        with pytest.raises(SlugTakenError, match="cap-do-3"):
            submit(session, changed)

        assert submit(session, changed, revise=True).revision.number == 2
        assert plan.revision.number == 1

    def test_a_broken_rule_keeps_a_plan_out(self, session: Session, plan: Plan) -> None:
        with pytest.raises(RulesBrokenError, match="budget"):
            submit(session, a_document(campaign="khac", budget={"segments": 1}))


class TestLaunching:
    def test_an_unsigned_plan_is_refused(self, session: Session, plan: Plan) -> None:
        with pytest.raises(SignatureMissingError):
            launch(session, plan, terms=TERMS, now=NOON)

    def test_an_edit_voids_the_signatures(self, session: Session, plan: Plan) -> None:
        signed = a_signed_plan(session, a_document())
        submit(session, a_document(title="Khác"), revise=True)

        with pytest.raises(PlanDriftedError, match="revision 2"):
            launch(session, signed, terms=TERMS, now=NOON)

    def test_a_changed_level_voids_a_text_about_levels(self, session: Session, plan: Plan) -> None:
        texts = {"vi": "Lạng Sơn: {area} là cấp độ {level}."}
        signed = a_signed_plan(session, a_document(campaign="theo-cap", texts=texts))
        a_level(session, "06196", 4, at=NOON)

        with pytest.raises(PlanDriftedError, match="no longer says"):
            launch(session, signed, terms=TERMS, now=NOON)

    def test_a_little_drift_is_tolerated_and_more_is_not(
        self, session: Session, sealer: Sealer, plan: Plan
    ) -> None:
        """Two of a hundred may come or go; the third voids the signatures."""
        signed = a_signed_plan(session, a_document())
        for _ in range(2):
            a_subscriber(session, sealer, area="06196")
        savepoint = session.begin_nested()
        assert launch(session, signed, terms=TERMS, now=NOON).deliveries == 102
        savepoint.rollback()

        a_subscriber(session, sealer, area="06196")
        with pytest.raises(PlanDriftedError, match="3 people"):
            launch(session, signed, terms=TERMS, now=NOON)

    def test_people_who_came_may_not_break_the_budget_that_was_signed(
        self, session: Session, sealer: Sealer, plan: Plan
    ) -> None:
        """The drift allows the person, the budget does not."""
        budget = {"segments": plan.recipients}
        signed = a_signed_plan(session, a_document(campaign="vua-du", budget=budget))
        a_subscriber(session, sealer, area="06196")
        with pytest.raises(RulesBrokenError, match="budget"):
            launch(session, signed, terms=TERMS, now=NOON)

    def test_a_text_cites_the_level_decision_only_where_it_rests_on_the_level(
        self, session: Session, plan: Plan
    ) -> None:
        """Another text cites the campaign's own document everywhere."""
        for text, cited in (
            ("{area}: theo {document}.", "18/KH"),
            ("{level}: {document}.", "3/QĐ"),
        ):
            document = a_document(campaign="vien-dan", texts={"vi": f"Lạng Sơn {text}"})
            draft = draft_plan(session, document, terms=TERMS, now=NOON)
            (rendered,) = [one for one in draft.texts if one.area_code == "06196"]
            assert cited in rendered.chosen.body
            assert (rendered.decision_id is None) == (cited == "18/KH")

    def test_a_plan_is_launched_once(self, session: Session, plan: Plan) -> None:
        signed = a_signed_plan(session, a_document())
        first = launch(session, signed, terms=TERMS, now=NOON).broadcast

        with pytest.raises(BroadcastFrozenError, match=f"broadcast {first.id}"):
            launch(session, signed, terms=TERMS, now=NOON)

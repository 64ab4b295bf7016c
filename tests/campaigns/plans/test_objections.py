"""Objections and grounds: what is sent back stays back, and what is sensitive needs more."""

import pytest
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import (
    BroadcastFrozenError,
    CampaignRejectedError,
    GroundMissingError,
    PlanReturnedError,
    SignatureMissingError,
    SignatureRefusedError,
)
from campaigns.people import Person, Role
from campaigns.plans.approvals import (
    Ground,
    list_signatures,
    missing_roles,
    sign_plan,
    submit_plan,
)
from campaigns.plans.models import Plan
from campaigns.plans.objections import list_objections, object_to
from campaigns.plans.planning import draft_plan
from campaigns.sealing import Sealer
from tests.builders import NOON, TERMS, a_document, a_person, a_province, a_signed_plan

SENSITIVE = "Lạng Sơn: {area} phong tỏa từ 6h. Ở nhà, gọi 115 khi khó thở. Hỏi đáp: {hotline}."
GROUND = Ground("12/TB-BCĐ", "đã thống nhất trong Ban Chỉ đạo")


def submit(session: Session, document: CampaignDocument, *, revise: bool = False) -> Plan:
    draft = draft_plan(session, document, terms=TERMS, now=NOON)
    return submit_plan(session, draft, author="tacgia", revise=revise, now=NOON)


@pytest.fixture
def approver(session: Session, sealer: Sealer) -> Person:
    a_province(session, sealer)
    return a_person(session, "hoa", Role.CONTENT_APPROVER)


class TestWhatIsSentBack:
    def test_is_neither_signed_nor_launched_until_it_is_changed(
        self, session: Session, approver: Person
    ) -> None:
        plan = a_signed_plan(session, a_document())
        object_to(session, plan, approver, reason="Thiếu giờ.", is_final=False, now=NOON)

        with pytest.raises(PlanReturnedError, match="Thiếu giờ"):
            launch(session, plan, terms=TERMS, now=NOON)
        with pytest.raises(PlanReturnedError):
            sign_plan(session, plan, a_person(session, "lan", Role.SENDER), now=NOON)

        changed = submit(session, a_document(title="Có giờ"), revise=True)
        sign_plan(session, changed, approver, now=NOON)
        assert list_objections(session, changed) == []

    @pytest.mark.parametrize(
        ("reason", "read"),
        [
            ("Sai giờ, sửa rồi trình lại", "Sai giờ, sửa rồi trình lại. Nothing was"),
            ("Sai giờ.", "Sai giờ. Nothing was"),
            ("Giờ nào?", "Giờ nào? Nothing was"),
        ],
    )
    def test_says_why_in_a_sentence(
        self, session: Session, approver: Person, reason: str, read: str
    ) -> None:
        plan = submit(session, a_document())
        object_to(session, plan, approver, reason=reason, is_final=False, now=NOON)
        with pytest.raises(PlanReturnedError) as returned:
            sign_plan(session, plan, approver, now=NOON)
        assert f"back: {read}" in str(returned.value)
        object_to(session, plan, approver, reason=reason, is_final=True, now=NOON)
        with pytest.raises(CampaignRejectedError) as rejected:
            sign_plan(session, plan, approver, now=NOON)
        assert f"campaign: {read}" in str(rejected.value)

    def test_says_why_without_anybodys_number(self, session: Session, approver: Person) -> None:
        """Reasons are kept for good; a citizen who has called is not named in them for ever."""
        plan = submit(session, a_document())
        said = "Bà 0912 000 001 báo sai giờ"
        object_to(session, plan, approver, reason=said, is_final=False, now=NOON)
        assert list_objections(session, plan)[0].reason == "Bà xxx báo sai giờ"

    def test_once_rejected_comes_back_in_no_revision(
        self, session: Session, approver: Person
    ) -> None:
        plan = submit(session, a_document())
        changed = submit(session, a_document(title="Bản khác"), revise=True)
        object_to(session, plan, approver, reason="Không gửi.", is_final=True, now=NOON)

        with pytest.raises(CampaignRejectedError, match="slug of its own"):
            sign_plan(session, changed, approver, now=NOON)
        with pytest.raises(CampaignRejectedError):
            submit(session, a_document(title="Bản nữa"), revise=True)
        other = submit(session, a_document(campaign="chien-dich-khac"))
        assert sign_plan(session, other, approver, now=NOON).plan_id == other.id

    def test_is_said_once_with_a_reason_and_on_record(
        self, session: Session, approver: Person
    ) -> None:
        plan = submit(session, a_document())
        with pytest.raises(GroundMissingError, match="says why"):
            object_to(session, plan, approver, reason="  ", is_final=False, now=NOON)
        for reason in ("Một.", "Hai."):
            object_to(session, plan, approver, reason=reason, is_final=False, now=NOON)
        assert [one.reason for one in list_objections(session, plan)] == ["Một."]
        session.commit()
        deeds = [entry.action for entry in session.query(AuditEntry)]
        assert deeds.count("plan.returned") == 1

    def test_is_so_by_whoever_could_sign_it(self, session: Session, approver: Person) -> None:
        plan = submit(session, a_document())
        author = a_person(session, "lan", Role.AUTHOR)
        with pytest.raises(SignatureRefusedError, match="may not send"):
            object_to(session, plan, author, reason="Không.", is_final=True, now=NOON)

    def test_was_not_launched_yet(self, session: Session, approver: Person) -> None:
        plan = a_signed_plan(session, a_document())
        launch(session, plan, terms=TERMS, now=NOON)
        with pytest.raises(BroadcastFrozenError, match="broadcasts stop"):
            object_to(session, plan, approver, reason="Muộn.", is_final=False, now=NOON)


class TestWhatIsSensitive:
    @pytest.fixture
    def plan(self, session: Session, approver: Person) -> Plan:
        plan = submit(session, a_document(texts={"vi": SENSITIVE}))
        sign_plan(session, plan, approver, now=NOON)
        sign_plan(session, plan, a_person(session, "minh", Role.SENDER), now=NOON)
        return plan

    def test_waits_for_the_steering_committee(self, session: Session, plan: Plan) -> None:
        with pytest.raises(SignatureMissingError, match="steering_committee"):
            launch(session, plan, terms=TERMS, now=NOON)
        member = a_person(session, "bcd", Role.STEERING_COMMITTEE, agency="Ban Chỉ đạo tỉnh")
        for ground in (None, Ground("", "vì"), Ground("12/TB-BCĐ", " "), Ground("x" * 201, "vì")):
            with pytest.raises(GroundMissingError, match="document"):
                sign_plan(session, plan, member, ground=ground, now=NOON)

        signature = sign_plan(session, plan, member, ground=GROUND, now=NOON)

        assert (signature.document, signature.reason) == (GROUND.document, GROUND.reason)
        assert launch(session, plan, terms=TERMS, now=NOON).deliveries == 6

    def test_rests_on_no_citizens_number(self, session: Session, plan: Plan) -> None:
        """The ground is kept for good, and whoever is named in it may ask to be forgotten."""
        member = a_person(session, "bcd", Role.STEERING_COMMITTEE, agency="Ban Chỉ đạo tỉnh")
        ground = Ground("12/TB-BCĐ ngày 12.10.2021", "Bà 0912 000 001 yêu cầu")
        signature = sign_plan(session, plan, member, ground=ground, now=NOON)
        assert (signature.document, signature.reason) == (ground.document, "Bà xxx yêu cầu")

    def test_is_not_signed_by_one_person_for_two(self, session: Session, approver: Person) -> None:
        """A committee member who also sends is one pair of eyes."""
        plan = submit(session, a_document(texts={"vi": SENSITIVE}))
        both = a_person(session, "hai", Role.SENDER, Role.STEERING_COMMITTEE)
        sign_plan(session, plan, approver, now=NOON)
        sign_plan(session, plan, both, ground=GROUND, now=NOON)
        left = missing_roles(plan.revision.document, list_signatures(session, plan))
        assert len(left) == 1

    def test_is_not_advice_that_saves_lives(self, session: Session, approver: Person) -> None:
        """Whom to call and what to do is never held up."""
        text = "Lạng Sơn: {area}: khó thở, tím tái gọi ngay 115. Hỏi đáp: {hotline}."
        plan = submit(session, a_document(texts={"vi": text}))
        assert missing_roles(plan.revision.document, []) == [Role.CONTENT_APPROVER, Role.SENDER]

    def test_asks_an_emergency_for_two_agencies_and_no_third(
        self, session: Session, approver: Person
    ) -> None:
        document = a_document(**{"class": "emergency", "window": {}}, texts={"vi": SENSITIVE})
        plan = submit(session, document)
        sign_plan(session, plan, approver, now=NOON)
        member = a_person(session, "bcd", Role.STEERING_COMMITTEE)
        sign_plan(session, plan, member, ground=GROUND, now=NOON)
        sign_plan(session, plan, a_person(session, "gan", Role.SENDER), now=NOON)
        assert missing_roles(document, list_signatures(session, plan)) == [Role.SENDER]
        far = a_person(session, "xa", Role.SENDER, agency="Ban Tuyên giáo")
        sign_plan(session, plan, far, now=NOON)
        assert missing_roles(document, list_signatures(session, plan)) == []

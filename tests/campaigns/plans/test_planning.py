"""Planning: what a campaign would do, worked out on real people before anybody signs."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.definitions.document import CampaignDocument
from campaigns.errors import EmptyAudienceError, EmptySlotError, UnknownAreaError
from campaigns.lanes import Lane
from campaigns.plans.planning import PlanDraft, Terms, draft_plan
from campaigns.plans.rules import Severity
from campaigns.plans.summaries import summarise
from campaigns.sealing import Sealer
from tests.builders import (
    NOON,
    TERMS,
    a_broadcast,
    a_document,
    a_level,
    a_province,
    a_subscriber,
    an_area,
)


def plan(session: Session, document: CampaignDocument, terms: Terms = TERMS) -> PlanDraft:
    return draft_plan(session, document, terms=terms, now=NOON)


def codes(draft: PlanDraft) -> set[str]:
    return {finding.code for finding in draft.findings}


class TestAudience:
    def test_a_province_means_everything_below_it(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=3)

        assert plan(session, a_document()).recipients_by("area_code") == {"06184": 3, "06196": 3}

    def test_levels_choose_by_each_communes_own_decision(
        self, session: Session, sealer: Sealer
    ) -> None:
        """A commune without a decision is at no level, whatever the province is at."""
        a_province(session, sealer, people=2)
        a_level(session, "20", 3)
        an_area(session, "06211", name="Cao Lộc", parent="20")
        a_subscriber(session, sealer, area="06211")

        draft = plan(session, a_document(audience={"areas": ["20"], "levels": [3]}))

        assert draft.recipients_by("area_code") == {"06196": 2}

    def test_an_announced_level_counts_before_it_is_in_force(
        self, session: Session, sealer: Sealer
    ) -> None:
        """A raise is announced two days ahead, to the people whom it will concern."""
        a_province(session, sealer, people=2)
        a_level(session, "06184", 4, at=NOON + timedelta(days=3))
        audience = {"areas": ["20"], "levels": [4], "decision": "announced"}
        texts = {"vi": "Lạng Sơn: Từ {from_hour} ngày {from_day} {area} là cấp độ {level}."}

        draft = plan(session, a_document(audience=audience, texts=texts))

        assert draft.recipients_by("area_code") == {"06184": 2}
        assert "Từ 12h ngày 5/3" in draft.texts[0].chosen.body or "Tu 12h ngay 5/3" in (
            draft.texts[0].chosen.body
        )

    def test_tags_match_the_area_or_the_person(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=2)
        gate = an_area(session, "06211", name="Cao Lộc", parent="20")
        gate.tags = "|border_gate|"
        a_subscriber(session, sealer, area="06211")
        a_subscriber(session, sealer, area="06196", tags="|border_gate|driver|")
        session.flush()

        draft = plan(session, a_document(audience={"areas": ["20"], "tags": ["border_gate"]}))

        assert draft.recipients_by("area_code") == {"06196": 1, "06211": 1}

    def test_a_language_without_a_text_gets_the_vietnamese_one(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer, people=1)
        a_subscriber(session, sealer, area="06196", language="zh")
        a_subscriber(session, sealer, area="06196", language="en")
        texts = {"vi": "Lạng Sơn: 5K.", "zh": "谅山省：5K。"}

        assert plan(session, a_document(texts=texts)).recipients_by("language") == {
            "vi": 3,
            "zh": 1,
        }

    def test_who_may_not_be_texted_is_named_by_reason(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer, people=1)
        a_subscriber(session, sealer, area="06196", opted_out_at=NOON)

        draft = plan(session, a_document())

        assert (draft.recipients, draft.skipped) == (2, {"opted_out": 1})

    def test_nobody_gets_a_fourth_text_in_one_day(self, session: Session, sealer: Sealer) -> None:
        """An emergency still reaches them."""
        a_province(session, sealer, people=1)
        for number in range(3):
            a_broadcast(session, a_document(campaign=f"tin-{number}"))
        fresh = a_subscriber(session, sealer, area="06196")

        capped = plan(session, a_document(campaign="tin-4"))
        emergency = plan(
            session, a_document(**{"campaign": "tin-5", "class": "emergency", "window": {}})
        )

        assert (capped.recipients, capped.skipped) == (1, {"daily_cap": 2})
        assert fresh.area_code in capped.recipients_by("area_code")
        assert emergency.recipients == 3

    def test_an_unknown_area_is_refused(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)

        with pytest.raises(UnknownAreaError, match="99999"):
            plan(session, a_document(audience={"areas": ["99999"]}))

    def test_an_empty_audience_is_refused(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=0)

        with pytest.raises(EmptyAudienceError):
            plan(session, a_document())
        with pytest.raises(EmptyAudienceError):
            plan(session, a_document(audience={"areas": ["20"], "levels": [2]}))

    def test_a_commune_without_a_level_refuses_a_text_about_levels(
        self, session: Session, sealer: Sealer
    ) -> None:
        """A hole in a text never reaches a citizen."""
        a_province(session, sealer)
        an_area(session, "06211", name="Cao Lộc", parent="20")
        a_subscriber(session, sealer, area="06211")

        with pytest.raises(EmptySlotError, match="06211"):
            plan(session, a_document(texts={"vi": "Lạng Sơn: {area} là cấp độ {level}."}))


class TestCosts:
    def test_both_ways_of_writing_are_added_up(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=5)
        text = "Lạng Sơn: Thực hiện 5K, quét mã QR, khai báo y tế trung thực khi đến nơi công cộng."

        draft = plan(session, a_document(texts={"vi": text}, encoding="accented"))

        assert (draft.costs.segments_accented, draft.costs.segments_unaccented) == (20, 10)
        assert (draft.costs.segments, draft.costs.price_vnd) == (20, 8000)

    def test_the_end_is_estimated_inside_the_hours(self, session: Session, sealer: Sealer) -> None:
        """Twenty texts at one in two hours: what does not fit before 21:00 leaves next morning."""
        a_province(session, sealer, people=10)
        slow = Terms((Lane("twilio", 1 / 7200),), TERMS.hotline, TERMS.segment_price_vnd)

        stretches = plan(session, a_document(), slow).lanes[0].stretches

        assert [stretch.texts for stretch in stretches] == [4, 7, 7, 2]
        assert all(stretch.begins_at.hour == 0 for stretch in stretches[1:])

    def test_each_carrier_goes_by_its_own_lane(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=2)
        terms = Terms((Lane("twilio", 10), Lane("direct", 50, ("viettel",))), TERMS.hotline, 400)

        assert [
            (share.lane, share.texts) for share in plan(session, a_document(), terms).lanes
        ] == [("direct", 4)]


class TestRules:
    def test_a_window_that_is_over_breaks_the_rules(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        window = {"hours": "07:00-21:00", "not_after": "2026-03-01T18:00+07:00"}

        broken = [
            finding.code
            for finding in plan(session, a_document(window=window)).findings
            if finding.severity is Severity.BROKEN
        ]

        assert "expired" in broken

    def test_a_budget_is_a_limit(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer, people=4)

        assert "over_budget" in codes(plan(session, a_document(budget={"segments": 7})))
        assert "over_budget" not in codes(plan(session, a_document(budget={"segments": 8})))

    def test_a_raise_within_two_days_is_pointed_out(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        a_level(session, "06184", 4, at=NOON + timedelta(hours=47))
        audience = {"areas": ["20"], "levels": [4], "decision": "announced"}

        assert "short_notice" in codes(plan(session, a_document(audience=audience)))

    def test_a_lane_too_slow_for_the_expiry_is_pointed_out(
        self, session: Session, sealer: Sealer
    ) -> None:
        a_province(session, sealer, people=10)
        slow = Terms((Lane("twilio", 0.001),), TERMS.hotline, 400)
        window = {"hours": "07:00-21:00", "lasts": "PT2H"}

        assert "too_slow" in codes(plan(session, a_document(window=window), slow))


class TestDigest:
    def test_the_same_plan_has_the_same_digest(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)

        assert plan(session, a_document()).digest == plan(session, a_document()).digest

    @pytest.mark.parametrize(
        "changes",
        [
            {"title": "Khác"},
            {"sender": "CDC LangSon"},
            {"texts": {"vi": "Lạng Sơn: Thực hiện 5K."}},
            {"window": {"hours": "08:00-21:00"}},
        ],
    )
    def test_any_edit_changes_it(
        self, session: Session, sealer: Sealer, changes: dict[str, object]
    ) -> None:
        a_province(session, sealer)

        assert plan(session, a_document()).digest != plan(session, a_document(**changes)).digest

    def test_one_more_person_changes_it(self, session: Session, sealer: Sealer) -> None:
        a_province(session, sealer)
        before = plan(session, a_document()).digest
        a_subscriber(session, sealer, area="06196")

        assert plan(session, a_document()).digest != before


def test_a_summary_shows_no_number(session: Session, sealer: Sealer) -> None:
    people = a_province(session, sealer)

    shown = str(summarise(plan(session, a_document())))

    for person in people:
        assert sealer.unseal(person.sealed or b"")[3:] not in shown


def test_names_of_areas_lose_their_accents_in_english_texts_alone(
    session: Session, sealer: Sealer
) -> None:
    """One accent would double what each English text costs; Vietnamese keeps its own."""
    a_province(session, sealer, people=1)
    texts = {"vi": "Lạng Sơn: {area} 5K.", "en": "Lang Son: {area}, follow 5K."}
    draft = plan(session, a_document(texts=texts, encoding="accented"))
    bodies = {text.language: text.chosen for text in draft.texts if text.area_code == "06196"}
    assert bodies["en"].body == "Lang Son: xa Xa 06196, follow 5K."
    assert bodies["en"].measure.encoding == "GSM-7"
    assert bodies["vi"].body == "Lạng Sơn: xã Xã 06196 5K."

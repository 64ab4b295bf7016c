"""Figures of the day: from one owner, fresh after 15:00, or not quoted at all."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaigns.errors import (
    FiguresMissingError,
    FiguresRefusedError,
    NotPermittedError,
    PlanDriftedError,
)
from campaigns.figures import (
    DayFigures,
    Delivered,
    deliver_figures,
    due_on,
    latest_figures,
    quotable_figures,
    require_figures,
)
from campaigns.people import Role
from campaigns.plans.approvals import require_same, sign_plan, submit_plan
from campaigns.plans.planning import PlanDraft, draft_plan
from campaigns.sealing import Sealer
from tests.builders import NOON, TERMS, a_document, a_person, a_province

TODAY = date(2026, 3, 2)
YESTERDAY = TODAY - timedelta(days=1)
THREE = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEXT = "Lạng Sơn, {area}: {cases_today} ca mới. Theo {figures_source}, {figures_as_of}."


def an_owner(session: Session) -> Any:
    return a_person(session, "syt", Role.HEALTH_DATA_OWNER, agency="Sở Y tế")


def deliver(
    session: Session, person: Any, *, on: date = TODAY, now: datetime | None = None, **changes: Any
) -> Delivered:
    noon = datetime(on.year, on.month, on.day, 5, tzinfo=UTC)
    figures = {"cases_today": 12, "cases_total": 1234}
    given = replace(Delivered(on, noon, "Sở Y tế", figures), **changes)
    return deliver_figures(session, person, given, now=now or max(noon, NOON))


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (THREE - timedelta(seconds=1), YESTERDAY),
        (THREE, TODAY),
        (datetime(2026, 3, 2, 16, 59, tzinfo=UTC), TODAY),
        (datetime(2026, 3, 2, 17, tzinfo=UTC), TODAY),
    ],
)
def test_from_three_o_clock_on_todays_figures_are_due(moment: datetime, due: date) -> None:
    """In the province's time, also around midnight."""
    assert due_on(moment) == due


def test_yesterdays_figures_are_quoted_until_todays_are_due(session: Session) -> None:
    deliver(session, an_owner(session), on=YESTERDAY)
    early, late = THREE - timedelta(minutes=1), THREE
    found = quotable_figures(session, now=early)
    assert found is not None
    assert found.slots("vi")["cases_total"] == "1.234"
    assert found.slots("en")["figures_as_of"] == "12:00 1/3/2026"
    assert quotable_figures(session, now=late) is None
    require_figures(session, {"area"}, now=late)
    with pytest.raises(FiguresMissingError, match="02/03/2026, due at 15:00"):
        require_figures(session, {"cases_today"}, now=late)


def test_a_correction_counts_and_what_was_delivered_stays(session: Session) -> None:
    owner = an_owner(session)
    assert deliver(session, owner) == deliver(session, owner)
    deliver(session, owner, figures={"cases_today": 13})
    (known,) = latest_figures(session)
    assert known.figures == {"cases_today": 13}
    assert session.query(DayFigures).count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"on": TODAY + timedelta(days=1)},
        {"as_of": NOON + timedelta(minutes=1)},
        {"as_of": NOON - timedelta(days=2)},
        {"figures": {}},
        {"figures": {"rumours": 3}},
        {"figures": {"cases_today": -1}},
        {"figures": {"cases_today": 10**9}},
        {"source": " "},
        {"source": "a\nb"},
        {"source": "x" * 81},
    ],
)
def test_what_cannot_be_the_figures_of_a_day_is_refused(
    session: Session, changes: dict[str, Any]
) -> None:
    with pytest.raises(FiguresRefusedError, match="Nothing was kept"):
        deliver(session, an_owner(session), **({"now": NOON} | changes))
    assert latest_figures(session) == []


def test_nobody_else_delivers_figures(session: Session) -> None:
    person = a_person(session, "minh", Role.SENDER, Role.ADMINISTRATOR)
    with pytest.raises(NotPermittedError, match="health_data_owner"):
        deliver(session, person)


def drafted(session: Session, *, now: datetime) -> PlanDraft:
    return draft_plan(session, a_document(texts={"vi": TEXT}), terms=TERMS, now=now)


def test_a_text_quotes_them_with_source_and_moment(session: Session, sealer: Sealer) -> None:
    a_province(session, sealer, people=1)
    deliver(session, an_owner(session))
    draft = drafted(session, now=THREE)
    bodies = {text.chosen.body for text in draft.texts}
    assert any("12 ca mới. Theo Sở Y tế, 12h ngày 2/3/2026." in body for body in bodies), bodies
    assert "figures_without_source" not in {finding.code for finding in draft.findings}


def test_without_todays_figures_nothing_that_quotes_them_is_planned_or_signed(
    session: Session, sealer: Sealer
) -> None:
    a_province(session, sealer, people=1)
    deliver(session, an_owner(session), on=YESTERDAY)
    early = THREE - timedelta(minutes=1)
    draft = drafted(session, now=early)
    plan = submit_plan(session, draft, author="lan", revise=False, now=early)
    approver = a_person(session, "hoa", Role.CONTENT_APPROVER)
    with pytest.raises(FiguresMissingError):
        drafted(session, now=THREE)
    with pytest.raises(FiguresMissingError):
        sign_plan(session, plan, approver, now=THREE)
    sign_plan(session, plan, approver, now=early)


def test_new_figures_void_what_was_signed_with_the_old(session: Session, sealer: Sealer) -> None:
    a_province(session, sealer, people=1)
    owner = an_owner(session)
    deliver(session, owner)
    plan = submit_plan(session, drafted(session, now=NOON), author="lan", revise=False, now=NOON)
    require_same(plan, drafted(session, now=NOON))
    deliver(session, owner, figures={"cases_today": 15})
    with pytest.raises(PlanDriftedError):
        require_same(plan, drafted(session, now=NOON))

"""Answers that quote the day's figures: while they are fresh, with their source, or not at all."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from campaigns.errors import FiguresMissingError
from campaigns.figures import Delivered
from campaigns.people import Role
from hotline.answers.document import TopicDocument
from hotline.answers.versions import approve_answers, keep_topic
from hotline.editions import library_revision
from hotline.library import load_library
from hotline.utterances import list_utterances
from service.figures import deliver
from tests.builders import NOON, a_person
from tests.fakes.telephones import put_library
from tests.hotline.builders import a_library, a_wording, an_answer

QUOTING = "Hôm nay {cases_today} ca. Theo {figures_source}, {figures_as_of}."


def test_an_answer_quotes_the_figures_that_may_be_quoted_and_else_is_none() -> None:
    """At 15:00 yesterday's fall silent; a figure that was not delivered does so at once."""
    yesterday = Delivered(date(2026, 3, 1), NOON - timedelta(days=1), "Sở Y tế", {"cases_today": 7})
    library = a_library(an_answer("F01", text=QUOTING))
    library = replace(library, answers=replace(library.answers, figures=(yesterday,)))
    three = NOON + timedelta(hours=3)
    found = library.find_answer("F01", at=three - timedelta(seconds=1))
    assert found is not None
    said = "Hôm nay 7 ca. Theo Sở Y tế, 12h ngày 1/3/2026."
    assert (found.document.spoken.vi, found.document.text_in("vi")) == (said, said)
    assert library.find_answer("F01", at=three) is None
    assert "answer:F01" not in {one.name for one in list_utterances(library, at=NOON)}
    lacking = (replace(yesterday, figures={"doses_total": 5}),)
    assert replace(library.answers, figures=lacking).find("F01", at=NOON) is None


@pytest.mark.parametrize(
    "text",
    ["{cases_today} ca.", "{rumours} tin đồn.", "{cases_today:d} {figures_source} {figures_as_of}"],
)
def test_an_answer_may_quote_nothing_else(text: str) -> None:
    with pytest.raises(ValidationError):
        an_answer("F01", text=text)


def test_what_is_delivered_is_said_from_the_next_turn_on(session: Session) -> None:
    """The library is read anew; and nobody approves what cannot be said."""
    put_library(session, a_library(an_answer("Tien")))
    owner = a_person(session, "syt", Role.HEALTH_DATA_OWNER)
    written = an_answer("F01", text=QUOTING).document.model_dump_json(by_alias=True)
    topic = {
        "topic": "figures",
        "title": a_wording("số liệu").model_dump(),
        "owner": "Sở Y tế",
        "answers": {"F01": json.loads(written)},
    }
    keep_topic(session, TopicDocument.model_validate(topic), author="lan", now=NOON)
    with pytest.raises(FiguresMissingError):
        approve_answers(session, ["F01"], person=owner, now=NOON)
    revision = library_revision(session)
    given = Delivered(date(2026, 3, 2), NOON, "Sở Y tế", {"cases_today": 9})
    deliver(session, owner, given, now=NOON)
    assert library_revision(session) > revision
    approve_answers(session, ["F01"], person=owner, now=NOON)
    library = load_library(session)
    assert library is not None
    found = library.find_answer("F01", at=NOON)
    assert found is not None
    assert "9 ca" in found.document.spoken.vi

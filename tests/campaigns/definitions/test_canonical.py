"""The digest that people sign depends on content alone."""

import json
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from campaigns.definitions.canonical import canonical_json, digest
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign
from tests.campaigns.definitions.files import GOOD, a_file


def digest_of(source: str) -> str:
    return digest(read_campaign(source, name="x"))


@given(st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(shuffling: object) -> None:
    """A file that another editor sorted is the same campaign."""
    content = yaml.load(GOOD, Loader=yaml.BaseLoader)  # noqa: S506 - the safest loader there is
    fields = list(content.items())
    shuffling.shuffle(fields)  # type: ignore[attr-defined]  # a random.Random
    shuffled = yaml.safe_dump(dict(fields), sort_keys=False)
    assert digest_of(shuffled) == digest_of(GOOD)


@pytest.mark.parametrize(
    "source",
    [
        unicodedata.normalize("NFD", GOOD),
        GOOD.replace("\n", "\r\n"),
        "# a remark\n" + GOOD,
        GOOD.replace("[3, 4]", "[4, 3, 3]"),
        GOOD.replace("18:00+07:00", "11:00Z"),
        GOOD.replace("mode: actual\n", ""),
        GOOD.replace("encoding: cheapest\n", ""),
        GOOD.replace('hours: "07:00-21:00", ', ""),
        GOOD + "drift: 0.02\n",
        GOOD.replace("on_level_change: false", "on_level_change: no"),
    ],
)
def test_the_same_content_written_otherwise_is_the_same(source: str) -> None:
    """Spelling of letters, order of levels, time zone and usual values are no content."""
    assert source != GOOD
    assert digest_of(source) == digest_of(GOOD)


@pytest.mark.parametrize(
    "source",
    [
        GOOD.replace("Hỏi đáp", "Hỏi  đáp"),
        GOOD.replace("120000", "120001"),
        GOOD.replace("[3, 4]", "[3]"),
        GOOD.replace("18:00+07:00", "18:01+07:00"),
        GOOD.replace("18/KH-TBTT", "19/KH-TBTT"),
        GOOD.replace("false", "true"),
        GOOD.replace("07:00-21:00", "07:00-20:00"),
    ],
)
def test_any_other_content_is_another_campaign(source: str) -> None:
    """One letter that a signer has not seen makes another digest."""
    assert source != GOOD
    assert digest_of(source) != digest_of(GOOD)


def test_the_canonical_form_is_read_back_as_the_same_document() -> None:
    """What is kept in the database is the whole campaign."""
    for source in (GOOD, a_file(window={"lasts": "P1DT12H"}, class_="emergency")):
        document = read_campaign(source, name="x")
        again = CampaignDocument.model_validate_json(canonical_json(document))
        assert again == document
        assert digest(again) == digest(document)


def test_the_canonical_form_is_compact_and_sorted() -> None:
    """Anybody can compute the digest again with the tools of any language."""
    written = canonical_json(read_campaign(GOOD, name="x"))
    content = json.loads(written)
    assert written == json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert content["class"] == "public_info"
    assert content["window"]["not_after"] == "2026-12-01T11:00:00Z"

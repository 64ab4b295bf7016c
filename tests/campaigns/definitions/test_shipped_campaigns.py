"""The campaign files that come with Loa."""

import re
from importlib import resources
from pathlib import Path

import pytest

from campaigns.areas import LANG_SON
from campaigns.definitions.checklist import MAX_SEGMENTS, SAMPLE_VALUES, Severity, lint
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign_file
from campaigns.levels import get_level
from campaigns.texts.encodings import choose
from campaigns.texts.segments import normalise
from campaigns.texts.slots import fill

FILES = sorted(Path(str(resources.files("campaigns") / "data" / "campaigns")).glob("*.yaml"))
TOPICS = {
    "cap-do-tang",
    "cap-do-giam",
    "5k-vac-xin",
    "mot-ung-dung",
    "keu-goi-tiem-chung",
    "tiem-mui-2",
    "tiem-luu-dong",
    "dinh-chinh-tin-sai",
    "nguoi-lao-dong-ve-que",
    "sua-chung-nhan-tiem",
    "mo-tong-dai",
}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def shipped(request: pytest.FixtureRequest) -> tuple[Path, CampaignDocument]:
    path: Path = request.param
    return path, read_campaign_file(path)


def test_every_topic_of_the_founding_documents_is_shipped() -> None:
    """Levels, 5K, the one application, vaccination, rumours, workers, certificates, hotline."""
    assert {path.stem for path in FILES} >= TOPICS


def test_a_shipped_file_passes_its_own_checks(shipped: tuple[Path, CampaignDocument]) -> None:
    """What Loa ships is what Loa asks for: no error, and hardly a remark."""
    path, document = shipped
    remarks = lint(document)
    assert document.campaign == path.stem
    assert document.audience.areas == ("20",)
    assert len(remarks) <= 1
    assert {remark.severity for remark in remarks} <= {Severity.WARNING}
    assert path.read_text(encoding="utf-8") == normalise(path.read_text(encoding="utf-8"))


def test_a_shipped_text_takes_three_segments_in_every_commune(
    shipped: tuple[Path, CampaignDocument],
) -> None:
    """The longest name and the longest colour still fit."""
    _, document = shipped
    names = re.findall(r"^\d+,([^,]+),([^,]+)", LANG_SON.read_text(encoding="utf-8"), re.MULTILINE)
    longest = max((f"{kind} {name}" for name, kind in names), key=len)
    assert len(longest) <= len(SAMPLE_VALUES["area"])
    for language, text in document.texts.items():
        for level in (1, 2, 3, 4):
            colour = get_level("nq128", level).colour(language)
            values = {**SAMPLE_VALUES, "area": longest, "colour": colour, "document": "18/KH-TBTT"}
            chosen = choose(fill(text, values), document.encoding, language=language)
            assert chosen.measure.segments <= MAX_SEGMENTS
            if language == "en":
                assert chosen.measure.encoding == "GSM-7"


def test_a_shipped_file_never_goes_stale(shipped: tuple[Path, CampaignDocument]) -> None:
    """A sample with an end in the past could not be tried out."""
    _, document = shipped
    assert document.window.not_after is None
    assert document.window.lasts is not None

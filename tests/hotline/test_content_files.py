"""The shipped content: complete, in every language, true to its dates, and fit for a text."""

import re
import unicodedata
from collections import Counter
from datetime import datetime
from importlib import resources
from typing import Any

import pytest
import yaml

from campaigns.texts.segments import measure
from hotline.answers.document import AnswerDocument
from hotline.desks import WEEKDAYS
from hotline.documents import SPOKEN_BY_MACHINE
from hotline.loading import HotlineSet, read_set, shipped_files
from hotline.scripts.document import LanguageNode, MenuNode
from hotline.speaking.durations import seconds_of
from tests.builders import NOON

FILES = shipped_files()
CODES = {
    *(f"V{number:02}" for number in range(1, 15)),
    *(f"C{number:02}" for number in range(1, 6)),
    *(f"K{number:02}" for number in range(1, 9)),
    *(f"D{number:02}" for number in range(1, 5)),
    *(f"H{number:02}" for number in range(1, 4)),
    "A01",
}
LONGEST_MENU_S = 25
LONGEST_TEXT = {"vi": ("UCS-2", 201, 3), "zh": ("UCS-2", 134, 2), "en": ("GSM-7", 306, 2)}
# Where rules changed on a known day, the answer that relied on them ends on that day.
ENDS = {
    "V02": "2023-01-01T00:00+07:00",
    "V05": "2022-01-01T00:00+07:00",
    "C01": "2022-05-01T00:00+07:00",
    **dict.fromkeys(("C02", "C03", "C04", "C05"), "2022-04-30T00:00+07:00"),
    **dict.fromkeys(("K01", "K02", "K03", "K04", "K06", "K07"), "2022-04-30T00:00+07:00"),
    "K05": "2023-01-01T00:00+07:00",
    "D02": "2023-01-01T00:00+07:00",
    "D03": "2023-01-01T00:00+07:00",
}


@pytest.fixture(scope="module")
def shipped() -> HotlineSet:
    return read_set(FILES)


@pytest.fixture(scope="module")
def written(shipped: HotlineSet) -> dict[str, AnswerDocument]:
    """The answers that people wrote, without those composed from the table of measures."""
    return {code: one for code, one in shipped.answers.items() if not code.startswith("nq128")}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_is_utf_8_in_the_composed_form(name: str) -> None:
    """Letters and their accents are one character each: otherwise texts cost a quarter more."""
    assert unicodedata.is_normalized("NFC", FILES[name])
    assert isinstance(yaml.safe_load(FILES[name]), dict)


def test_every_answer_of_the_bank_is_there_and_no_other(written: dict[str, AnswerDocument]) -> None:
    """No question of the list was forgotten."""
    assert set(written) == CODES


def test_everything_written_in_one_language_is_written_in_all() -> None:
    """Whoever chose Chinese or English never gets half a sentence."""
    for name, source in FILES.items():
        for place, node in _maps(yaml.safe_load(source)):
            if "vi" in node and not {"label", "prompt", "hints"} & set(place):
                assert set(SPOKEN_BY_MACHINE) <= node.keys(), f"{name}: {place}"


def test_every_answer_ends_on_the_day_its_rule_did(written: dict[str, AnswerDocument]) -> None:
    """The phone never says what was true in another year."""
    for code, answer in written.items():
        end = datetime.fromisoformat(ENDS[code]) if code in ENDS else None
        assert answer.valid.until == end, code
        assert answer.source, code


def test_what_relied_on_declarations_hands_on_to_their_suspension(
    written: dict[str, AnswerDocument],
) -> None:
    """Asked how to declare, the hotline says that it is no longer required."""
    for code in ("K01", "K02", "K03", "K04", "K06", "K07"):
        assert written[code].successor == "K08"
        assert written[code].valid.until == written["K08"].valid.from_


@pytest.mark.parametrize("language", SPOKEN_BY_MACHINE)
def test_every_answer_has_a_short_form_that_fits_its_segments(
    written: dict[str, AnswerDocument], language: str
) -> None:
    """A text costs the province at most three segments in Vietnamese, two in the others."""
    encoding, units, segments = LONGEST_TEXT[language]
    for code, answer in written.items():
        text = answer.sms[language]
        measured = measure(text)
        assert measured.encoding == encoding, code
        assert measured.segments <= segments, code
        assert len(text.encode("utf-16-le")) // 2 <= units, code


def test_a_text_stands_without_its_question(written: dict[str, AnswerDocument]) -> None:
    """Read a day later, it still says what it is about, and asks nobody to press keys in it."""
    bare = re.compile(r"(Không|Có|Được|No|Yes|Nothing|不|会|是)[.,。，]")
    for code, answer in written.items():
        for text in answer.sms.values():
            assert bare.match(text) is None, code
            if re.search(r"phím|[Pp]ress \d|按\d(?!\d)", text):
                assert re.search(r"gọi tổng đài|call the hotline|致电热线", text), code


def test_every_answer_has_exactly_one_key(
    shipped: HotlineSet, written: dict[str, AnswerDocument]
) -> None:
    """Two ways to one answer would be two menus to keep in step."""
    keys = Counter(
        choice.answer
        for node in shipped.script.nodes.values()
        if isinstance(node, MenuNode)
        for choice in node.choices.values()
        if choice.answer is not None
    )
    assert keys == Counter(dict.fromkeys(written, 1))


def test_danger_signs_come_first_and_reach_somebody_at_any_hour(shipped: HotlineSet) -> None:
    """Key 1 of their menu, and 0 after them rings a desk that is open at night and on holidays."""
    topics = {code: topic.topic for topic in shipped.topics for code in topic.answers}
    dangers = {code for code, answer in shipped.answers.items() if answer.is_danger}
    assert dangers == {"V08", "H03"}
    firsts = {
        node.choices["1"].answer
        for node in shipped.script.nodes.values()
        if isinstance(node, MenuNode)
    }
    assert dangers <= firsts
    menus = [
        node
        for node in shipped.script.nodes.values()
        if isinstance(node, MenuNode) and dangers & {one.answer for one in node.choices.values()}
    ]
    for name in [*(topics[code] for code in dangers), *(menu.desk or "" for menu in menus)]:
        desk = shipped.desks.desks[name]
        assert desk.is_danger
        assert not desk.keeps_holidays
        assert set(desk.hours) == set(WEEKDAYS)
        assert desk.is_open(NOON.replace(hour=20), shipped.desks.holidays)


@pytest.mark.parametrize("language", SPOKEN_BY_MACHINE)
def test_every_menu_is_said_in_half_a_minute(shipped: HotlineSet, language: str) -> None:
    """Nobody has forgotten the first key when the last one is named."""
    for name, node in shipped.script.nodes.items():
        if not isinstance(node, MenuNode):
            continue
        said = node.prompt.in_language(language) if node.prompt else ""
        for key, choice in node.choices.items():
            label = choice.label or shipped.answers[choice.answer or ""].title
            phrase = shipped.phrases.phrases["choice"].in_language(language)
            said += " " + phrase.format(key=key, label=label.in_language(language))
        assert seconds_of(said, language) <= LONGEST_MENU_S, name


def test_the_keys_that_campaigns_promise_are_the_keys_there_are(shipped: HotlineSet) -> None:
    """A text said `press 1: vaccination`; whoever presses 1 hears about vaccination."""
    shelf = resources.files("campaigns") / "data" / "campaigns"
    promised = yaml.safe_load((shelf / "mo-tong-dai.yaml").read_text(encoding="utf-8"))["texts"]
    main = shipped.script.nodes["main"]
    assert isinstance(main, MenuNode)
    keys = re.findall(r"\b([1-9]): ([^,.]+)", promised["vi"])
    assert len(keys) == len("123")
    for key, about in keys:
        label = main.choices[key].label
        assert label is not None
        assert label.vi.startswith(about)
    welcome = shipped.script.nodes["welcome"]
    assert isinstance(welcome, LanguageNode)
    asked = {"en": r"press (\d)", "zh": r"按(\d)"}
    for file in shelf.iterdir():
        texts = yaml.safe_load(file.read_text(encoding="utf-8")).get("texts", {})
        for language, pattern in asked.items():
            for key in re.findall(pattern, texts.get(language, "")):
                assert welcome.choices[key].language == language, file.name


def test_the_lunar_holidays_are_on_their_days(shipped: HotlineSet) -> None:
    """New Year's first day and the tenth of the third month, by the calendar of UTC+7."""
    days = {day.isoformat() for day in shipped.desks.holidays}
    assert {"2026-02-17", "2026-04-26", "2027-02-06", "2027-04-16"} <= days


def _maps(node: Any, place: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    if not isinstance(node, dict | list):
        return []
    below = node.items() if isinstance(node, dict) else enumerate(node)
    found = [(place, node)] if isinstance(node, dict) else []
    return found + [one for key, value in below for one in _maps(value, (*place, str(key)))]

"""Reading campaign files: good ones, slips of clerks, and hostile ones."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.complaints import Complaint
from campaigns.definitions.document import DecisionChoice, MessageClass, Mode
from campaigns.definitions.reading import MAX_BYTES, read_campaign, read_campaign_file
from campaigns.errors import DefinitionError
from campaigns.texts.encodings import EncodingChoice
from tests.campaigns.definitions.files import GOOD, a_file


def complaints_about(source: str) -> tuple[Complaint, ...]:
    with pytest.raises(DefinitionError) as refused:
        read_campaign(source, name="campaign.yaml")
    return refused.value.complaints


def complaints_if_any(source: str) -> tuple[Complaint, ...]:
    try:
        read_campaign(source, name="campaign.yaml")
    except DefinitionError as refused:
        return refused.complaints
    return ()


def the_complaint(source: str) -> Complaint:
    (complaint,) = complaints_about(source)
    return complaint


def test_a_good_file_says_what_it_says() -> None:
    """The example of the manual is read as it is written, with the usual values filled in."""
    document = read_campaign(GOOD, name="campaign.yaml")
    assert document.campaign == "cap-do-3-cam"
    assert document.class_ is MessageClass.PUBLIC_INFO
    assert document.mode is Mode.ACTUAL
    assert document.encoding is EncodingChoice.CHEAPEST
    assert document.audience.areas == ("20",)
    assert document.audience.levels == (3, 4)
    assert document.audience.decision is DecisionChoice.CURRENT
    assert str(document.hours) == "07:00-21:00"
    assert document.budget is not None
    assert document.budget.segments == 120000
    assert document.drift == pytest.approx(0.02)
    assert document.on_level_change is False


def test_codes_and_words_stay_as_they_are_written() -> None:
    """The commune 06001 is not 3073, the language no is not a denial, 21:00 is not 1260."""
    source = (
        GOOD.replace('["20"]', "[06001, 05977]")
        .replace("  tags: [border_gate]", "  languages: [vi, no]")
        .replace("  en:", "  no:")
        .replace('"07:00-21:00"', "07:00-21:00")
    )
    document = read_campaign(source, name="campaign.yaml")
    assert document.audience.areas == ("05977", "06001")
    assert document.audience.languages == ("no", "vi")
    assert set(document.texts) == {"vi", "no"}


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "word"),
    [
        ("campaign: cap-do-3-cam", "campaign: Cấp độ", 1, "campaign", "hyphens"),
        ("title:", "titel:", 2, "titel", "Did you mean title?"),
        ("class: public_info", "class: promo", 5, "class", "Decree 91/2020"),
        ("class: public_info", "class: ads", 5, "class", "Decree 91/2020"),
        ("class: public_info", "class: urgent", 5, "class", "emergency"),
        ("mode: actual", "mode: test", 6, "mode", "exercise"),
        ('areas: ["20"]', "areas: []", 8, "audience.areas", "loa areas list"),
        ('areas: ["20"]', 'areas: "20"', 8, "audience.areas", "list"),
        ("levels: [3, 4]", "levels: [3, 9]", 9, "audience.levels", "1, 2, 3, 4"),
        ("levels: [3, 4]", "levels:", 9, "audience.levels", "is empty"),
        ("levels: [3, 4]", "levels: three", 9, "audience.levels", "levels: [3, 4]"),
        ("levels: [3, 4]", "scheme: nq999", 9, "audience.scheme", "nq128"),
        ("sender: SYT LangSon", "sender: So Y te Lang Son", 11, "sender", "at most 11"),
        ("sender: SYT LangSon", "sender: Lạng Sơn", 11, "sender", "without accents"),
        ("sender: SYT LangSon", "sender: 84912345678", 11, "sender", "not digits alone"),
        ("sender: SYT LangSon", 'sender: "A&B#"', 11, "sender", "without accents"),
        ("encoding: cheapest", "encoding: gsm", 12, "encoding", "accented"),
        ("{area}", "{xa}", 14, "texts.vi", "{area}"),
        ("{area}", "{area", 14, "texts.vi", "brace"),
        ("  en:", "  english:", 15, "texts.english", "one text for each language"),
        ('"07:00-21:00"', '"7h-21h"', 16, "window.hours", "07:00-21:00"),
        ('"07:00-21:00"', '"06:00-21:00"', 16, "window.hours", "07:00-22:00"),
        ('"07:00-21:00"', '"07:00-23:00"', 16, "window.hours", "emergency"),
        ("T18:00+07:00", "", 16, "window.not_after", "2026-12-01T18:00+07:00"),
        ("2026-12-01T", "0001-01-01T", 16, "window.not_after", "2026-12-01T18:00+07:00"),
        ("2026-12-01T", "2026-13-01T", 16, "window.not_after", "2026-12-01T18:00+07:00"),
        ("18:00+07:00", "18:00", 16, "window.not_after", "time zone"),
        ("not_after: 2026", "lasts: P1D, not_after: 2026", 16, "window.lasts", "only one"),
        ("120000", "120.000", 17, "budget.segments", "120000"),
        ("120000", "0", 17, "budget.segments", "120000"),
        ("on_level_change: false", "on_level_change: maybe", 18, "on_level_change", "true"),
        ("on_level_change: false", "drift: 0.5", 18, "drift", "0.2"),
        ("on_level_change: false", "drift: nan", 18, "drift", "0.2"),
        ("on_level_change: false", "figures: {source: SYT}", 18, "figures.as_of", "missing"),
    ],
)
def test_a_slip_is_named_with_its_line_field_and_remedy(
    old: str, new: str, line: int, field: str, word: str
) -> None:
    """A clerk finds the line, understands what is wrong and reads what to write instead."""
    assert old in GOOD
    found = complaints_about(GOOD.replace(old, new))
    fitting = [one for one in found if one.field == field]
    assert [one.line for one in fitting] == [line]
    assert word in str(fitting[0])
    assert fitting[0].remedy


@pytest.mark.parametrize("field", ["campaign", "title", "issuer", "document", "sender", "texts"])
def test_a_missing_field_is_asked_for_with_an_example(field: str) -> None:
    """What is absent stands on no line; the remedy shows how to write it."""
    complaint = the_complaint(a_file(**{field: None}))
    assert (complaint.line, complaint.field) == (0, field)
    assert f"{field}:" in complaint.remedy


def test_every_fault_is_listed_at_once_by_line() -> None:
    """Nobody mends a file one complaint at a time."""
    source = GOOD.replace("title:", "titel:").replace("{area}", "{xa}").replace("120000", "x")
    found = complaints_about(source)
    assert [one.field for one in found] == ["title", "titel", "texts.vi", "budget.segments"]
    assert [one.line for one in found] == sorted(one.line for one in found)


@pytest.mark.parametrize(
    ("languages", "texts", "missing"),
    [
        (None, {"en": "Lang Son: call {hotline}"}, "vi"),
        (["vi", "zh"], {"vi": "Lạng Sơn"}, "zh"),
        (["en"], {"vi": "Lạng Sơn"}, "en"),
    ],
)
def test_a_missing_language_is_a_fault(
    languages: list[str] | None, texts: dict[str, str], missing: str
) -> None:
    """Whoever is addressed has a text they can read; Vietnamese, unless others are named."""
    audience: dict[str, Any] = {"areas": ["20"]}
    if languages:
        audience["languages"] = languages
    complaint = the_complaint(a_file(audience=audience, texts=texts))
    assert complaint.field == "texts"
    assert f"no text in {missing}" in complaint.problem


def test_a_campaign_for_foreigners_alone_needs_no_vietnamese() -> None:
    """Two texts are enough where the audience reads two languages."""
    audience = {"areas": ["20"], "languages": ["zh", "en"]}
    texts = {"en": "Lang Son: call {hotline}", "zh": "谅山：请拨{hotline}"}
    document = read_campaign(a_file(audience=audience, texts=texts), name="x")
    assert document.audience.languages == ("en", "zh")


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("vi", "DIỄN TẬP"),
        ("vi", "DIEN TAP"),
        ("en", "EXERCISE"),
        ("zh", "演练"),
        ("ko", "EXERCISE"),
    ],
)
def test_an_exercise_says_so_at_the_start_of_every_text(language: str, word: str) -> None:
    """Nobody runs from a drill; and a real alarm never calls itself one."""
    audience = {"areas": ["20"], "languages": [language]}
    plain = a_file(audience=audience, texts={language: "Lang Son: 123"}, mode="exercise")
    said = a_file(audience=audience, texts={language: f"[{word}] Lang Son: 123"}, mode="exercise")
    real = a_file(audience=audience, texts={language: f"{word}: Lang Son: 123"}, mode="actual")
    assert the_complaint(plain).field == f"texts.{language}"
    assert read_campaign(said, name="x").mode is Mode.EXERCISE
    assert "mode: exercise" in the_complaint(real).remedy


def test_an_end_that_is_not_known_when_signing_cannot_be_told() -> None:
    """A duration begins with the launch, so {until} needs a moment."""
    texts = {"vi": "Lạng Sơn: đến {until}"}
    complaint = the_complaint(a_file(texts=texts, window={"lasts": "P1D"}))
    assert (complaint.field, "not_after" in complaint.remedy) == ("texts.vi", True)
    assert read_campaign(a_file(texts=texts), name="x").texts == texts


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("", 0, "is empty"),
        ("# nothing\n", 0, "is empty"),
        ("- a\n- b\n", 1, "group of fields"),
        ("just a sentence", 1, "group of fields"),
        ("title: a: b\n", 1, "not YAML"),
        ("campaign: x\n\ttitle: y\n", 2, "tab"),
        ("title: [a\n", 2, "not YAML"),
        ("title: 'a\n", 2, "not YAML"),
        ("a: &x 1\nb: *x\n", 1, "anchors"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tags"),
        ("a: !!int 5\n", 1, "tags"),
        ("? [a]\n: b\n", 1, "field's name"),
        ("---\na: b\n---\nc: d\n", 3, "second document"),
        ("a: " + "[" * 5000, 1, "nested"),
        ("a: [" + "x," * 100_000 + "]", 1, "too many"),
        ("a: \x00", 1, "U+0000"),
        ("a: 1\nb: \ud800", 2, "U+D800"),
        ("x" * (MAX_BYTES + 1), 0, "256 KiB"),
        ("ế" * (MAX_BYTES // 2), 0, "256 KiB"),
    ],
)
def test_what_is_no_campaign_file_is_refused_in_one_sentence(
    source: str, line: int, word: str
) -> None:
    """Whatever is handed in, the answer is a complaint and never a traceback."""
    complaint = the_complaint(source)
    assert complaint.line == line
    assert word in complaint.problem


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    """Nine lines that would unfold to a billion words cost nothing."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "anchors" in the_complaint("\n".join(lines)).problem


def test_a_field_that_stands_twice_is_a_fault() -> None:
    """The second of two senders would win in silence."""
    complaint = the_complaint(GOOD + "sender: CDC LangSon\n")
    assert (complaint.line, complaint.field) == (19, "sender")
    assert "first on line 11" in complaint.problem


@given(st.text(max_size=200))
def test_any_text_is_read_or_complained_about(source: str) -> None:
    """No input whatever makes the reader fall over."""
    assert all(one.problem and one.remedy for one in complaints_if_any(source))


@given(st.data())
def test_a_damaged_file_is_read_or_complained_about(data: st.DataObject) -> None:
    """A file that lost or gained letters on its way is refused with reasons, if at all."""
    start = data.draw(st.integers(0, len(GOOD)))
    stop = data.draw(st.integers(start, min(len(GOOD), start + 30)))
    put = data.draw(st.text(alphabet="\n\t :{}[]\"'&*!|>%@`ab0-\u0301", max_size=6))
    found = complaints_if_any(GOOD[:start] + put + GOOD[stop:])
    assert all(one.problem and one.remedy for one in found)


def test_a_file_of_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    """A file saved as Windows-1258 is not guessed at."""
    path = tmp_path / "campaign.yaml"
    path.write_bytes(b"campaign: x\ntitle: L\xe2\n")
    with pytest.raises(DefinitionError, match=r"line 2.*UTF-8"):
        read_campaign_file(path)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A film that somebody drops on the command is refused at its first quarter megabyte."""
    path = tmp_path / "film.yaml"
    path.write_bytes(b"\xff" * (MAX_BYTES * 4))
    with pytest.raises(DefinitionError, match="256 KiB"):
        read_campaign_file(path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    """What the office's editor adds is not content."""
    path = tmp_path / "campaign.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_campaign_file(path) == read_campaign(GOOD, name="x")


def test_a_letter_that_json_writes_in_two_halves_is_one_letter() -> None:
    """Programs write whatever is not ASCII so; half a letter alone is nothing."""
    written = GOOD.replace(
        "title: Hướng dẫn cho địa bàn cấp độ 3", 'title: "\\ud83d\\ude37 Khẩu trang"'
    )
    assert read_campaign(written, name="campaign.yaml").title == "😷 Khẩu trang"
    alone = the_complaint(GOOD.replace("title: Hướng dẫn cho", 'title: "\\ud83d" #'))
    assert (alone.line, alone.problem) == (2, "half of a letter stands alone")

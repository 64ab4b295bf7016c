"""The approver's checklist, point by point."""

from typing import Any

import pytest

from campaigns.definitions.checklist import Remark, Severity, lint
from campaigns.definitions.reading import read_campaign
from campaigns.definitions.sentences import SENTENCES
from tests.campaigns.definitions.files import a_file

CLEAR = "Sở Y tế Lạng Sơn: Hôm nay hãy đeo khẩu trang khi ra đường. Hỏi đáp: {hotline}."


def remarks_on(text: str, *, language: str = "vi", **changes: Any) -> dict[str, Remark]:
    audience = {"areas": ["20"], "languages": [language]}
    fields = {"encoding": "accented", "window": {"lasts": "P1D"}} | changes
    document = read_campaign(a_file(audience=audience, texts={language: text}, **fields), name="x")
    return {remark.code: remark for remark in lint(document)}


def test_a_clear_text_gets_no_remark() -> None:
    """An approver who sees a remark knows that there is something to see."""
    assert remarks_on(CLEAR) == {}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sender_not_named", "Hôm nay bà con ở các xã hãy đeo khẩu trang. Hỏi đáp: {hotline}."),
        ("area_not_named", "Sở Y tế: Hôm nay hãy đeo khẩu trang. Hỏi đáp: {hotline}."),
        ("no_time", "Sở Y tế Lạng Sơn: Hãy đeo khẩu trang. Hỏi đáp: {hotline}."),
        ("no_action", "Sở Y tế Lạng Sơn: Hôm nay trời nắng. {hotline}"),
        ("no_contact", "Sở Y tế Lạng Sơn: Hôm nay hãy đeo khẩu trang."),
        ("too_long", CLEAR + " Thực hiện khử khuẩn." * 8),
        ("shouting", CLEAR + " KHÔNG RA KHỎI NHÀ"),
        ("shouting", CLEAR + " Nguy hiểm!!"),
        ("link_shortener", CLEAR + " Xem https://bit.ly/3xYz"),
        ("link_shortener", CLEAR + " Xem www.tinyurl.com/abc"),
        ("link_not_official", CLEAR + " Xem langson-gov.vn"),
        ("link_not_official", CLEAR + " Xem http://gov.vn.tin24h.com/a"),
        ("link_not_official", CLEAR + " Xem https://example.xn--p1ai"),
        ("person_category", CLEAR + " Ai là F1 ở nhà."),
        ("patient_identity", CLEAR + " BN 1234 đã đi chợ."),
        ("blame", CLEAR + " Kẻ trốn khai báo sẽ bị phạt."),
        ("asks_secret", CLEAR + " Hãy gửi mã OTP cho chúng tôi."),
        ("sensitive_words", CLEAR + " Không có ca tử vong."),
        ("sensitive_words", CLEAR + " Xã bị phong toả."),
        ("sensitive_words", CLEAR + " Co tai bien sau tiem."),
        ("figures_without_source", CLEAR + " Có 12 ca nhiễm mới."),
        ("figures_without_source", CLEAR + " 1.250 trường hợp dương tính."),
        ("figures_without_source", CLEAR + " 85% dân số đã tiêm."),
    ],
)
def test_each_point_of_the_checklist_is_seen(code: str, text: str) -> None:
    """What the guides for health communication warn of is pointed out before anybody signs."""
    assert list(remarks_on(text)) == [code]


@pytest.mark.parametrize(
    "text",
    [
        CLEAR + " Xem tiemchungcovid19.gov.vn, sukien.langson.gov.vn.",
        CLEAR + " PC-COVID, UBND, SpO2 dưới 96%: gọi 115!",
        CLEAR + " Không gửi mã OTP cho bất kỳ ai.",
        CLEAR + " Người làm 3 ca trực được nghỉ.",
        "Sở Y tế: Mời đi tiêm tại {local_place}, {local_hours}. Hỏi: {local_contact}.",
        "{area}, tỉnh Lạng Sơn: Tu 0h ngay {from_day} han che ra vao tai bien gioi. Goi {hotline}.",
    ],
)
def test_ordinary_words_are_not_mistaken_for_faults(text: str) -> None:
    """A checklist that cries wolf is not read."""
    assert remarks_on(text) == {}


def test_sensitive_words_ask_for_a_second_approver_and_block_nothing() -> None:
    """Danger signs after a vaccination may be named; somebody more looks at them first."""
    text = (
        "Sở Y tế Lạng Sơn: Hôm nay tiêm xong hãy ở lại 30 phút để tránh tai biến. Khó thở, đau "
        "ngực, tím tái: gọi 115 ngay."
    )
    remarks = remarks_on(text)
    assert {code: remark.severity for code, remark in remarks.items()} == {
        "sensitive_words": Severity.SENSITIVE
    }


def test_figures_with_source_and_time_pass() -> None:
    """What the health department published at 15:00 may be told."""
    figures = {"source": "Sở Y tế", "as_of": "2026-11-20T15:00+07:00"}
    assert remarks_on(CLEAR + " Có 12 ca nhiễm mới.", figures=figures) == {}
    loose = remarks_on(CLEAR + " Có 12 ca nhiễm mới.")["figures_without_source"]
    assert loose.severity is Severity.SENSITIVE
    assert "12 ca" in loose.message_en


def test_the_days_figures_are_quoted_with_their_source_and_time() -> None:
    credited = " {cases_today} ca mới, theo {figures_source}, {figures_as_of}."
    assert remarks_on(CLEAR + credited) == {}
    (loose,) = remarks_on(CLEAR + " Hôm nay: {cases_today}, theo {figures_source}.").values()
    assert (loose.code, loose.severity) == ("figures_without_source", Severity.SENSITIVE)
    assert "{cases_today}" in loose.message_vi


def test_a_campaign_without_an_end_is_remarked() -> None:
    """A text of last week is worse than none."""
    assert set(remarks_on(CLEAR, window={"hours": "07:00-21:00"})) == {"no_expiry"}


def test_a_document_without_a_number_is_remarked() -> None:
    """Somebody will ask by whose order."""
    assert set(remarks_on(CLEAR, document="công văn của Sở")) == {"document_unclear"}


def test_a_text_that_nobody_reads_is_remarked() -> None:
    """A forgotten language in the audience is found before the foreigners are."""
    source = a_file(
        audience={"areas": ["20"], "languages": ["vi"]},
        texts={"vi": CLEAR, "en": "Lang Son: today please call {hotline}."},
        window={"lasts": "P1D"},
        encoding="accented",
    )
    (remark,) = lint(read_campaign(source, name="x"))
    assert (remark.code, "en" in remark.message_en) == ("text_unread", True)


def test_words_that_look_alike_matter_only_where_accents_go() -> None:
    """The author of an accented text is not bothered with how it would read without."""
    text = "Sở Y tế Lạng Sơn: Hôm nay cấm họp chợ và mở tiệm ăn trên toàn xã. Hỏi đáp: {hotline}."
    assert remarks_on(text) == {}
    remark = remarks_on(text, encoding="unaccented")["unclear_without_accents"]
    assert "cấm/cam" in remark.message_en


def test_typographic_signs_in_english_are_called_costly() -> None:
    """Two curly quotes double the price of an English text."""
    text = (
        "Lang Son: Today please stay at home and call {hotline}; ask for “the nurse”." + " ok" * 10
    )
    assert set(remarks_on(text, language="en")) == {"costly_signs"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Lang Son Health Dept: Today please wear a mask. Call {hotline}."),
        ("zh", "谅山省卫生厅：今天请戴口罩。咨询请拨{hotline}。"),
    ],
)
def test_other_languages_are_understood_too(language: str, text: str) -> None:
    """The checklist reads English and Chinese as it reads Vietnamese."""
    assert remarks_on(text, language=language) == {}


def test_an_exercise_is_judged_by_what_follows_the_word() -> None:
    """DIỄN TẬP in capitals is no shouting, and it names no sender."""
    assert remarks_on(f"DIỄN TẬP: {CLEAR}", mode="exercise") == {}
    unsigned = "DIỄN TẬP: Hôm nay bà con ở các xã hãy đeo khẩu trang. Hỏi đáp: {hotline}."
    assert set(remarks_on(unsigned, mode="exercise")) == {"sender_not_named"}


def test_every_point_speaks_both_languages() -> None:
    """Approvers read Vietnamese, programmers English; both sentences are whole."""
    for vietnamese, english in SENTENCES.values():
        for sentence in (vietnamese, english):
            assert sentence.format(words="x").rstrip().endswith((".", "”."))

"""With accents or without: what it costs and what it may hide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.texts.encodings import EncodingChoice, choose
from campaigns.texts.segments import measure

LONG = "Lạng Sơn: Từ 0h ngày 30/10 xã Ba Sơn cấm bán hàng rong, mở tiệm. Gọi 18001119 để hỏi thêm."


def test_the_cheapest_way_drops_accents_where_that_saves() -> None:
    """Two segments become one, and the author sees both counts."""
    chosen = choose(LONG, EncodingChoice.CHEAPEST)
    assert chosen.body.isascii()
    assert (chosen.measure.segments, chosen.other.segments) == (1, 2)


def test_the_cheapest_way_keeps_accents_where_dropping_them_saves_nothing() -> None:
    """A short text stays as people write it."""
    chosen = choose("Sở Y tế: hãy đeo khẩu trang", EncodingChoice.CHEAPEST)
    assert chosen.is_accented
    assert chosen.body == "Sở Y tế: hãy đeo khẩu trang"
    assert chosen.warnings == ()


def test_dropping_accents_warns_where_they_matter() -> None:
    """Cấm reads as cam, the colour of level three."""
    warnings = choose(LONG, EncodingChoice.UNACCENTED).warnings
    assert any("cấm" in warning and "cam" in warning for warning in warnings)


@pytest.mark.parametrize("choice", EncodingChoice)
def test_only_vietnamese_ever_loses_accents(choice: EncodingChoice) -> None:
    """Chinese and English are sent as they were written."""
    for language, text in (("zh", "谅山省：“请勿聚集”" * 20), ("en", "Café – “open”" * 20)):
        chosen = choose(text, choice, language=language)
        assert chosen.body == text
        assert chosen.measure == chosen.other == measure(text)


@given(st.text(alphabet="aăâđêôơưạế “”bcd 12", max_size=300), st.sampled_from(EncodingChoice))
def test_the_choice_holds_what_it_promises(text: str, choice: EncodingChoice) -> None:
    """The measure is that of the body, and the cheapest is never the dearer of the two."""
    chosen = choose(text, choice)
    assert chosen.measure == measure(chosen.body)
    if choice is EncodingChoice.CHEAPEST:
        assert chosen.measure.segments <= chosen.other.segments
    else:
        assert chosen.is_accented == (choice is EncodingChoice.ACCENTED)

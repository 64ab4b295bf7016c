"""The blanks in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.errors import EmptySlotError, TextError, UnknownSlotError
from campaigns.texts.slots import KNOWN_SLOTS, fill, slots_in

VALUES = dict.fromkeys(KNOWN_SLOTS, "x")


def test_slots_are_found_and_filled() -> None:
    """Every commune reads its own name and level."""
    text = "{area} là cấp độ {level} ({colour}), {area}"
    assert slots_in(text) == {"area", "level", "colour"}
    values = {"area": "xã Ba Sơn", "level": "3", "colour": "cam"}
    assert fill(text, values) == "xã Ba Sơn là cấp độ 3 (cam), xã Ba Sơn"


def test_doubled_braces_are_letters() -> None:
    """An author who wants a brace writes it twice."""
    assert fill("{{area}} {area} }}{{", {"area": "x"}) == "{area} x }{"
    assert slots_in("{{area}}") == frozenset()


def test_a_slot_that_no_area_can_fill_is_refused_by_name() -> None:
    """The placeholder of another system never reaches a citizen."""
    with pytest.raises(UnknownSlotError, match=r"\{xa\}.*\{area\}"):
        slots_in("Trạm Y tế {xa}")


@pytest.mark.parametrize("value", ["", " ", "\u00a0"])
def test_a_slot_with_nothing_to_say_is_refused(value: str) -> None:
    """No citizen reads a text with a hole in it."""
    with pytest.raises(EmptySlotError, match="level"):
        fill("cấp độ {level}", {"level": value})


def test_a_slot_without_a_value_is_refused() -> None:
    """What is not known is not guessed."""
    with pytest.raises(EmptySlotError, match="hotline"):
        fill("Gọi {hotline}", {})


@pytest.mark.parametrize(
    "text", ["{area", "area}", "{", "}", "{area}}", "{ar{ea}", "{}", "{ area }"]
)
def test_a_malformed_brace_is_refused(text: str) -> None:
    """A slip of the keyboard is found when the file is checked, not when it is sent."""
    with pytest.raises(TextError):
        slots_in(text)
    with pytest.raises(TextError):
        fill(text, VALUES)


@pytest.mark.parametrize(
    "text", ["{area.__class__}", "{0}", "{area!r}", "{area:>9}", "{{{level!s}}}"]
)
def test_formatting_is_no_slot(text: str) -> None:
    """Slots are names and nothing more, whoever writes the text."""
    with pytest.raises(UnknownSlotError):
        fill(text, VALUES)


@given(st.text(max_size=40))
def test_a_value_never_fills_another_slot(value: str) -> None:
    """An area called {hotline} is printed as it is called."""
    if value.strip():
        assert fill("{area}|{hotline}", {"area": value, "hotline": "1"}) == f"{value}|1"


@given(st.text(alphabet="ab{}é ", max_size=30))
def test_what_has_slots_found_can_be_filled(text: str) -> None:
    """A text that passes the check never fails later for its braces."""
    try:
        slots_in(text)
    except TextError:
        return
    assert fill(text, VALUES) == text.replace("{{", "{").replace("}}", "}")

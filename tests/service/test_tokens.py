"""Callback tokens: only ours are read, and they say which delivery is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tokens import CallbackTokens

TOKENS = CallbackTokens(b"a secret that signs only the tokens of tests")
OTHERS = CallbackTokens(b"another secret that this installation never had")
NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS, NUMBERS)
def test_a_token_names_the_delivery_it_was_made_for(broadcast_id: int, position: int) -> None:
    """Whatever the delivery, its callback finds it again, in an address of plain characters."""
    token = TOKENS.make(broadcast_id, position)
    assert TOKENS.read(token) == (broadcast_id, position)
    assert token.isascii()
    assert token.isalnum()
    assert len(token) <= 56


@given(NUMBERS, NUMBERS)
def test_a_token_of_another_installation_is_not_ours(broadcast_id: int, position: int) -> None:
    """A token made with another secret is never taken for ours."""
    assert OTHERS.read(TOKENS.make(broadcast_id, position)) is None


@given(NUMBERS, NUMBERS, st.integers(0, 10_000), st.sampled_from("0123456789abcdefABCDEF _-=é"))
def test_a_changed_token_is_refused(
    broadcast_id: int, position: int, place: int, letter: str
) -> None:
    """Changing any one character, even only its case, makes a token worthless."""
    token = TOKENS.make(broadcast_id, position)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert (TOKENS.read(changed) is None) == (changed != token)


@given(NUMBERS, NUMBERS, st.text(max_size=8))
def test_a_token_with_anything_added_is_refused(
    broadcast_id: int, position: int, added: str
) -> None:
    """Nothing may stand before or after a token, not even a space."""
    token = TOKENS.make(broadcast_id, position)
    if added:
        assert TOKENS.read(token + added) is None
        assert TOKENS.read(added + token) is None


@given(st.one_of(st.text(max_size=80), st.binary(max_size=40).map(bytes.hex)))
def test_any_text_at_all_is_refused_without_an_error(text: str) -> None:
    """Whatever stands in the address, reading it never fails."""
    assert TOKENS.read(text) is None


@given(st.binary(max_size=31))
def test_a_short_secret_is_refused(secret: bytes) -> None:
    """A secret that could be guessed is not accepted."""
    with pytest.raises(ValueError, match="at least 32 bytes"):
        CallbackTokens(secret)


def test_neighbours_have_nothing_in_common_that_could_be_guessed() -> None:
    """Who knows the token of one delivery cannot say the next one's."""
    tokens = [TOKENS.make(1, position)[-20:] for position in range(1000)]
    assert len(set(tokens)) == 1000

"""Sealing: a copy of the database shows no number, and no seal can be forged or repeated."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.errors import SealBrokenError
from campaigns.sealing import FINGERPRINT_BYTES, KEY_BYTES, NONCE_BYTES, Sealer, mask

KEY = b"a seal key that opens only tests"
OURS, THEIRS = Sealer(KEY), Sealer(b"a seal key of somebody else here")
NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


@given(NUMBERS)
def test_what_was_sealed_comes_back(number: str) -> None:
    sealed = OURS.seal(number)

    assert OURS.unseal(sealed) == number
    assert Sealer(KEY).unseal(sealed) == number
    assert number.encode()[1:] not in sealed


@given(NUMBERS)
def test_two_seals_of_one_number_differ(number: str) -> None:
    """Nobody can tell from two rows that they hold the same number."""
    first, second = OURS.seal(number), OURS.seal(number)

    assert first[:NONCE_BYTES] != second[:NONCE_BYTES]
    assert first[NONCE_BYTES:] != second[NONCE_BYTES:]


@given(NUMBERS, st.data())
def test_a_seal_with_any_bit_changed_is_broken(number: str, data: st.DataObject) -> None:
    sealed = bytearray(OURS.seal(number))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBrokenError):
        OURS.unseal(bytes(sealed))


@given(st.binary(max_size=64))
def test_no_other_bytes_open(forged: bytes) -> None:
    with pytest.raises(SealBrokenError):
        OURS.unseal(forged)


@given(NUMBERS)
def test_another_key_opens_nothing_and_the_refusal_names_no_number(number: str) -> None:
    with pytest.raises(SealBrokenError, match="LOA_SEAL_KEY") as broken:
        THEIRS.unseal(OURS.seal(number))

    assert number[1:] not in str(broken.value)


@given(NUMBERS, NUMBERS)
def test_a_fingerprint_is_stable_keyed_and_of_one_number(one: str, other: str) -> None:
    """A thief who tries all numbers out needs the key to know what to look for."""
    fingerprint = OURS.fingerprint(one)

    assert fingerprint == OURS.fingerprint(one) == Sealer(KEY).fingerprint(one)
    assert len(fingerprint) == FINGERPRINT_BYTES
    assert fingerprint != THEIRS.fingerprint(one)
    assert (fingerprint == OURS.fingerprint(other)) is (one == other)


def test_the_same_number_has_the_same_fingerprint_in_every_version() -> None:
    """A changed derivation would make everybody in every database a stranger."""
    assert Sealer(b"k" * 32).fingerprint("+84912345678").hex() == "6d4a608abb1d22bbac70a19a9922d5b0"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"k" * (KEY_BYTES - 1))


def test_a_forked_child_does_not_go_on_with_its_parents_nonces() -> None:
    """One nonce used twice under one key would give both numbers away."""
    sealer = Sealer(KEY)
    sealer.seal("+84912345678")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        seals = b"".join(sealer.seal("+84912345678") for _ in range(100))
        os.write(writer, seals)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

    ours = [sealer.seal("+84912345678") for _ in range(100)]
    size = len(ours[0])
    theirs = [told[start : start + size] for start in range(0, len(told), size)]
    assert len(theirs) == 100
    assert len({seal[:NONCE_BYTES] for seal in ours + theirs}) == 200


@given(NUMBERS)
def test_a_mask_shows_two_digits_of_the_prefix_and_three_of_the_end(number: str) -> None:
    masked = mask(number)
    shown = [letter for letter in masked if letter.isdigit()]

    assert len(shown) in {0, 7}
    if shown:
        assert masked == f"{number[:3]} {number[3:5]}x xxx {number[-3:]}"
        # At least three digits stay hidden, and what is hidden leaves no trace.
        assert len(number) - 1 - len(shown) >= 3
        hidden = number[5:-3]
        assert mask(number[:5] + "0" * len(hidden) + number[-3:]) == masked


@pytest.mark.parametrize("short", ["", "1022", "+84912", "+849123456"])
def test_what_is_too_short_to_hide_anything_is_hidden_whole(short: str) -> None:
    assert mask(short) == "xxx"

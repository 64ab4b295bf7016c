"""Passwords: which are refused, how they are kept, and that a flood of them waits outside."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from campaigns.access.passwords import LONGEST, Passwords, require_sound
from campaigns.errors import PasswordRefusedError, PasswordsBusyError
from tests.fakes.processes import eventually

QUICK = Passwords(memory_kib=64, rounds=1)
SOUND = "mười hai con trâu trắng"


@pytest.mark.parametrize(
    "password",
    [
        "",
        "mười hai",
        "x" * (LONGEST + 1),
        "aaaaaaaaaaaab",
        "121212121212",
        "0912345678901",
        "password1234",
        "Mật Khẩu 2026!!!",
        "MatKhauMatKhau1",
        "quantri-langson-2026",
        "qwertyuiop123",
        "Nguyen.Lan.2026",
        "123 nguyen.lan 456",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefusedError, match="Nothing was changed"):
        require_sound(password, login="nguyen.lan")


@pytest.mark.parametrize(
    "password", [SOUND, "bốn mùa hoa đào nở", "x9$kk2!mPq7z", "春天的花在山上開得很好看呢"]
)
def test_what_only_its_owner_says_is_taken(password: str) -> None:
    """Also with the login as a word of it."""
    require_sound(password, login="hoa")


def test_a_password_is_kept_as_argon2id_and_known_again_on_any_keyboard() -> None:
    """One keyboard writes letters with their accents, another the accents after the letters."""
    kept = QUICK.hash("mười hai")
    assert kept.startswith("$argon2id$")
    assert kept != QUICK.hash("mười hai")
    assert QUICK.is_right(kept, "mu\u031bo\u031b\u0300i hai")
    assert not QUICK.is_right(kept, "muoi hai")
    assert not QUICK.is_right(None, "mười hai")
    assert not QUICK.is_right("not a hash", "mười hai")


def test_a_dearer_price_is_asked_for_at_the_next_login() -> None:
    kept = QUICK.hash(SOUND)
    dearer = Passwords(memory_kib=128, rounds=1)
    assert dearer.is_right(kept, SOUND)
    assert dearer.is_outdated(kept)
    assert not QUICK.is_outdated(kept)


def test_two_are_verified_two_wait_and_the_rest_is_sent_away() -> None:
    """The other threads of the process go on with their work."""
    passwords, done = Passwords(memory_kib=64, rounds=1), Event()
    inside: list[int] = []
    refused: list[int] = []

    def verify(number: int) -> None:
        try:
            with passwords.turn():
                inside.append(number)
                assert done.wait(30)
        except PasswordsBusyError:
            refused.append(number)

    with ThreadPoolExecutor(7) as pool:
        for number in range(7):
            pool.submit(verify, number)
        assert eventually(lambda: (len(inside), len(refused)) == (2, 3))
        done.set()
    assert len(inside) == 4
    with passwords.turn():
        pass

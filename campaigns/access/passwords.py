"""Passwords: kept as argon2id only, and verified two at a time."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import resources
from threading import Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from campaigns.access.shown_once import draw_secret
from campaigns.errors import PasswordRefusedError, PasswordsBusyError

SHORTEST = 12
LONGEST = 128
# OWASP's Password Storage Cheat Sheet asks for at least this: 19 MiB read twice by one thread,
# some 30 to 50 ms of one core.
MEMORY_KIB = 19 * 1024
ROUNDS = 2
_AT_ONCE = 2
_WAITING = 2
_FEWEST_DIFFERENT = 5
_COMMON = resources.files("campaigns") / "data" / "common_passwords.txt"


class Passwords:
    """Hashes and verifies, at a price of *rounds* over *memory_kib*; one for each process."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, rounds: int = ROUNDS) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_kib, time_cost=rounds, parallelism=1)
        self._room = Semaphore(_AT_ONCE + _WAITING)
        self._places = Semaphore(_AT_ONCE)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until fewer than two others are being verified, for as long as the block lasts.

        Raises PasswordsBusyError where two wait already: a flood of logins may take two of a
        process's threads from the rest of its work and two for waiting, and no more.
        """
        if not self._room.acquire(blocking=False):
            raise PasswordsBusyError(
                "Too many people log in at this moment. Nothing was changed; try again in a second."
            )
        try:
            with self._places:
                yield
        finally:
            self._room.release()

    def hash(self, password: str) -> str:
        """Return what is kept of *password*: algorithm, price, salt and hash."""
        return self._hasher.hash(_composed(password))

    def is_right(self, kept: str | None, password: str) -> bool:
        """Whether *password* is the one of which *kept* was kept.

        Where nothing was kept it takes as long to say no, so that nobody learns who exists.
        """
        nobodys = self._nobodys
        try:
            self._hasher.verify(kept or nobodys, _composed(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(draw_secret())

    def is_outdated(self, kept: str) -> bool:
        """Whether *kept* was made at another price than is asked today."""
        return self._hasher.check_needs_rehash(kept)


def require_sound(password: str, *, login: str) -> None:
    """Raise PasswordRefusedError for what is guessed first.

    That is less than 12 characters (NIST SP 800-63B asks for 8 beside a second factor), more
    than 128, digits alone, and the login and the words of `common_passwords.txt` with digits and
    signs around them, in any case and with any accents.
    """
    folded = _folded(password)
    fault = ""
    if not SHORTEST <= len(_composed(password)) <= LONGEST:
        fault = f"has {SHORTEST} to {LONGEST} characters"
    elif len(set(folded)) < _FEWEST_DIFFERENT:
        fault = f"has at least {_FEWEST_DIFFERENT} different letters and digits"
    elif _common().fullmatch(re.sub(r"\d", "", folded.replace(_folded(login), ""))):
        fault = "is neither the login nor a common one, nor these with digits and signs"
    if fault:
        raise PasswordRefusedError(
            f"A password {fault}. Nothing was changed. Take a few words that nobody says together."
        )


@cache
def _common() -> re.Pattern[str]:
    words = _COMMON.read_text(encoding="utf-8").split()
    return re.compile(f"(?:{'|'.join(map(re.escape, words))})*")


def _composed(password: str) -> str:
    """Return *password* as one keyboard or another writes it (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _folded(password: str) -> str:
    """Return the letters and digits of *password*, small and without accents."""
    apart = unicodedata.normalize("NFKD", password.casefold()).replace("đ", "d")
    return "".join(letter for letter in apart if letter.isalnum())

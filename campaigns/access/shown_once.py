"""Shown once: the texts of keys, sessions and invitations, of which only a digest is kept."""

import hashlib
import hmac
import secrets

_SECRET_BYTES = 32
# As many as any row's number has at most, with room to spare.
_DIGITS = 18


def draw_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of *secret*, which nobody can turn back, for it has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def write(prefix: str, number: int, secret: str) -> str:
    """Return what is shown: what it is, the number of its row, and the secret."""
    return f"{prefix}_{number}_{secret}"


def number_in(text: str, *, prefix: str) -> int | None:
    """Return the number of the row that *text* names, or None where it is nothing of this kind."""
    kind, _, rest = text.partition("_")
    number, _, _ = rest.partition("_")
    if kind != prefix or not (number.isascii() and number.isdigit()) or len(number) > _DIGITS:
        return None
    return int(number)


def is_proven(text: str, digest: str) -> bool:
    """Whether the secret in *text* is the one with *digest*."""
    secret = text.split("_", 2)[-1]
    return hmac.compare_digest(digest, digest_of(secret))

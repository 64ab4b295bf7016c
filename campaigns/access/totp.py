"""TOTP: the six digits that an authenticator app shows for half a minute (RFC 6238)."""

import hmac
from datetime import datetime

import pyotp

STEP_S = 30
DIGITS = 6
# A telephone's clock may be wrong by one step (RFC 6238 §5.2).
_TOLERATED_STEPS = 1


def draw_totp_secret() -> str:
    """Return 160 random bits as apps take them: 32 letters and digits of base 32."""
    return pyotp.random_base32()


def totp_address(secret: str, *, login: str) -> str:
    """Return the ``otpauth:`` address of *secret*, which apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Loa")


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the step of time for which *secret* makes *code*, or None if it is none about *now*.

    The caller keeps the step, for a code counts once only (RFC 6238 §5.2).
    """
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    steps = range(current - _TOLERATED_STEPS, current + _TOLERATED_STEPS + 1)
    fits = [
        step
        for step in steps
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return fits[-1] if fits else None

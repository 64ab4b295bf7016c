"""Codes of an app: those of the standard, about now, each once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP
from sqlalchemy.orm import Session

from campaigns.access.credentials import credentials_of, spend_code
from campaigns.access.logins import set_totp
from campaigns.access.totp import STEP_S, draw_totp_secret, step_of, totp_address
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import NOON, a_person

# RFC 6238, appendix B: the secret "12345678901234567890", and the last six of eight digits.
STANDARD = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
STEP = timedelta(seconds=STEP_S)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    assert step_of(STANDARD, code, now=moment) == second // STEP_S
    assert step_of(STANDARD, code[::-1], now=moment) is None


def test_a_clock_may_be_wrong_by_half_a_minute() -> None:
    code = TOTP(STANDARD).at(NOON)
    seen = [step_of(STANDARD, code, now=NOON + wrong * STEP) is not None for wrong in range(-2, 3)]
    assert seen == [False, True, True, True, False]


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    """Nothing that is typed is a fault of Loa's."""
    assert step_of(STANDARD, typed, now=NOON) is None or typed in {
        TOTP(STANDARD).at(NOON + wrong * STEP) for wrong in (-1, 0, 1)
    }


def test_an_app_reads_who_it_is_for() -> None:
    secret = draw_totp_secret()
    assert (
        totp_address(secret, login="lan.n")
        == f"otpauth://totp/Loa:lan.n?secret={secret}&issuer=Loa"
    )
    assert secret != draw_totp_secret()


def test_of_codes_that_are_good_at_once_none_counts_after_a_later_one(
    session: Session, sealer: Sealer
) -> None:
    """Within its minute and a half an older code would still be good; it is not taken."""
    person, secret = a_person(session, "lan", Role.AUTHOR), draw_totp_secret()
    set_totp(session, person, secret, sealer=sealer, now=NOON)
    kept = credentials_of(session, person)
    codes = [TOTP(secret).at(NOON + wrong * STEP) for wrong in (-1, 0, 0, 1, 0)]
    spent = [spend_code(session, kept, code, sealer=sealer, now=NOON) for code in codes]
    assert spent == [True, True, False, True, False]

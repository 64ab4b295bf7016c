"""References: six digits that a caller is told, to ask by later."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

_DIGITS = 6
_TRIES = 20


def free_reference(session: Session, column: InstrumentedAttribute[str]) -> str:
    """Return six digits that *column* does not hold; random, so that nobody guesses another's."""
    for _ in range(_TRIES):
        reference = f"{secrets.randbelow(9 * 10 ** (_DIGITS - 1)) + 10 ** (_DIGITS - 1)}"
        if session.scalar(select(column).where(column == reference)) is None:
            return reference
    raise RuntimeError("no reference is free; retention has not run")


def digit_by_digit(reference: str) -> str:
    """Write a reference as it is read out, so that a caller can write it down."""
    return " ".join(reference)

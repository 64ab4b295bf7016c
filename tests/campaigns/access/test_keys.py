"""Keys: rotated one successor at a time, each as long-lived as the first."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns.access.keys import (
    OVERLAP,
    USUAL_LIFE,
    ApiKey,
    add_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from campaigns.errors import KeyRefusedError
from campaigns.people import Role
from tests.builders import NOON, a_person

LATER = NOON + timedelta(days=1)


@pytest.fixture
def key(session: Session) -> ApiKey:
    return add_key(
        session, a_person(session, "lan", Role.SENDER), name="x", scopes=(), now=NOON
    ).key


def valid(session: Session, *, now: datetime) -> list[int]:
    return [one.id for one in list_keys(session) if one.is_valid(now)]


def test_a_key_has_one_valid_successor(session: Session, key: ApiKey) -> None:
    """Rotating it again by mistake would leave valid keys behind that nobody has in hand."""
    successor = rotate_key(session, key.id, now=NOON).key

    with pytest.raises(KeyRefusedError, match=f"successor is key {successor.id}") as refused:
        rotate_key(session, key.id, now=LATER)

    assert f"loa keys revoke {successor.id}" in str(refused.value)
    assert f"rotate key {key.id} again" in str(refused.value)
    assert valid(session, now=LATER) == [key.id, successor.id]


def test_a_successor_whose_text_was_lost_is_replaced(session: Session, key: ApiKey) -> None:
    """The second lives as long as the first would have, though the old key ends in a week."""
    lost = rotate_key(session, key.id, now=NOON).key
    revoke_key(session, lost.id, now=LATER)

    second = rotate_key(session, key.id, now=LATER).key

    assert second.expires_at == LATER + USUAL_LIFE
    assert key.expires_at == NOON + OVERLAP
    assert valid(session, now=LATER) == [key.id, second.id]
    with pytest.raises(KeyRefusedError, match=f"successor is key {second.id}"):
        rotate_key(session, key.id, now=LATER)


def test_a_successor_is_rotated_in_its_turn(session: Session, key: ApiKey) -> None:
    successor = rotate_key(session, key.id, now=NOON).key
    third = rotate_key(session, successor.id, now=LATER).key
    assert third.expires_at == LATER + USUAL_LIFE
    with pytest.raises(KeyRefusedError, match="rotated already"):
        rotate_key(session, successor.id, now=LATER)

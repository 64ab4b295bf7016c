"""Consent: what single people say, recorded for good."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import SealBrokenError, UnknownSubscriberError
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import (
    consent_history,
    erase,
    find_subscriber,
    get_subscriber,
    opt_in,
    opt_out,
)
from campaigns.subscribers.counts import count_subscribers
from campaigns.subscribers.models import Subscriber, may_be_texted
from tests.builders import NOON, a_phone, a_subscriber

LATER = NOON + timedelta(hours=1)


def reachable(session: Session) -> int:
    return len(session.scalars(select(Subscriber).where(may_be_texted())).all())


def test_a_person_is_found_by_number_without_unsealing_anybody(
    session: Session, sealer: Sealer
) -> None:
    phone = a_phone()
    one = a_subscriber(session, sealer, area="06196", phone=phone)

    assert find_subscriber(session, phone, sealer=sealer) is one
    assert find_subscriber(session, a_phone(), sealer=sealer) is None


def test_another_installations_key_makes_nobody_a_stranger(
    session: Session, sealer: Sealer
) -> None:
    """With the wrong key an opt-out would be noted for a number that nobody has."""
    phone = a_phone()
    a_subscriber(session, sealer, area="06196", phone=phone)

    with pytest.raises(SealBrokenError, match="Nothing was changed"):
        opt_out(session, phone, source="hotline", sealer=Sealer(b"x" * 32), now=NOON)

    assert reachable(session) == len(session.scalars(select(Subscriber)).all()) == 1


def test_opting_out_holds_until_the_same_person_opts_in(session: Session, sealer: Sealer) -> None:
    phone = a_phone()
    one = a_subscriber(session, sealer, area="06196", phone=phone)

    opt_out(session, phone, source="hotline", sealer=sealer, now=NOON, at=NOON - timedelta(days=2))
    opt_out(session, phone, source="letter", sealer=sealer, now=LATER)
    assert reachable(session) == 0
    assert one.opted_out_at == NOON - timedelta(days=2)

    opt_in(session, phone, source="visit", sealer=sealer, now=LATER)
    assert reachable(session) == 1
    events = [(event.kind.value, event.source) for event in consent_history(session, one)]
    assert events == [("opted_out", "hotline"), ("opted_out", "letter"), ("opted_in", "visit")]


def test_a_number_nobody_knows_can_opt_out_but_nothing_else(
    session: Session, sealer: Sealer
) -> None:
    """Somebody who rings the hotline first must not be texted once a list names them."""
    phone = a_phone()
    for ask in (opt_in, erase):
        with pytest.raises(UnknownSubscriberError):
            ask(session, phone, source="hotline", sealer=sealer, now=NOON)

    opt_out(session, phone, source="hotline", sealer=sealer, now=NOON)

    one = get_subscriber(session, phone, sealer=sealer)
    assert one.sealed is None
    assert (one.opted_out_at, one.area_code) == (NOON, "")


def test_erasing_leaves_a_fingerprint_and_the_history_and_nothing_else(
    session: Session, sealer: Sealer
) -> None:
    phone = a_phone()
    entered = a_subscriber(session, sealer, area="06196", phone=phone, language="tyz", tags="|cho|")
    entered.carrier_actual = "mobifone"

    erase(session, phone, source="letter", sealer=sealer, now=NOON)

    session.expire_all()
    one = get_subscriber(session, phone, sealer=sealer)
    kept = (one.area_code, one.language, one.tags, one.carrier_guess)
    assert kept == ("", "vi", "", "")
    assert one.sealed is None
    assert one.carrier_actual is None
    assert one.fingerprint == sealer.fingerprint(phone)
    assert [event.kind.value for event in consent_history(session, one)] == ["erased"]
    assert reachable(session) == 0


def test_everybody_is_counted_once(session: Session, sealer: Sealer) -> None:
    phones = [a_phone() for _ in range(5)]
    for phone, language in zip(phones, ("vi", "vi", "tyz", "vi", "vi"), strict=True):
        a_subscriber(session, sealer, area="06196", phone=phone, language=language)
    get_subscriber(session, phones[0], sealer=sealer).carrier_actual = "mobifone"
    opt_out(session, phones[3], source="hotline", sealer=sealer, now=NOON)
    opt_out(session, phones[4], source="hotline", sealer=sealer, now=NOON)
    erase(session, phones[4], source="hotline", sealer=sealer, now=NOON)

    counts = count_subscribers(session)

    assert (counts.reachable, counts.opted_out, counts.left, counts.erased) == (3, 1, 0, 1)
    assert counts.by_area == {"06196": 3}
    assert counts.by_language == {"tyz": 1, "vi": 2}
    assert counts.by_carrier == {"mobifone": 1, "viettel": 2}

"""The inbound door: a signed STOP is heeded in the middle of a broadcast, and answered once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.claiming import Claim, claim_batch
from campaigns.broadcasts.launching import launch
from campaigns.broadcasts.ledger import draw_ledger
from campaigns.broadcasts.settling import settle
from campaigns.deliveries import Broadcast
from campaigns.gateway import Accepted
from campaigns.lanes import Lane
from campaigns.plans.planning import Terms
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import has_opted_out
from campaigns.subscribers.models import Subscriber
from hotline.caller_texts import CallerText
from hotline.inbound_texts import InboundText, Meaning
from hotline.tickets import Ticket
from service.loopback.telephone import Answer
from service.twilio.signatures import sign
from service.twilio.texts import INBOUND_PATH
from service.twilio.voice import REJECT, STOP_CALL_PATH
from service.web.asgi import open_inbound_door
from service.web.inbound_door import InboundDoor
from tests.builders import NOON, a_document, a_phone, a_province, a_signed_plan
from tests.fakes.telephones import (
    PUBLIC_URL,
    TOKEN,
    Clock,
    ClockedResources,
    ask_asgi,
    put_library,
    settings_of,
)

STOP_NUMBER = "+842053800009"
EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
SLOWLY = Terms(lanes=(Lane("twilio", 1),), hotline="1800 1119", segment_price_vnd=400)


class Postbox:
    """The door, and what it asks workers for."""

    def __init__(self, resources: ClockedResources) -> None:
        self.asks: list[str] = []
        self.door: InboundDoor = open_inbound_door(resources, lambda: self.asks.append("asked"))

    def post(
        self, *, signature: str | None = None, path: str = INBOUND_PATH, **form: str
    ) -> Answer:
        pairs = list(form.items())
        signed = sign(PUBLIC_URL + path, pairs, TOKEN) if signature is None else signature
        body = "&".join(f"{name}={_quoted(value)}" for name, value in pairs).encode()
        headers = {"X-Twilio-Signature": signed}
        return asyncio.run(ask_asgi(self.door, path, body, headers))

    def write(self, number: str, words: str, *, sid: str = "SM1") -> Answer:
        return self.post(MessageSid=sid, From=number, To="+842053800000", Body=words)

    def ring(
        self,
        caller: str,
        *,
        called: str = STOP_NUMBER,
        sid: str = "CA1",
        signature: str | None = None,
    ) -> Answer:
        form = {"CallSid": sid, "From": caller, "To": called}
        return self.post(signature=signature, path=STOP_CALL_PATH, **form)


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


@pytest.fixture
def postbox(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Iterator[Postbox]:
    settings = settings_of(data_dir).model_copy(update={"stop_call_number": STOP_NUMBER})
    resources = ClockedResources(settings, engine, sessions, sealer, Clock())
    postbox = Postbox(resources)
    yield postbox
    postbox.door.close()


def a_slow_broadcast(session: Session) -> Broadcast:
    """Return a broadcast that is sent in batches of ten."""
    plan = a_signed_plan(session, a_document())
    return launch(session, plan, terms=SLOWLY, now=NOON).broadcast


def claim(session: Session, sealer: Sealer, broadcast: Broadcast) -> Claim | None:
    return claim_batch(
        session,
        broadcast.id,
        lane="twilio",
        claimant="worker-1",
        lease=timedelta(minutes=1),
        sealer=sealer,
        now=NOON,
    )


def speak(session: Session, held: Claim) -> list[str]:
    """Hand every text of *held* over; return to whom."""
    answers = [Accepted(f"SM{held.batch_id}-{text.position}") for text in held.texts]
    settle(session, held, answers, now=NOON)
    return [text.to for text in held.texts]


def test_a_stop_in_the_middle_of_a_broadcast_is_heeded_and_confirmed_once(
    session: Session, sealer: Sealer, postbox: Postbox
) -> None:
    people = a_province(session, sealer, people=15)
    numbers = [sealer.unseal(one.sealed or b"") for one in people]
    broadcast = a_slow_broadcast(session)
    first = claim(session, sealer, broadcast)
    assert first is not None
    texted = speak(session, first)
    session.commit()
    gone = next(number for number in numbers if number not in texted)

    for sid in ("SM1", "SM1", "SM2"):
        answer = postbox.write(gone, "Từ chối!", sid=sid)
        assert (answer.status, answer.body) == (200, EMPTY)

    while (held := claim(session, sealer, broadcast)) is not None:
        texted += speak(session, held)
    assert sorted(texted) == sorted(set(numbers) - {gone})
    ledger = draw_ledger(session, broadcast.id)
    assert ledger.skipped == {"opted_out": 1}
    assert ledger.is_balanced
    assert postbox.asks == ["asked"]
    assert len(session.scalars(select(CallerText)).all()) == 1


@pytest.mark.parametrize("signature", ["", "x" * 28, "é"])
def test_nobody_opts_anybody_out_without_the_carriers_signature(
    session: Session, postbox: Postbox, signature: str
) -> None:
    answer = postbox.post(signature=signature, MessageSid="SM1", From=a_phone(), Body="STOP")
    assert answer.status == 403
    assert session.scalars(select(InboundText)).all() == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"Body": "STOP"},
        {"MessageSid": "SM1"},
        {"MessageSid": "SM1", "From": "anonymous", "Body": "STOP"},
        {"MessageSid": "SM1", "From": "1022", "Body": "HELP"},
        {"MessageSid": "SM1", "From": "VIETTEL", "Body": "x" * 9000},
        {"MessageSid": "S" * 900, "From": "+84961234515", "Body": "\x00\ufffd\U0010ffff"},
        {"MessageSid": "SM1", "From": "x" * 5000, "Body": "HELP", "To": "y" * 5000},
        {"MessageSid": "SM1", "From": "+84961234515", "Body": "", "OptOutType": "SONST"},
        {"SmsSid": "SM1", "From": "+84961234515", "Body": "CAP DO \x00", "To": "8088"},
    ],
)
def test_absurd_texts_are_taken_in_with_grace(postbox: Postbox, form: dict[str, str]) -> None:
    """Signed is signed: the carrier never hears of an error, and no machine gets an answer."""
    answer = postbox.post(**form, AccountSid="AC1")
    assert (answer.status, answer.body) == (200, EMPTY)


def test_our_own_number_is_never_answered(session: Session, postbox: Postbox) -> None:
    postbox.post(MessageSid="SM1", From="+842053800000", To="+842053800000", Body="HELP")
    assert session.scalars(select(InboundText.meaning)).all() == [Meaning.MACHINE]
    assert postbox.asks == []


def test_a_topic_is_answered_from_the_approved_answers(session: Session, postbox: Postbox) -> None:
    put_library(session)
    session.commit()
    postbox.write(a_phone(), "biện pháp")
    assert len(session.scalars(select(Ticket)).all()) == 1
    postbox.write(a_phone(), "HELP", sid="SM2")
    bodies = session.scalars(select(CallerText.body).order_by(CallerText.id)).all()
    assert "phiếu số" in bodies[0]
    assert "CAP DO" in bodies[1]


def test_without_its_database_the_carrier_is_asked_to_send_the_text_again(
    sealer: Sealer, data_dir: Path, tmp_path: Path
) -> None:
    nowhere = create_engine(f"sqlite:///{tmp_path}/no/such/place.sqlite3")
    resources = ClockedResources(
        settings_of(data_dir), nowhere, sessionmaker(nowhere), sealer, Clock()
    )
    postbox = Postbox(resources)
    assert postbox.write(a_phone(), "STOP").status == 503
    postbox.door.close()


class TestMissedCalls:
    def test_a_call_to_the_number_for_it_is_rejected_and_stops_texts(
        self, session: Session, sealer: Sealer, postbox: Postbox
    ) -> None:
        """It rings, it costs nothing, and one text confirms it."""
        caller = a_phone()
        for sid in ("CA1", "CA1", "CA2"):
            answer = postbox.ring(caller, sid=sid)
            assert (answer.status, answer.body) == (200, REJECT)
        assert has_opted_out(session, sealer.fingerprint(caller))
        assert postbox.asks == ["asked"]
        assert len(session.scalars(select(CallerText)).all()) == 1

    @pytest.mark.parametrize(
        ("caller", "called"),
        [("anonymous", STOP_NUMBER), ("+84961234515", "+842053800000"), ("x" * 900, "y" * 900)],
    )
    def test_any_other_call_is_rejected_and_stops_nobodys_texts(
        self, session: Session, postbox: Postbox, caller: str, called: str
    ) -> None:
        answer = postbox.ring(caller, called=called)
        assert (answer.status, answer.body) == (200, REJECT)
        assert session.scalars(select(Subscriber)).all() == []

    def test_an_unsigned_call_stops_nobodys_texts(self, session: Session, postbox: Postbox) -> None:
        assert postbox.ring(a_phone(), signature="x" * 28).status == 403
        assert session.scalars(select(Subscriber)).all() == []

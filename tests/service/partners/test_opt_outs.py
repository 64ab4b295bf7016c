"""A partner hands in who wants no texts: it holds at once, and tells the partner nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry
from campaigns.broadcasts.claiming import claim_batch
from campaigns.partners.keys import PartnerScope
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import opt_out
from campaigns.subscribers.models import Subscriber
from service.partners import opt_outs
from tests.builders import NOON, a_broadcast, a_phone, a_province
from tests.service.partners.conftest import Join


def test_who_is_handed_in_is_texted_no_more_in_the_middle_of_a_broadcast(
    join: Join, session: Session, sealer: Sealer
) -> None:
    viettel = join()
    people = a_province(session, sealer, people=2)
    broadcast = a_broadcast(session)
    numbers = [sealer.unseal(one.sealed or b"") for one in people[:2]]
    session.commit()
    told = viettel.ask(
        "POST", "/opt-outs", json={"numbers": numbers, "proof": "BC-17/2026"}
    ).get_json()
    assert told == {"heeded": 2, "refused": {}}
    claim = claim_batch(
        session,
        broadcast.id,
        lane="twilio",
        claimant="w",
        lease=timedelta(minutes=1),
        sealer=sealer,
        now=NOON,
    )
    assert claim is not None
    assert not {text.to for text in claim.texts} & set(numbers)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry is not None
    assert entry.actor == "partner:viettel-ls"


def test_a_partner_is_not_told_whether_a_number_was_known(
    join: Join, session: Session, sealer: Sealer
) -> None:
    """Nor whether its owner had said so before: that is somebody else's history."""
    viettel = join()
    silent, stranger, known = a_phone(), a_phone(), a_phone()
    a_province(session, sealer, people=1)[0].sealed = sealer.seal(silent)
    opt_out(session, known, source="hotline", sealer=sealer, now=NOON)
    session.commit()
    said = [
        viettel.ask("POST", "/opt-outs", json={"numbers": [number], "proof": "x"}).get_json()
        for number in (silent, stranger, known, known)
    ]
    assert said == [{"heeded": 1, "refused": {}}] * 4


class Stopwatch:
    """A clock that stands still but for what work and waiting take, in seconds."""

    def __init__(self, work_s: float) -> None:
        self.now, self._work_s = 1000.0, work_s

    def monotonic(self) -> float:
        self.now += self._work_s
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("work_s", [0.014, 0.025, 0.099])
def test_how_long_an_answer_takes_tells_nothing_either(
    join: Join, monkeypatch: pytest.MonkeyPatch, work_s: float
) -> None:
    """A number that had stopped before is less work."""
    viettel, watch = join(), Stopwatch(work_s)
    monkeypatch.setattr(opt_outs, "time", watch)
    viettel.ask("POST", "/opt-outs", json={"numbers": [a_phone()], "proof": "x"})
    assert watch.now - work_s == pytest.approx(1000.1)


def test_a_row_that_is_no_number_keeps_nobody_back(
    join: Join, session: Session, sealer: Sealer
) -> None:
    viettel, number = join(), a_phone()
    told = viettel.ask("POST", "/opt-outs", json={"numbers": ["113", number], "proof": "x"})
    assert told.get_json() == {"heeded": 1, "refused": {"emergency": 1}}
    found = session.scalars(
        select(Subscriber).where(Subscriber.fingerprint == sealer.fingerprint(number))
    ).one()
    assert found.opted_out_at is not None


@pytest.mark.parametrize(
    "body", [{}, {"numbers": [], "proof": "x"}, {"numbers": ["1"]}, {"numbers": "0", "proof": "x"}]
)
def test_what_is_no_list_is_refused(join: Join, body: dict[str, object]) -> None:
    join().ask("POST", "/opt-outs", json=body, code=422)


def test_a_key_that_only_reads_opts_nobody_out(join: Join) -> None:
    reader = join(scopes=[PartnerScope.RECEIPTS_READ])
    reader.ask("POST", "/opt-outs", json={"numbers": [a_phone()], "proof": "x"}, code=403)

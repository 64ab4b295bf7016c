"""Reconciling a month: both sides joined, and every single difference explained."""

import csv
import io
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport, take_in
from campaigns.gateway import Accepted, Answer, Outcome, Refused
from campaigns.local_time import ZONE
from campaigns.partners.models import FeedEntry, Partner
from campaigns.partners.months import read_month
from campaigns.partners.reconciling import reconciling
from campaigns.partners.references import References
from campaigns.partners.settlements import PartnerSettlement
from campaigns.partners.statements import read_statement
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import (
    a_day_of_texts,
    a_partner,
    ledger_by_day,
    settle_all,
    summed,
)

REFERENCES = References(Sealer(b"a seal key that opens only tests"), 1)
MARCH = read_month("2026-03")
DAY = timedelta(days=1)
# One in the morning after the first day that is settled with somebody who joined the day before.
FIRST_OF_MONTH = NOON - DAY
TEXTS_A_DAY = 8


@dataclass
class Month:
    """A month as the partner saw it: one row a text, whatever reached us."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    settlements: list[PartnerSettlement] = field(default_factory=list)
    lost: int = 0
    late: int = 0


@pytest.fixture
def partner(session: Session, sealer: Sealer) -> Partner:
    a_province(session, sealer, people=TEXTS_A_DAY // 2)
    return a_partner(session)


def a_row(broadcast_id: int, position: int, sid: str, at: datetime, state: str) -> dict[str, Any]:
    return {
        "reference": REFERENCES.make(broadcast_id, position),
        "sid": sid,
        "sent_at": at.astimezone(ZONE).isoformat(),
        "state": state,
        "segments": 1,
        "code": "",
    }


def a_file(rows: Iterable[Mapping[str, Any]]) -> io.BytesIO:
    rows = list(rows)
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(written.getvalue().encode())


def compare(
    session: Session, partner: Partner, file: io.BytesIO
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with (
        read_statement(file, name="viettel.csv") as statement,
        reconciling(session, partner, MARCH, statement, references=REFERENCES) as found,
    ):
        return found.summary(), list(found.differences())


def simulate(session: Session, sealer: Sealer, partner: Partner, *, days: int) -> Month:
    """Hand over texts for *days* days; of the receipts a few come late and a few never."""
    chance, month = random.Random(5), Month()
    waiting: list[CarrierReport] = []
    for number in range(days):
        now = FIRST_OF_MONTH + number * DAY
        answers: list[Answer] = [Accepted(f"SM{number}-{n}") for n in range(1, TEXTS_A_DAY + 1)]
        broadcast = a_day_of_texts(session, sealer, now=now, answers=answers)
        due = [report for report in waiting if report.received_at <= now]
        waiting = [report for report in waiting if report.received_at > now]
        for position in range(1, TEXTS_A_DAY + 1):
            outcome = chance.choice([Outcome.HANDSET] * 5 + [Outcome.FAILED])
            sid = f"SM{number}-{position}"
            month.rows.append(a_row(broadcast.id, position, sid, now, outcome.value))
            fate = chance.choice(["in time"] * 8 + ["late", "lost"])
            at = now + (3 * DAY if fate == "late" else timedelta())
            report = CarrierReport(broadcast.id, position, sid, outcome, "", at)
            month.lost += fate == "lost"
            month.late += fate == "late" and number + 3 < days
            if fate != "lost":
                (waiting if fate == "late" else due).append(report)
        take_in(session, due, now=now)
        session.expire_all()
        month.settlements += settle_all(session, partner, sealer, now=now + timedelta(hours=13))
    month.lost += len(waiting)
    return month


def test_every_difference_of_a_simulated_month_is_explained(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    """Settlements add up to the ledger; what the partner knows beyond it are lost receipts."""
    month = simulate(session, sealer, partner, days=31)
    assert summed(month.settlements) == ledger_by_day(session)
    corrections = [
        line for one in month.settlements for line in one.lines if line["kind"] == "correction"
    ]
    assert sum(line["texts"] for line in corrections if line["texts"] > 0) == month.late

    summary, differences = compare(session, partner, a_file(month.rows))
    assert month.lost > 5
    assert summary["differences"] == {"other_state": month.lost}
    assert all(one["reason"].startswith("lost receipt: ") for one in differences)
    texts = 31 * TEXTS_A_DAY
    assert summary["ours"]["texts"] == summary["theirs"]["texts"] == texts
    assert summary["agreed"] == {"texts": texts - month.lost, "segments": texts - month.lost}
    assert summary["disputed"]["ours"]["texts"] == month.lost


def test_a_partner_that_exported_early_is_told_of_late_receipts(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    month = simulate(session, sealer, partner, days=6)
    changed = 0
    for entry in session.scalars(
        select(FeedEntry).where(FeedEntry.state.in_(["handset", "failed"]))
    ):
        if entry.at.date() != entry.day:
            row = next(one for one in month.rows if one["sid"] == entry.sid)
            row["state"], changed = "network", changed + 1
    assert changed == month.late > 0
    _, differences = compare(session, partner, a_file(month.rows))
    late = [one for one in differences if one["reason"].startswith("late receipt: ")]
    assert len(late) == changed
    assert "corrected it in the settlement of 2026-03-0" in late[0]["reason"]


def test_each_kind_of_difference_has_its_reason(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    month = simulate(session, sealer, partner, days=2)
    answers: list[Answer] = [Accepted(f"old{n}") for n in range(TEXTS_A_DAY)]
    old = a_day_of_texts(session, sealer, now=NOON + 40 * DAY, answers=answers)
    rows = [{**row, "state": _ours(session, row["sid"])} for row in month.rows]
    only_ours = rows.pop(0)
    rows[0] |= {"segments": 2}
    rows[1] |= {"sent_at": "2026-03-02T00:10:00+07:00"}
    rows[2] |= {"sent_at": "2026-03-09T12:00:00+07:00"}
    rows[3] |= {"state": "evaporated"}
    twice = dict(rows[4])
    rows += [
        twice,
        a_row(old.id, 1, "old1", NOON, "handset"),
        {**twice, "reference": "", "sid": "SM-nobody"},
        {**twice, "reference": "made-up-and-22-chars!!", "sid": ""},
    ]
    summary, differences = compare(session, partner, a_file(rows))
    reasons = {(one["kind"], one["reason"]) for one in differences}
    assert summary["differences"] == {
        "duplicate": 1,
        "only_ours": 1,
        "other_day": 2,
        "other_month": 1,
        "other_segments": 1,
        "unknown_id": 2,
        "unreadable": 1,
    }
    assert ("duplicate", "row 6 of the file names the same text") in reasons
    assert ("other_segments", "segments of the text as it was sent: 1") in reasons
    assert ("other_month", "handed over on 2026-04-11") in reasons
    assert ("unreadable", "its state is none that is known") in reasons
    around = "sent around midnight: handed over on 2026-03-01, sent on 2026-03-02"
    assert ("other_day", around) in reasons
    assert ("other_day", "handed over on 2026-03-01; the file says 2026-03-09") in reasons
    (missing,) = [one for one in differences if one["kind"] == "only_ours"]
    assert missing["reference"] == only_ours["reference"]


def test_texts_of_other_networks_and_texts_never_sent_are_told_apart(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    vina = a_partner(session, "vina", carriers=["vinaphone"])
    person = session.scalars(select(Subscriber).order_by(Subscriber.id)).first()
    assert person is not None
    person.carrier_guess = "vinaphone"
    session.flush()
    answers: list[Answer] = [Accepted(f"SM{n}") for n in range(1, TEXTS_A_DAY)]
    now = FIRST_OF_MONTH
    broadcast = a_day_of_texts(session, sealer, now=now, answers=[*answers, Refused("21614")])
    foreign = session.scalars(
        select(FeedEntry).where(FeedEntry.partner_id == vina.id, FeedEntry.state == "submitted")
    ).one()
    refused = a_row(broadcast.id, TEXTS_A_DAY, "", now, "failed")
    rows = [refused, {**refused, "reference": "", "sid": foreign.sid}]
    _, differences = compare(session, partner, a_file(rows))
    assert [(one["kind"], one["reason"]) for one in differences[:2]] == [
        ("only_theirs", "it was never handed over; with us it is refused"),
        ("other_carrier", "it went to another network, or to this one before it was theirs"),
    ]
    assert {one["kind"] for one in differences[2:]} == {"only_ours"}


def _ours(session: Session, sid: str) -> str:
    newest = select(FeedEntry).where(FeedEntry.sid == sid).order_by(FeedEntry.seq.desc())
    entry = session.scalars(newest).first()
    assert entry is not None
    return entry.state.value


def test_nothing_is_changed_by_it(session: Session, sealer: Sealer, partner: Partner) -> None:
    month = simulate(session, sealer, partner, days=1)
    counts = [select(func.count()).select_from(one) for one in (FeedEntry, PartnerSettlement)]
    before = [session.scalar(query) for query in counts]
    compare(session, partner, a_file(month.rows))
    assert [session.scalar(query) for query in counts] == before
    assert not session.dirty
    assert not session.new


def test_a_file_with_wrong_columns_is_one_difference(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    month = simulate(session, sealer, partner, days=1)
    summary, differences = compare(session, partner, a_file([{"sid": "SM1", "when": "today"}]))
    assert [(one["kind"], one["reason"]) for one in differences] == [
        ("wrong_columns", "no column says sent_at, state, segments")
    ]
    assert summary["ours"]["texts"] == len(month.rows)
    assert summary["theirs"]["texts"] == 0
    twice = io.BytesIO(b"sid,sent_at,state,status,segments\nSM1,2026-03-01,failed,handset,1\n")
    _, differences = compare(session, partner, twice)
    assert [one["reason"] for one in differences] == ["more than one column says state"]


def test_columns_may_be_named_in_vietnamese(
    session: Session, sealer: Sealer, partner: Partner
) -> None:
    month = simulate(session, sealer, partner, days=1)
    heading = "Đối soát tháng 3\nSTT;Mã tin nhắn;Thời gian gửi;Trạng thái;Số đoạn;Ghi chú\n"
    words = {"handset": "Thành công", "failed": "Thất bại", "submitted": "Đã tiếp nhận"}
    lines = [
        f"{n};{row['sid']};01/03/2026 12:00;{words[_ours(session, row['sid'])]};1;"
        for n, row in enumerate(month.rows)
    ]
    file = io.BytesIO((heading + "\n".join(lines)).encode("utf-8-sig"))
    summary, differences = compare(session, partner, file)
    assert differences == []
    assert summary["agreed"]["texts"] == TEXTS_A_DAY

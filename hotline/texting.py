"""Texting: caller texts go the way of deliveries: claimed, spoken, settled, looked up if lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.broadcasts.receiving import CarrierReport
from campaigns.broadcasts.stops import CARRIER
from campaigns.deliveries import DeliveryState
from campaigns.errors import SealBrokenError
from campaigns.gateway import (
    Accepted,
    Answer,
    Blocked,
    Inquiry,
    Outcome,
    OutgoingText,
    Postponed,
    Refused,
    SentText,
    Uncertain,
)
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import opt_out_owner, require_own_seal
from hotline.caller_texts import CallerText

# In callback tokens and receipts a caller text goes by this broadcast, of which there is none:
# broadcasts are numbered from 1.
BROADCAST = 0
# Whoever asked on the phone wants the text now; after this it would only puzzle them.
WORTH_SENDING_FOR = timedelta(hours=6)
# Carriers' clocks and ours differ; a text is looked for from this much before its claim.
CLOCK_SKEW = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=5)
_RANK = {Outcome.SILENT: 0, Outcome.NETWORK: 1, Outcome.HANDSET: 2, Outcome.FAILED: 2}


@dataclass(frozen=True, slots=True, repr=False)
class TextClaim:
    """Caller texts in one worker's hands; ``attempts`` tells this claim of each from any other."""

    texts: tuple[OutgoingText, ...]
    attempts: tuple[int, ...]
    lease_until: datetime

    @property
    def segments(self) -> int:
        return sum(text.segments for text in self.texts)


def claim_texts(
    session: Session, *, limit: int, lease: timedelta, sealer: Sealer, now: datetime
) -> TextClaim:
    """Reserve up to *limit* caller texts that are due, the oldest first.

    What nobody sent within six hours has expired. A text that another worker holds is passed
    over. An opt-out from broadcasts does not hold one back: its reader asked for it, on this
    call, by a key.
    """
    rows = session.scalars(
        select(CallerText)
        .where(CallerText.state == DeliveryState.PLANNED, CallerText.due_at <= now)
        .order_by(CallerText.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    texts = []
    attempts = []
    for row in rows:
        to = _number_of(session, row, sealer=sealer)
        if to is None or row.ordered_at + WORTH_SENDING_FOR <= now:
            row.state = DeliveryState.EXPIRED
            continue
        row.state = DeliveryState.CLAIMED
        row.attempts += 1
        row.claimed_at, row.lease_until = now, now + lease
        attempts.append(row.attempts)
        texts.append(
            OutgoingText(
                broadcast_id=BROADCAST,
                position=row.id,
                to=to,
                body=row.body,
                sender=row.sender,
                segments=row.segments,
                expires_at=row.ordered_at + WORTH_SENDING_FOR,
            )
        )
    session.flush()
    return TextClaim(tuple(texts), tuple(attempts), now + lease)


def settle_texts(
    session: Session, claim: TextClaim, answers: Sequence[Answer], *, now: datetime
) -> None:
    """Record one answer for each text of *claim*, in order.

    Only what this very claim still holds is touched: a receipt may have been faster, and after
    the lease another may look the text up. Whoever told the carrier to stop is opted out.
    """
    held = _locked(session, [text.position for text in claim.texts])
    for text, attempt, answer in zip(claim.texts, claim.attempts, answers, strict=True):
        row = held.get(text.position)
        if row is None or row.state is not DeliveryState.CLAIMED or row.attempts != attempt:
            continue
        _settle(session, row, answer, now=now)
    session.flush()


def release_expired_texts(session: Session, *, now: datetime) -> int:
    """Turn what dead workers left claimed into *unknown*; return how many texts."""
    rows = session.scalars(
        select(CallerText)
        .where(CallerText.state == DeliveryState.CLAIMED, CallerText.lease_until < now)
        .order_by(CallerText.id)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state, row.reason = DeliveryState.UNKNOWN, "worker_lost"
    session.flush()
    return len(rows)


@dataclass(frozen=True, slots=True, repr=False)
class LostCallerText:
    """A text of unknown fate, by the attempt that lost it, with what to ask the carrier."""

    text_id: int
    attempts: int
    inquiry: Inquiry


def find_lost_texts(
    session: Session, *, sealer: Sealer, limit: int, now: datetime
) -> list[LostCallerText]:
    """Return texts of unknown fate whose lease is over."""
    rows = session.scalars(
        select(CallerText)
        .where(
            CallerText.state == DeliveryState.UNKNOWN,
            CallerText.lease_until < now,
            CallerText.sealed.is_not(None),
        )
        .order_by(CallerText.id)
        .limit(limit)
    )
    return [
        LostCallerText(row.id, row.attempts, Inquiry(to, (row.claimed_at or now) - CLOCK_SKEW))
        for row in rows
        if (to := _number_of(session, row, sealer=sealer)) is not None
    ]


def resolve_text(
    session: Session, lost: LostCallerText, sent: Sequence[SentText], *, now: datetime
) -> DeliveryState | None:
    """Settle a lost text by the carrier's complete list: accepted there, or owed again.

    None when a receipt or another look-up has settled it meanwhile.
    """
    row = _locked(session, [lost.text_id]).get(lost.text_id)
    if row is None or row.state is not DeliveryState.UNKNOWN or row.attempts != lost.attempts:
        return None
    taken = set(
        session.scalars(
            select(CallerText.sid).where(
                CallerText.fingerprint == row.fingerprint, CallerText.sid != ""
            )
        )
    )
    ours = next((one for one in sent if one.body == row.body and one.sid not in taken), None)
    if ours is None:
        _owe_again(row, timedelta(), now=now)
    else:
        row.state, row.sid, row.reason = DeliveryState.ACCEPTED, ours.sid, ""
        row.outcome = ours.outcome
    session.flush()
    return row.state


def hear_of_text(session: Session, report: CarrierReport, *, now: datetime) -> bool:
    """Move a text by what the carrier reports of it; False for one that is not ours.

    A report proves that the carrier has the text. A final outcome never changes. Whoever told
    the carrier to stop is opted out.
    """
    row = _locked(session, [report.position]).get(report.position)
    if row is None or (row.sid and row.sid != report.sid):
        return False
    if row.state is not DeliveryState.ACCEPTED:
        row.sid, row.state, row.reason = report.sid, DeliveryState.ACCEPTED, ""
    if not row.outcome.is_final and _RANK[report.outcome] > _RANK[row.outcome]:
        row.outcome = report.outcome
        row.reason = report.code if report.outcome is Outcome.FAILED else ""
        if report.is_stop:
            opt_out_owner(session, row.fingerprint, source=CARRIER, now=now)
    session.flush()
    return True


def _number_of(session: Session, row: CallerText, *, sealer: Sealer) -> str | None:
    """Return who is owed the text; None after an erasure, and of a damaged row.

    One damaged row must not keep everybody else's text back. Raises SealBrokenError when it is
    the key that is wrong, for then nobody may be passed over.
    """
    try:
        return sealer.unseal(row.sealed) if row.sealed else None
    except SealBrokenError:
        require_own_seal(session, sealer=sealer)
        return None


def _settle(session: Session, row: CallerText, answer: Answer, *, now: datetime) -> None:
    match answer:
        case Accepted(sid):
            row.state, row.sid = DeliveryState.ACCEPTED, sid
        case Refused(code=code, is_stop=is_stop):
            row.state, row.reason = DeliveryState.REFUSED, code
            if is_stop:
                opt_out_owner(session, row.fingerprint, source=CARRIER, now=now)
        case Postponed(wait=wait):
            _owe_again(row, max(wait, FIRST_WAIT * 2**row.attempts), now=now)
        case Blocked():
            _owe_again(row, FIRST_WAIT * 2**row.attempts, now=now)
        case Uncertain():
            row.state, row.reason = DeliveryState.UNKNOWN, "no_answer"


def _owe_again(row: CallerText, wait: timedelta, *, now: datetime) -> None:
    row.state, row.reason, row.due_at = DeliveryState.PLANNED, "", now + wait


def _locked(session: Session, ids: Sequence[int]) -> dict[int, CallerText]:
    rows = session.scalars(
        select(CallerText).where(CallerText.id.in_(ids)).order_by(CallerText.id).with_for_update()
    )
    return {row.id: row for row in rows}

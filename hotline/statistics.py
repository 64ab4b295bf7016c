"""Statistics: how the hotline is used, in counts alone; no number and no person is in them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaigns.broadcasts.controls import get_broadcast
from campaigns.deliveries import Delivery, DeliveryState
from campaigns.local_time import local_iso
from campaigns.subscribers.models import Subscriber
from hotline.call_records import Call, CallState, CallTransfer, Turn
from hotline.inbound_texts import InboundText
from hotline.tickets import Ticket

# A group of fewer calls could be one household: it is shown as fewer than this, never counted.
SMALLEST_GROUP = 5
# Whoever rings within this much of a broadcast's launch is taken to ring because of it.
BROADCAST_ECHO = timedelta(hours=48)
USUAL_STRETCH = timedelta(days=7)
_UTC_OFFSET_H = 7


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long something took, such as the wait for the first answer; None where nothing did."""

    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Transfers:
    """Desks that were rung, how many of those times somebody took the call, and for how long."""

    rung: int
    answered: int
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """Calls that began from *since* until before *until*, and texts that came in meanwhile."""

    since: datetime
    until: datetime
    calls: int
    by_state: Mapping[str, int]
    unanswered: int
    to_first_answer: Seconds
    by_topic: Mapping[str, int]
    by_language: Mapping[str, int]
    by_area: Mapping[str, int]
    by_hour: Mapping[str, int]
    answers: Mapping[str, int]
    drop_points: Mapping[str, int]
    transfers: Transfers
    tickets: Mapping[str, int]
    texts: Mapping[str, int]

    def document(self) -> dict[str, object]:
        """Return the counts as plain data; communes with few calls are shown as 0."""
        counts = ("by_state", "by_topic", "by_language", "by_area", "by_hour")
        return {
            "from": local_iso(self.since),
            "to": local_iso(self.until),
            "calls": self.calls,
            "unanswered": self.unanswered,
            "seconds_to_first_answer": asdict(self.to_first_answer),
            "transfers": asdict(self.transfers),
            "smallest_group_shown": SMALLEST_GROUP,
            **{
                name: dict(getattr(self, name))
                for name in (*counts, "answers", "drop_points", "tickets", "texts")
            },
            "series": [{"hour": hour, "calls": calls} for hour, calls in self.by_hour.items()],
        }


def count_calls(session: Session, *, since: datetime, until: datetime) -> CallStatistics:
    """Count the calls of a stretch of time, and its texts; hours are the province's own."""
    within = (Call.started_at >= since) & (Call.started_at < until)
    calls = session.scalar(select(func.count()).select_from(Call).where(within)) or 0
    return CallStatistics(
        since=since,
        until=until,
        calls=calls,
        by_state=_count(session, Call.state, within),
        unanswered=calls - _count_helped(session, within),
        to_first_answer=_first_answers(session, within),
        by_topic=_count_calls_by(session, Turn.topic, within),
        by_language=_count_languages(session, within),
        by_area=_hide_small(_count_calls_by(session, Turn.area_code, within)),
        by_hour=_count_hours(session, within),
        answers=_count_turns_by(session, Turn.answer, within),
        drop_points=_drop_points(session, within),
        transfers=_count_transfers(session, within),
        tickets=_count_tickets(session, within),
        texts=_count_texts(session, since=since, until=until),
    )


def echo_of(session: Session, broadcast_id: int) -> float | None:
    """Return calls per 1,000 texts of a broadcast, by people whom it reached, within 48 hours.

    None where nothing was accepted by a carrier. Raises UnknownBroadcastError.
    """
    broadcast = get_broadcast(session, broadcast_id)
    accepted = (Delivery.broadcast_id == broadcast_id) & (Delivery.state == DeliveryState.ACCEPTED)
    texts = session.scalar(select(func.count()).select_from(Delivery).where(accepted)) or 0
    if not texts:
        return None
    calls = session.scalar(
        select(func.count(Call.id))
        .join(Subscriber, Subscriber.fingerprint == Call.fingerprint)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(
            accepted,
            Call.started_at >= broadcast.launched_at,
            Call.started_at < broadcast.launched_at + BROADCAST_ECHO,
        )
    )
    return (calls or 0) * 1000 / texts


def _count(
    session: Session, column: InstrumentedAttribute[CallState], within: ColumnElement[bool]
) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).where(within).group_by(column))
    return {state.value: count for state, count in rows}


def _count_helped(session: Session, within: ColumnElement[bool]) -> int:
    """Count the calls that heard an answer, that somebody took, or that left something to work."""
    helped = (
        select(Turn.call_id).where(Turn.answer != "", Turn.call_id == Call.id),
        select(CallTransfer.id).where(CallTransfer.was_answered, CallTransfer.call_id == Call.id),
        select(Ticket.id).where(Ticket.call_id == Call.id),
    )
    either = or_(*(exists(one) for one in helped))
    return session.scalar(select(func.count()).select_from(Call).where(within, either)) or 0


def _count_calls_by(
    session: Session, column: InstrumentedAttribute[str], within: ColumnElement[bool]
) -> dict[str, int]:
    """Count the calls in which *column* had each value at least once."""
    return _counted(
        session,
        select(column, func.count(Turn.call_id.distinct()))
        .join(Call, Call.id == Turn.call_id)
        .where(within, column != "")
        .group_by(column),
    )


def _count_languages(session: Session, within: ColumnElement[bool]) -> dict[str, int]:
    """Count the calls by the language they ended in: every call begins in Vietnamese."""
    return _counted(session, _by_last_turn(Turn.language, within))


def _by_last_turn(
    column: InstrumentedAttribute[str], within: ColumnElement[bool]
) -> Select[str, int]:
    """Count calls by what *column* holds in the last turn of each."""
    last = (
        select(Turn.call_id, func.max(Turn.number).label("number"))
        .join(Call, Call.id == Turn.call_id)
        .where(within)
        .group_by(Turn.call_id)
        .subquery()
    )
    return (
        select(column, func.count())
        .join(last, (last.c.call_id == Turn.call_id) & (last.c.number == Turn.number))
        .group_by(column)
    )


def _count_turns_by(
    session: Session, column: InstrumentedAttribute[str], within: ColumnElement[bool]
) -> dict[str, int]:
    return _counted(
        session,
        select(column, func.count())
        .join(Call, Call.id == Turn.call_id)
        .where(within, column != "")
        .group_by(column),
    )


def _count_hours(session: Session, within: ColumnElement[bool]) -> dict[str, int]:
    if session.get_bind().dialect.name == "postgresql":
        hour = func.to_char(
            func.timezone("Asia/Ho_Chi_Minh", Call.started_at), text("'YYYY-MM-DD HH24:00'")
        )
    else:
        hour = func.strftime(
            text("'%Y-%m-%d %H:00'"), Call.started_at, text(f"'+{_UTC_OFFSET_H} hours'")
        )
    counted = select(hour.label("hour"), func.count()).where(within).group_by("hour")
    return dict(sorted(_counted(session, counted).items()))


def _drop_points(session: Session, within: ColumnElement[bool]) -> dict[str, int]:
    return _counted(session, _by_last_turn(Turn.node, within & (Call.state == CallState.DROPPED)))


def _count_tickets(session: Session, within: ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(
        select(Ticket.kind, func.count())
        .join(Call, Call.id == Ticket.call_id)
        .where(within)
        .group_by(Ticket.kind)
    )
    return {kind.value: count for kind, count in rows}


def _count_texts(session: Session, *, since: datetime, until: datetime) -> dict[str, int]:
    """Count what people texted to us, by what it was taken for."""
    rows = session.execute(
        select(InboundText.meaning, func.count())
        .where(InboundText.received_at >= since, InboundText.received_at < until)
        .group_by(InboundText.meaning)
        .order_by(func.count().desc(), InboundText.meaning)
    )
    return {meaning.value: count for meaning, count in rows}


def _first_answers(session: Session, within: ColumnElement[bool]) -> Seconds:
    rows = session.execute(
        select(Call.started_at, func.min(Turn.at, type_=Turn.at.type))
        .join(Turn, Turn.call_id == Call.id)
        .where(within, Turn.answer != "")
        .group_by(Call.id, Call.started_at)
    )
    return _seconds((first - began).total_seconds() for began, first in rows)


def _count_transfers(session: Session, within: ColumnElement[bool]) -> Transfers:
    rung = session.execute(
        select(CallTransfer.was_answered, CallTransfer.seconds)
        .join(Call, Call.id == CallTransfer.call_id)
        .where(within)
    ).all()
    talked = [seconds for was_answered, seconds in rung if was_answered]
    return Transfers(len(rung), len(talked), _seconds(talked))


def _seconds(took: Iterable[float]) -> Seconds:
    ordered = sorted(took)
    if not ordered:
        return Seconds(None, None)
    return Seconds(ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10])


def _counted(session: Session, statement: Select[str, int]) -> dict[str, int]:
    """Return the counts, the most frequent first."""
    rows = [(name, count) for name, count in session.execute(statement)]
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


def _hide_small(counts: Mapping[str, int]) -> dict[str, int]:
    """Show groups that are too small to be shown as 0: somebody calls from there."""
    return {name: count if count >= SMALLEST_GROUP else 0 for name, count in counts.items()}

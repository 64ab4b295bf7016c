"""Replies: what is owed to somebody who wrote, so seldom that no two machines can talk for long."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.caller_texts import CallerText, order_reply
from hotline.inbound.correspondents import Correspondent
from hotline.inbound.words import inbound_words, squeeze
from hotline.inbound_texts import InboundText

A_DAY = timedelta(days=1)
AN_HOUR = timedelta(hours=1)
MOST_AN_HOUR = 4
MOST_A_DAY = 10
# Who asks the same a third time has either read the answer or is a machine.
MOST_OF_THE_SAME = 2
# Who changes their mind this often in a day is a machine, too; what they say holds all the same.
MOST_CONFIRMATIONS = 4
CONFIRMS = "confirm."


def confirm(session: Session, to: Correspondent, name: str, *, now: datetime, **slots: str) -> bool:
    """Owe one confirmation of what has just changed; return False where there were too many."""
    today = _replies(session, to, since=now - A_DAY, confirming=True)
    if today >= MOST_CONFIRMATIONS or not to.may_be_answered:
        return False
    _owe(session, to, write_reply(name, to.language, **slots), f"{CONFIRMS}{name}", now=now)
    return True


def answer(
    session: Session, to: Correspondent, body: str, *, subject: str, asked: str, now: datetime
) -> bool:
    """Owe an answer to what was *asked*; return False for whoever has had enough of them."""
    if (
        not to.may_be_answered
        or _replies(session, to, since=now - AN_HOUR) >= MOST_AN_HOUR
        or _replies(session, to, since=now - A_DAY) >= MOST_A_DAY
        or _times_asked(session, to, asked, since=now - A_DAY) > MOST_OF_THE_SAME
    ):
        return False
    _owe(session, to, body, subject, now=now)
    return True


def write_reply(name: str, language: str, **slots: str) -> str:
    """Return one of the fixed replies in *language*, in Vietnamese where none is written."""
    return inbound_words().replies[name].in_language(language).format(**slots)


def is_echo(session: Session, fingerprint: bytes, words: str, *, now: datetime) -> bool:
    """Whether *words* are a text of ours of the last day, as a machine that repeats sends it."""
    said = squeeze(words)
    bodies = session.scalars(
        select(CallerText.body).where(
            CallerText.fingerprint == fingerprint, CallerText.ordered_at > now - A_DAY
        )
    )
    return bool(said) and any(squeeze(body) == said for body in bodies)


def _owe(session: Session, to: Correspondent, body: str, subject: str, *, now: datetime) -> None:
    order_reply(
        session,
        body,
        subject=subject,
        fingerprint=to.fingerprint,
        sealed=to.sealed,
        sender=to.sender,
        now=now,
    )


def _replies(
    session: Session, to: Correspondent, *, since: datetime, confirming: bool = False
) -> int:
    """Count the answers to this number, or the confirmations."""
    confirms = CallerText.subject.startswith(CONFIRMS, autoescape=True)
    found = select(func.count()).where(
        CallerText.fingerprint == to.fingerprint,
        CallerText.call_id.is_(None),
        CallerText.ordered_at > since,
        confirms if confirming else ~confirms,
    )
    return session.scalar(found) or 0


def _times_asked(session: Session, to: Correspondent, asked: str, *, since: datetime) -> int:
    """Count how often the same was asked, this time included."""
    found = select(func.count()).where(
        InboundText.fingerprint == to.fingerprint,
        InboundText.asked == asked,
        InboundText.received_at > since,
    )
    return session.scalar(found) or 0

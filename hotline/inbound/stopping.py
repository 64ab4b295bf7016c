"""Stopping: STOP, START and a missed call to the number for it; one confirmation of each change."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from campaigns.subscribers.consent import (
    hold_owner,
    opt_in_subscriber,
    opt_out_once,
    stopped_topics,
)
from campaigns.subscribers.topics import EVERYTHING, TOPIC_NAMES, Topic
from hotline.inbound.correspondents import find_correspondent
from hotline.inbound.replies import confirm
from hotline.inbound.wishes import Wish

TEXT = "inbound text"
MISSED_CALL = "missed call"


def stop(wish: Wish) -> bool:
    """Opt the writer out, of everything or of one topic; return whether a reply is owed."""
    topic = wish.understood.topic
    changed = opt_out_once(
        wish.session,
        wish.to.fingerprint,
        source=TEXT,
        topic=topic,
        evidence=wish.evidence,
        now=wish.now,
    )
    if not changed:
        return False
    if topic == EVERYTHING:
        return wish.confirm("stopped", hotline=wish.desk.hotline)
    names = TOPIC_NAMES[Topic(topic)]
    named = names.get(wish.language, names["vi"])
    return wish.confirm("stopped_topic", topic=named, hotline=wish.desk.hotline)


def start(wish: Wish) -> bool:
    """Let the writer be texted again; return whether a reply is owed.

    Whoever is on no list cannot be, and is told where to register.
    """
    owner = hold_owner(wish.session, wish.to.fingerprint, now=wish.now)
    had_stopped = owner.opted_out_at is not None or owner.erased_at is not None
    if had_stopped or stopped_topics(wish.session, owner):
        opt_in_subscriber(wish.session, owner, source=TEXT, evidence=wish.evidence, now=wish.now)
        if owner.sealed is not None:
            return wish.confirm("started", hotline=wish.desk.hotline)
    if owner.sealed is not None:
        return False
    body = wish.write("unknown_number", hotline=wish.desk.hotline)
    return wish.reply(body, subject="unknown_number")


def stop_by_call(
    session: Session, number: str, *, call_sid: str, hotline: str, sealer: Sealer, now: datetime
) -> bool:
    """Opt out whoever rang the number for that; return whether a confirmation is owed."""
    to = find_correspondent(session, number, sealer=sealer)
    changed = opt_out_once(
        session,
        to.fingerprint,
        source=MISSED_CALL,
        topic=EVERYTHING,
        evidence=sealer.evidence("call", call_sid),
        now=now,
    )
    return changed and confirm(session, to, "stopped", hotline=hotline, now=now)

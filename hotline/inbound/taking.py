"""Taking texts in: each once, by the carrier's name for it, with what it asks for done at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.bulk import insert_new
from campaigns.sealing import Sealer
from hotline.inbound.answering import answer_level, answer_topic
from hotline.inbound.correspondents import find_correspondent
from hotline.inbound.inbox import keep_for_people
from hotline.inbound.replies import is_echo
from hotline.inbound.stopping import start, stop
from hotline.inbound.understanding import Understood, understand
from hotline.inbound.wishes import Desk, Wish
from hotline.inbound.words import squeeze
from hotline.inbound_texts import InboundText, Meaning

LONGEST_WORDS = 1600


@dataclass(frozen=True, slots=True, repr=False)
class Incoming:
    """A text as a carrier hands it over.

    ``number`` is who wrote, in E.164; None for a short code or a name. ``to`` is what they wrote
    to. ``was_answered`` is what the carrier took it for, where it has answered by itself.
    """

    sid: str
    number: str | None
    to: str
    words: str
    was_answered: Meaning | None = None


def take_in_text(session: Session, incoming: Incoming, *, desk: Desk, now: datetime) -> bool:
    """Keep *incoming* and do what it asks for; return whether a reply is owed.

    The same text handed over again changes nothing, and is not answered again. Nobody answers a
    short code or a name, or a text of our own come back: those are machines.
    """
    understood = _understand(session, incoming, sealer=desk.sealer, now=now)
    asked = desk.sealer.evidence("asked", squeeze(incoming.words))
    row_id = _keep(session, incoming, understood, asked=asked, sealer=desk.sealer, now=now)
    if row_id is None or incoming.number is None or understood.meaning is Meaning.ECHO:
        return False
    to = find_correspondent(
        session,
        incoming.number,
        sealer=desk.sealer,
        sender=incoming.to,
        wrote_in=understood.language,
    )
    wish = Wish(
        session=session,
        row_id=row_id,
        sid=incoming.sid,
        words=incoming.words,
        asked=asked,
        understood=understood,
        to=to,
        desk=desk,
        now=now,
    )
    return _DEEDS[understood.meaning](wish.unanswered() if incoming.was_answered else wish)


def _help(wish: Wish) -> bool:
    return wish.reply(wish.write("help", hotline=wish.desk.hotline), subject="help")


_DEEDS: Mapping[Meaning, Callable[[Wish], bool]] = {
    Meaning.STOP: stop,
    Meaning.START: start,
    Meaning.HELP: _help,
    Meaning.ANSWER: answer_topic,
    Meaning.LEVEL: answer_level,
    Meaning.OTHER: keep_for_people,
}


def _understand(
    session: Session, incoming: Incoming, *, sealer: Sealer, now: datetime
) -> Understood:
    if incoming.number is None:
        return Understood(Meaning.MACHINE)
    if incoming.was_answered is not None:
        return Understood(incoming.was_answered)
    understood = understand(incoming.words)
    if understood.meaning is Meaning.STOP:
        return understood
    fingerprint = sealer.fingerprint(incoming.number)
    if is_echo(session, fingerprint, incoming.words, now=now):
        return Understood(Meaning.ECHO)
    return understood


def _keep(
    session: Session,
    incoming: Incoming,
    understood: Understood,
    *,
    asked: str,
    sealer: Sealer,
    now: datetime,
) -> int | None:
    """Keep the row and return its number; None where it was taken in before."""
    number = incoming.number
    return session.scalar(
        insert_new(session, InboundText)
        .values(
            sid=incoming.sid,
            fingerprint=sealer.fingerprint(number) if number else None,
            words=sealer.seal_bytes(incoming.words.encode()),
            asked=asked,
            meaning=understood.meaning,
            received_at=now,
        )
        .returning(InboundText.id)
    )

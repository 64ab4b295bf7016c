"""Correspondents: who wrote to us or rang, and how they can be answered."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.phones import is_mobile
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from hotline.callers import Caller

_USUAL = "vi"
# A word of these was hardly chosen for want of another, as STOP is by everybody.
_TELLING = ("zh", "tyz", "ium")


@dataclass(frozen=True, slots=True, repr=False)
class Correspondent:
    """Somebody with a number, in the language and commune that are known of them.

    ``sender`` is the number of ours that they wrote to. Only a Vietnamese mobile may be answered:
    abroad somebody might earn by our answers.
    """

    fingerprint: bytes
    sealed: bytes
    language: str
    area_code: str
    sender: str
    may_be_answered: bool


def find_correspondent(
    session: Session, number: str, *, sealer: Sealer, sender: str = "", wrote_in: str = ""
) -> Correspondent:
    """Return whoever has the E.164 *number*, as lists and earlier calls know them.

    What somebody chose on the phone comes before what a list says, and that before the language
    they *wrote_in*.
    """
    fingerprint = sealer.fingerprint(number)
    chosen = session.get(Caller, fingerprint)
    listed = session.execute(
        select(Subscriber.language, Subscriber.area_code).where(
            Subscriber.fingerprint == fingerprint, Subscriber.sealed.is_not(None)
        )
    ).first()
    known = chosen.language if chosen else listed.language if listed else ""
    guessed = wrote_in if wrote_in in _TELLING else _USUAL
    return Correspondent(
        fingerprint=fingerprint,
        sealed=sealer.seal(number),
        language=known or guessed,
        area_code=(chosen.area_code if chosen else "") or (listed.area_code if listed else ""),
        sender=sender,
        may_be_answered=is_mobile(number),
    )

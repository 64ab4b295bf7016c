"""Erasing: one person forgotten everywhere, for the command line and the interface alike."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.errors import UnknownSubscriberError
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import erase, find_subscriber, opt_out
from campaigns.subscribers.models import Subscriber
from hotline.erasure import forget_caller


def erase_everywhere(
    session: Session, number: str, *, source: str, sealer: Sealer, now: datetime
) -> Subscriber:
    """Forget who has the E.164 *number*, on every list and on the phone.

    All that stays is that it must not be texted, also for somebody who only ever called. Raises
    UnknownSubscriberError for a number that nobody knows.
    """
    known = find_subscriber(session, number, sealer=sealer) is not None
    has_called = forget_caller(session, sealer.fingerprint(number))
    if not known and not has_called:
        raise UnknownSubscriberError("Nobody has this number. Nothing was changed.")
    if not known:
        opt_out(session, number, source=source, sealer=sealer, now=now)
    return erase(session, number, source=source, sealer=sealer, now=now)

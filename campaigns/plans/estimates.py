"""Estimates: when the last text would leave, at the lanes' rates and inside the hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.local_time import Hours

_MOST_STRETCHES = 400


@dataclass(frozen=True, slots=True)
class Stretch:
    """One uninterrupted part of a sending: from when to when, and how many texts leave in it."""

    begins_at: datetime
    ends_at: datetime
    texts: int


def estimate_sending(
    *, texts: int, segments: int, rate_per_s: float, hours: Hours, now: datetime
) -> list[Stretch]:
    """Spread *texts* with *segments* in all over the open hours from *now* on.

    *rate_per_s* is in segments a second. The list ends with the stretch in which the last text
    leaves; it is cut after 400 days of sending, which no budget survives.
    """
    stretches: list[Stretch] = []
    per_text = segments / texts if texts else 1.0
    left = texts
    moment = now
    while left and len(stretches) < _MOST_STRETCHES:
        moment = hours.next_open(moment)
        closing = hours.closing(moment)
        fits = int((closing - moment).total_seconds() * rate_per_s / per_text)
        sent = min(left, fits)
        ends_at = moment + timedelta(seconds=sent * per_text / rate_per_s)
        if sent:
            stretches.append(Stretch(moment, ends_at, sent))
        left -= sent
        moment = closing
    return stretches


def texts_before(stretches: list[Stretch], moment: datetime) -> int:
    """Return how many texts leave before *moment*, counting a cut stretch in proportion."""
    total = 0
    for stretch in stretches:
        if stretch.ends_at <= moment:
            total += stretch.texts
        elif stretch.begins_at < moment:
            length = (stretch.ends_at - stretch.begins_at).total_seconds()
            total += int(stretch.texts * (moment - stretch.begins_at).total_seconds() / length)
    return total

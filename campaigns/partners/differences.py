"""Differences: what two accounts of one month disagree about, each with its reason in words."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from campaigns.local_time import ZONE
from campaigns.partners.models import FeedState

COLUMNS = (
    *("kind", "row", "reference", "sid", "day", "ours_state", "theirs_state"),
    *("ours_segments", "theirs_segments", "reason"),
)


class Kind(StrEnum):
    """What sort of difference it is."""

    WRONG_COLUMNS = "wrong_columns"
    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    UNKNOWN_ID = "unknown_id"
    OTHER_MONTH = "other_month"
    OTHER_CARRIER = "other_carrier"
    OTHER_STATE = "other_state"
    OTHER_SEGMENTS = "other_segments"
    OTHER_DAY = "other_day"


_FINAL = (FeedState.HANDSET, FeedState.FAILED)
_HEARD = {
    FeedState.SUBMITTED: "lost receipt: the gateway took it, and we never heard of it again",
    FeedState.UNKNOWN: "lost receipt: we could not find out whether the gateway took it",
    FeedState.NETWORK: "lost receipt: we heard that the network has it, and nothing after that",
}
_OWN = {
    FeedState.UNKNOWN: "whether it was taken over is not known here, and the file has it not",
    FeedState.SUBMITTED: "the gateway took it and no receipt came; the file has it not",
}


def why_other_state(
    ours: FeedState, theirs: FeedState, *, heard_at: datetime, corrected_on: date | None
) -> str:
    """Say why one text stands differently on both sides.

    We heard of ours at *heard_at*; *corrected_on* is the day whose settlement corrects the text's
    own, where a receipt came too late for that.
    """
    if ours in _FINAL and theirs in _FINAL:
        return f"both are final and contradict each other; we heard ours {_at(heard_at)}"
    if _certainty(theirs) > _certainty(ours):
        return _HEARD[ours]
    if corrected_on is not None:
        return (
            f"late receipt: we heard of it {_at(heard_at)}, after its day was settled, and "
            f"corrected it in the settlement of {corrected_on}"
        )
    return f"the file says less than the receipt that we had {_at(heard_at)}"


def why_only_ours(ours: FeedState, *, heard_at: datetime) -> str:
    """Say why a text may be missing in the file."""
    return _OWN.get(ours) or f"we heard of it {_at(heard_at)}, and the file has it not"


def why_other_day(*, ours: date, theirs: date, near_midnight: bool) -> str:
    """Say why a text is counted on another day."""
    if near_midnight and abs(ours - theirs) == timedelta(days=1):
        return f"sent around midnight: handed over on {ours}, sent on {theirs}"
    return f"handed over on {ours}; the file says {theirs}"


def _certainty(state: FeedState) -> int:
    order = (FeedState.UNKNOWN, FeedState.SUBMITTED, FeedState.NETWORK)
    return order.index(state) if state in order else len(order)


def _at(moment: datetime) -> str:
    return f"at {moment.astimezone(ZONE):%H:%M on %d/%m/%Y}"


def is_near_midnight(moment: datetime) -> bool:
    """Whether a clock that is half an hour off would see *moment* on another day."""
    local = moment.astimezone(ZONE).time()
    return local >= time(23, 30) or local < time(0, 30)

"""Opening: where a new call begins, by what is known of the caller."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.call_records import Call, CallState, Turn
from hotline.callers import find_preferences
from hotline.calls.places.resuming import BEFORE
from hotline.calls.talks import Talk
from hotline.calls.visits import RESUME, Visit
from hotline.library import Library
from hotline.steps import HangUp, Reply

# A call that broke off may be taken up again for this long (the caller rang back at once).
RESUMABLE = timedelta(minutes=10)
# No call is older than this when it breaks off; looking no further back keeps the lookup small.
_LONGEST_CALL = timedelta(hours=2)
DEFAULT_LANGUAGE = "vi"

_LAST = (
    select(Turn.visit, Turn.reply, Turn.at, Call.state)
    .join(Call, Call.id == Turn.call_id)
    .where(Call.fingerprint == bindparam("fingerprint"), Call.started_at >= bindparam("since"))
    .order_by(Call.id.desc(), Turn.number.desc())
    .limit(1)
)


def open_talk(
    session: Session,
    library: Library,
    call_id: int,
    fingerprint: bytes | None,
    sealed: bytes | None,
    *,
    sealer: Sealer,
    now: datetime,
) -> Talk:
    language, area_code = find_preferences(session, fingerprint) if fingerprint else ("", "")
    visit = Visit(
        library.script.start,
        language or DEFAULT_LANGUAGE,
        area_code=area_code,
        notes={"known": "yes"} if language else {},
    )
    before = _broken_off(session, fingerprint, now=now) if fingerprint else None
    if before is not None:
        visit = Visit(RESUME, before.language, area_code=area_code)
        visit.notes[BEFORE] = before.to_json()
    return Talk(
        session=session,
        library=library,
        visit=visit,
        call_id=call_id,
        fingerprint=fingerprint,
        sealed=sealed,
        sealer=sealer,
        now=now,
    )


def _broken_off(session: Session, fingerprint: bytes, *, now: datetime) -> Visit | None:
    """Return where this caller's last call was when it broke off, if that was just now."""
    since = now - _LONGEST_CALL
    last = session.execute(_LAST, {"fingerprint": fingerprint, "since": since}).first()
    if last is None or last.at < now - RESUMABLE or last.state is CallState.CLOSED:
        return None
    visit = Visit.from_json(last.visit)
    if isinstance(Reply.from_json(last.reply).ending, HangUp) or not visit.path:
        return None
    return visit

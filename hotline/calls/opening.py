"""Opening: where a new call begins, by what is known of the caller."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.call_records import CallState
from hotline.calls.keeping import Opening
from hotline.calls.places.resuming import BEFORE
from hotline.calls.talks import Talk
from hotline.calls.visits import RESUME, Visit
from hotline.library import Library

# A call that broke off may be taken up again for this long (the caller rang back at once).
RESUMABLE = timedelta(minutes=10)
# No call is older than this when it breaks off; looking no further back keeps the lookup small.
LONGEST_CALL = timedelta(hours=2)
DEFAULT_LANGUAGE = "vi"


def open_talk(
    session: Session,
    library: Library,
    opening: Opening,
    *,
    call_id: int,
    sealer: Sealer,
    now: datetime,
) -> Talk:
    """Return the talk with which a call begins; nothing more is read for it."""
    area_code = opening.listed or opening.area_code or ""
    visit = Visit(
        library.script.start,
        opening.language or DEFAULT_LANGUAGE,
        area_code=area_code,
        notes={"known": "yes"} if opening.language else {},
    )
    before = _broken_off(opening, now=now)
    if before is not None:
        visit = Visit(RESUME, before.language, area_code=area_code, notes=visit.notes)
        visit.notes[BEFORE] = before.to_json()
    return Talk(
        session=session,
        library=library,
        visit=visit,
        call_id=call_id,
        fingerprint=opening.fingerprint,
        sealed=opening.sealed,
        sealer=sealer,
        now=now,
    )


def _broken_off(opening: Opening, *, now: datetime) -> Visit | None:
    """Return where this caller's last call was when it broke off, if that was just now.

    One that is still going on may be somebody else's: a school or an office has one number for
    many telephones.
    """
    if opening.before_at is None or opening.before_at < now - RESUMABLE:
        return None
    if opening.before_state is not CallState.DROPPED:
        return None
    visit = Visit.from_json(opening.before_visit or "{}")
    if visit.node == RESUME:
        # It broke off again before the caller had said whether to go on.
        visit = Visit.from_json(visit.notes[BEFORE])
    return visit if visit.path else None

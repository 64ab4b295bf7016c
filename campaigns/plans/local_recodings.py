"""Local recodings: what a commune has filled in is said under its new code as well."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.areas import Area, valid_on
from campaigns.plans.local_texts import LocalText, newest_texts
from campaigns.recodings import AreaRecoding


def recode_local(session: Session, new_codes: Collection[str], *, now: datetime) -> int:
    """Let what held under old codes hold under each of *new_codes* that says nothing yet.

    Only where every code that gave way to it says the same, and nobody lived under it before:
    which of three places is that of the commune made of them, its editor decides. Returns how
    many texts were taken over.
    """
    rows = session.scalars(select(AreaRecoding).where(AreaRecoding.new_code.in_(new_codes)))
    old_codes: dict[str, list[str]] = {}
    for row in rows:
        if not _was_there(session, row.new_code, row.recoded_on - timedelta(days=1)):
            old_codes.setdefault(row.new_code, []).append(row.old_code)
    before = [old for olds in old_codes.values() for old in olds]
    filled = select(LocalText.campaign_id).where(LocalText.area_code.in_(before)).distinct()
    taken = [
        successor
        for campaign_id in session.scalars(filled).all()
        for new, olds in sorted(old_codes.items())
        for successor in _successors(session, campaign_id, new, olds, now=now)
    ]
    session.add_all(taken)
    session.flush()
    return len(taken)


def _was_there(session: Session, code: str, day: date) -> bool:
    found = select(Area.code).where(Area.code == code, valid_on(day)).limit(1)
    return session.scalar(found) is not None


def _successors(
    session: Session, campaign_id: int, new: str, olds: Collection[str], *, now: datetime
) -> list[LocalText]:
    """Return the texts of *olds* that hold in *new*, each still its writer's word."""
    newest = newest_texts(session, campaign_id)
    own = newest.get(new, {})
    said = [newest.get(old, {}) for old in olds]
    return [
        LocalText(
            campaign_id=campaign_id,
            area_code=new,
            slot=slot,
            value=text.value,
            person_id=text.person_id,
            filled_at=now,
        )
        for slot, text in sorted(said[0].items())
        if slot not in own
        and all(slot in other and other[slot].value == text.value for other in said)
    ]

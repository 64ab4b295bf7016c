"""Merges: what a staged list changes among the subscribers, in one set of statements."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaigns.base import Instant

# One import merges at a time on PostgreSQL; any number would do that nobody else uses.
_IMPORT_LOCK = 0x10A_5EA1

_KNOWN = """
    CREATE TEMPORARY TABLE loa_known AS
    SELECT i.ordinal, s.id AS subscriber_id, i.area_code, s.opted_out_at IS NOT NULL AS opted_out,
        CASE WHEN s.erased_at IS NOT NULL THEN 'erased'
            WHEN s.left_at IS NOT NULL THEN 'returned'
            WHEN s.area_code <> i.area_code OR s.language <> coalesce(i.language, s.language)
                OR s.tags <> coalesce(i.tags, s.tags) OR s.carrier_guess <> i.carrier
                OR s.sealed IS NULL THEN 'changed'
            ELSE 'unchanged' END AS fate
    FROM loa_incoming i JOIN subscribers s ON s.fingerprint = i.fingerprint"""
_LEAVING = """
    CREATE TEMPORARY TABLE loa_leaving AS
    SELECT s.id AS subscriber_id, s.area_code FROM subscribers s
    WHERE s.left_at IS NULL AND s.erased_at IS NULL
        AND s.area_code IN (SELECT area_code FROM loa_incoming)
        AND NOT EXISTS (SELECT 1 FROM loa_known k WHERE k.subscriber_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM loa_mentioned m WHERE m.fingerprint = s.fingerprint)"""
_NOBODY_LEAVES = """
    CREATE TEMPORARY TABLE loa_leaving AS
    SELECT s.id AS subscriber_id, s.area_code FROM subscribers s WHERE 1 = 0"""
_INDEXES = (
    "CREATE UNIQUE INDEX loa_known_ordinal ON loa_known (ordinal)",
    "CREATE INDEX loa_known_subscriber ON loa_known (subscriber_id)",
    "CREATE INDEX loa_mentioned_fingerprint ON loa_mentioned (fingerprint)",
)
_NEW = "NOT EXISTS (SELECT 1 FROM loa_known k WHERE k.ordinal = i.ordinal)"
_COUNT = f"""
    SELECT area_code, 'entered', count(*), 0 FROM loa_incoming i WHERE {_NEW} GROUP BY area_code
    UNION ALL
    SELECT area_code, fate, count(*), count(*) FILTER (WHERE opted_out) FROM loa_known
    GROUP BY area_code, fate
    UNION ALL
    SELECT area_code, 'left', count(*), 0 FROM loa_leaving GROUP BY area_code"""  # noqa: S608 - constants only

# Rows are taken in the order in which they were staged, that of the fingerprints. A clash with a
# number that came in by another way at this very moment is met by beginning again: ON CONFLICT
# would cost as much as the insert itself.
_ENTER = f"""
    INSERT INTO subscribers (id, fingerprint, sealed, area_code, language, tags, carrier_guess,
        created_at, updated_at)
    SELECT :base + i.ordinal, i.fingerprint, i.sealed, i.area_code, coalesce(i.language, 'vi'),
        coalesce(i.tags, ''), i.carrier, :now, :now
    FROM loa_incoming i WHERE {_NEW}"""  # noqa: S608 - constants only
_ENTERED = f"""
    INSERT INTO consent_events (subscriber_id, kind, source, at, recorded_at)
    SELECT :base + i.ordinal, 'granted', coalesce(i.source, :source),
        coalesce(i.consent_at, :now), :now
    FROM loa_incoming i WHERE {_NEW}"""  # noqa: S608 - constants only
_RETURNED = """
    INSERT INTO consent_events (subscriber_id, kind, source, at, recorded_at)
    SELECT k.subscriber_id, 'granted', coalesce(i.source, :source),
        coalesce(i.consent_at, :now), :now
    FROM loa_known k JOIN loa_incoming i ON i.ordinal = k.ordinal WHERE k.fate = 'returned'"""
_UPDATE = """
    UPDATE subscribers SET area_code = i.area_code,
        language = coalesce(i.language, subscribers.language),
        tags = coalesce(i.tags, subscribers.tags), carrier_guess = i.carrier,
        sealed = coalesce(subscribers.sealed, i.sealed), left_at = NULL, updated_at = :now
    FROM loa_known k JOIN loa_incoming i ON i.ordinal = k.ordinal
    WHERE subscribers.id = k.subscriber_id AND k.fate IN ('changed', 'returned')
        AND subscribers.erased_at IS NULL"""
_LEAVE = """
    UPDATE subscribers SET left_at = :now, updated_at = :now
    WHERE id IN (SELECT subscriber_id FROM loa_leaving)"""
_LEFT = """
    INSERT INTO consent_events (subscriber_id, kind, source, at, recorded_at)
    SELECT subscriber_id, 'left', :source, :now, :now FROM loa_leaving"""


@dataclass(frozen=True, slots=True)
class Merged:
    """How many people a list lets enter, changes, and so on; ``by_area`` splits the same counts.

    ``erased`` were erased once and stay so; ``opted_out`` are on the list and stay opted out.
    """

    entered: int = 0
    changed: int = 0
    returned: int = 0
    unchanged: int = 0
    left: int = 0
    erased: int = 0
    opted_out: int = 0
    by_area: dict[str, dict[str, int]] = field(default_factory=dict)


def compare_stage(session: Session, *, complete: bool) -> Merged:
    """Hold the staged list of *session* against the subscribers; write temporary tables only."""
    for table in ("loa_known", "loa_leaving"):
        session.execute(text(f"DROP TABLE IF EXISTS {table}"))
    session.execute(text(_KNOWN))
    for index in _INDEXES if complete else _INDEXES[:1]:
        session.execute(text(index))
    session.execute(text(_LEAVING if complete else _NOBODY_LEAVES))
    totals: Counter[str] = Counter()
    by_area: dict[str, dict[str, int]] = {}
    for area_code, fate, people, opted_out in session.execute(text(_COUNT)):
        totals[fate] += people
        totals["opted_out"] += opted_out
        by_area.setdefault(area_code, {})[fate] = people
    return Merged(**totals, by_area=dict(sorted(by_area.items())))


def merge_stage(session: Session, *, complete: bool, source: str, now: datetime) -> Merged:
    """Write what the staged list of *session* says; return what that changed.

    *source* is recorded for consent of which the list does not say where it came from.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
        session.execute(text("SET LOCAL work_mem = '64MB'"))
    try:
        with session.begin_nested():
            return _write(session, complete=complete, source=source, now=now)
    except IntegrityError:
        with session.begin_nested():
            return _write(session, complete=complete, source=source, now=now)


def _write(session: Session, *, complete: bool, source: str, now: datetime) -> Merged:
    merged = compare_stage(session, complete=complete)
    given: dict[str, Any] = {"base": _first_id(session), "source": source, "now": now}
    statements = [_RETURNED, _UPDATE] if merged.returned or merged.changed else []
    statements += [_ENTER, _ENTERED] if merged.entered else []
    statements += [_LEFT, _LEAVE] if merged.left else []
    for statement in statements:
        asked = {name: value for name, value in given.items() if f":{name}" in statement}
        session.execute(text(statement).bindparams(bindparam("now", type_=Instant)), asked)
    session.expire_all()
    return merged


def _first_id(session: Session) -> int:
    """Return what the ordinals of a stage are counted from; see the stage's table."""
    if session.get_bind().dialect.name == "postgresql":
        return 0
    return int(session.execute(text("SELECT coalesce(max(id), 0) FROM subscribers")).scalar_one())

"""Reconciling: a partner's file of a month joined with ours; every difference with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from campaigns.partners.differences import (
    COLUMNS,
    Kind,
    is_near_midnight,
    why_only_ours,
    why_other_day,
    why_other_state,
)
from campaigns.partners.models import FeedState, Partner
from campaigns.partners.months import Month, SettledDays, entries_after
from campaigns.partners.references import References
from campaigns.partners.scratch import Scratch, scratch
from campaigns.partners.settlements import SETTLED
from campaigns.partners.statements import Statement, StatementRow
from campaigns.partners.strangers import Named, explain

_EXPLAINED_AT_ONCE = 500
_OURS = "SELECT state, count(*), sum(segments) FROM ours GROUP BY state"
_THEIRS = """
    SELECT state, count(*), sum(segments) FROM theirs WHERE fault = '' GROUP BY state"""
_AGREED = """
    SELECT count(*), coalesce(sum(o.segments), 0) FROM ours o JOIN theirs t
    ON t.broadcast = o.broadcast AND t.position = o.position
    WHERE t.first = t.row AND t.state = o.state AND t.segments = o.segments"""
_NOT_JOINED = """
    SELECT t.* FROM theirs t LEFT JOIN ours o
    ON o.broadcast = t.broadcast AND o.position = t.position
    WHERE o.broadcast IS NULL AND t.first = t.row ORDER BY t.row"""
_JOINED = """
    SELECT t.*, o.state AS ours_state, o.segments AS ours_segments, o.day AS ours_day, o.at, o.seq
    FROM theirs t JOIN ours o ON o.broadcast = t.broadcast AND o.position = t.position
    WHERE t.first = t.row
    AND (t.state != o.state OR t.segments != o.segments OR t.day != o.day) ORDER BY t.row"""
_ONLY_OURS = """
    SELECT o.* FROM ours o WHERE NOT EXISTS (SELECT 1 FROM theirs t
    WHERE t.broadcast = o.broadcast AND t.position = o.position)
    ORDER BY o.broadcast, o.position"""
_BAD = """
    SELECT * FROM theirs WHERE fault != '' OR first != row ORDER BY row"""
_COUNTS = "SELECT kind, count(*) FROM differences GROUP BY kind ORDER BY kind"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides of one month; valid while the block of `reconciling` lasts."""

    partner: str
    month: Month
    fault: str
    _scratch: Scratch

    def summary(self) -> dict[str, object]:
        """Return what both count, and how much of it agrees in state and in segments."""
        ours, theirs = self._side(_OURS), self._side(_THEIRS)
        agreed = self._total(_AGREED)
        return {
            "partner": self.partner,
            "month": str(self.month),
            "ours": ours,
            "theirs": theirs,
            "agreed": agreed,
            "disputed": {
                "ours": {name: ours[name] - agreed[name] for name in agreed},
                "theirs": {name: theirs[name] - agreed[name] for name in agreed},
            },
            "differences": {row[0]: row[1] for row in self._scratch.ask(_COUNTS)},
        }

    def differences(self) -> Iterator[dict[str, Any]]:
        """Yield every difference: what is wrong with rows first, then rows, then ours alone."""
        for row in self._scratch.ask("SELECT * FROM differences ORDER BY rowid"):
            yield {name: row[name] for name in COLUMNS}

    def _side(self, query: str) -> dict[str, Any]:
        found = [tuple(row) for row in self._scratch.ask(query)]
        states = {state: {"texts": texts, "segments": sum_} for state, texts, sum_ in found}
        totals = {
            name: sum(state[name] for state in states.values()) for name in ("texts", "segments")
        }
        return {**totals, "states": states}

    def _total(self, query: str) -> dict[str, int]:
        (row,) = self._scratch.ask(query)
        return {"texts": row[0], "segments": row[1]}


@contextmanager
def reconciling(
    session: Session,
    partner: Partner,
    month: Month,
    statement: Statement,
    *,
    references: References,
) -> Iterator[Reconciliation]:
    """Join *statement* with what *partner* was told of texts handed over in *month*.

    Nothing is changed by it, and memory does not grow with the file. Where the file lacks a
    column, that is the only difference.
    """
    settled = SettledDays(session, partner)
    with scratch() as both:
        for piece in entries_after(session, partner, settled.seq_before(month.begins)):
            both.fill_ours(piece)
        days = (month.begins.isoformat(), month.ends.isoformat())
        both.drop_ours(outside=days, states=tuple(state.value for state in SETTLED))
        if statement.fault:
            both.add([_difference(Kind.WRONG_COLUMNS, statement.fault)])
        else:
            both.fill_theirs(_as_kept(row, references) for row in statement.rows)
            both.join()
            _Join(session, partner, month, settled, references, both).find_all()
        yield Reconciliation(partner.name, month, statement.fault, both)


@dataclass(frozen=True, slots=True)
class _Join:
    """What is needed to put a difference into words."""

    session: Session
    partner: Partner
    month: Month
    settled: SettledDays
    references: References
    both: Scratch

    def find_all(self) -> None:
        self.both.add(self._bad())
        self.both.add(self._strangers())
        self.both.add(row for pair in self.both.ask(_JOINED) for row in self._compare(pair))
        self.both.add(map(self._only_ours, self.both.ask(_ONLY_OURS)))

    def _bad(self) -> Iterator[tuple[Any, ...]]:
        for row in self.both.ask(_BAD):
            if row["fault"]:
                yield _difference(Kind.UNREADABLE, row["fault"], theirs=row)
            else:
                why = f"row {row['first']} of the file names the same text"
                yield _difference(Kind.DUPLICATE, why, theirs=row)

    def _strangers(self) -> Iterator[tuple[Any, ...]]:
        rows = self.both.ask(_NOT_JOINED)
        while piece := list(islice(rows, _EXPLAINED_AT_ONCE)):
            named = [
                Named((row["broadcast"], row["position"]) if row["broadcast"] else None, row["sid"])
                for row in piece
            ]
            explained = explain(self.session, self.partner, self.month, named)
            for row, (kind, why) in zip(piece, explained, strict=True):
                yield _difference(kind, why, theirs=row)

    def _compare(self, pair: Any) -> Iterator[tuple[Any, ...]]:
        heard_at = datetime.fromisoformat(pair["at"])
        ours, theirs = date.fromisoformat(pair["ours_day"]), date.fromisoformat(pair["day"])
        if pair["state"] != pair["ours_state"]:
            settled_in = self.settled.day_of(pair["seq"])
            why = why_other_state(
                FeedState(pair["ours_state"]),
                FeedState(pair["state"]),
                heard_at=heard_at,
                corrected_on=settled_in if settled_in != ours else None,
            )
            yield _difference(Kind.OTHER_STATE, why, theirs=pair, ours=pair)
        if pair["segments"] != pair["ours_segments"]:
            why = f"segments of the text as it was sent: {pair['ours_segments']}"
            yield _difference(Kind.OTHER_SEGMENTS, why, theirs=pair, ours=pair)
        if theirs != ours:
            near = bool(pair["near_midnight"])
            why = why_other_day(ours=ours, theirs=theirs, near_midnight=near)
            yield _difference(Kind.OTHER_DAY, why, theirs=pair, ours=pair)

    def _only_ours(self, row: Any) -> tuple[Any, ...]:
        why = why_only_ours(FeedState(row["state"]), heard_at=datetime.fromisoformat(row["at"]))
        reference = self.references.make(row["broadcast"], row["position"])
        return (
            *(Kind.ONLY_OURS, None, reference, row["sid"], row["day"], row["state"], ""),
            *(row["segments"], None, why),
        )


def _difference(kind: Kind, why: str, *, theirs: Any = None, ours: Any = None) -> tuple[Any, ...]:
    """Return a row of the table of differences."""
    said = [theirs[name] for name in ("row", "reference", "sid", "day")] if theirs else [None] * 4
    return (
        kind.value,
        *said,
        ours["ours_state"] if ours else "",
        theirs["state"] if theirs else "",
        ours["ours_segments"] if ours else None,
        theirs["segments"] if theirs else None,
        why,
    )


def _as_kept(row: StatementRow, references: References) -> tuple[Any, ...]:
    text = references.read(row.reference) if row.reference else None
    broadcast, position = text or (None, None)
    sent_at = row.sent_at
    return (
        *(row.row, broadcast, position, row.reference, row.sid),
        sent_at.date().isoformat() if sent_at else None,
        is_near_midnight(sent_at) if sent_at else None,
        *(row.state, row.segments, row.code, row.fault),
    )

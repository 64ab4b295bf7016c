"""Posted rows: one receipt as a partner writes it, and what can be wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from campaigns.gateway import Outcome
from campaigns.phones import known_carriers

FIELDS = ("reference", "sid", "state", "code", "at", "carrier")
_LONGEST_NAME = 64
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,16}").fullmatch
# Clocks of two companies are never quite the same.
_AHEAD = timedelta(minutes=5)
# What is older is a slip, and far beyond it a moment has no place in UTC.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class RowResult(StrEnum):
    """What became of one row; ``KNOWN``: we had heard that before. The rest is why it was not."""

    TAKEN = "taken"
    KNOWN = "known"
    UNKNOWN = "unknown"
    EARLY = "early"
    MALFORMED = "malformed"
    NO_NAME = "no_name"
    BAD_STATE = "bad_state"
    BAD_CODE = "bad_code"
    BAD_TIME = "bad_time"
    BAD_CARRIER = "bad_carrier"

    @property
    def words(self) -> tuple[str, str]:
        """What it means, in Vietnamese and in English; nothing for a row that was taken."""
        return _WORDS.get(self, ("", ""))


_WORDS = {
    RowResult.UNKNOWN: (
        "Không có tin nào của quý công ty mang mã này; kiểm tra reference hoặc sid.",
        "No text of yours has this name; check reference or sid.",
    ),
    RowResult.EARLY: (
        "Tin này chưa được giao đi; gửi lại dòng này sau.",
        "This text has not been handed over yet; post the row again later.",
    ),
    RowResult.MALFORMED: (
        f"Dòng không đúng dạng; chỉ dùng các trường {', '.join(FIELDS)}, đều là chữ.",
        f"The row has not the right form; use only the fields {', '.join(FIELDS)}, all of text.",
    ),
    RowResult.NO_NAME: (
        "Thiếu tên tin; ghi reference hoặc sid.",
        "The text is not named; write reference or sid.",
    ),
    RowResult.BAD_STATE: (
        "Thiếu trạng thái; ghi state là network, handset hoặc failed, hoặc một code đã thống nhất.",
        "It does not say what became; write state as network, handset or failed, or a known code.",
    ),
    RowResult.BAD_CODE: (
        "Mã lỗi không hợp lệ; tối đa 16 chữ cái, chữ số, dấu chấm, gạch nối, gạch dưới.",
        "That is no code; at most 16 letters, digits, dots, dashes and underscores.",
    ),
    RowResult.BAD_TIME: (
        "Thời điểm không hợp lệ; ghi như 2026-03-02T12:00:00+07:00, không ở tương lai.",
        "That is no moment; write it as in 2026-03-02T12:00:00+07:00, and not in the future.",
    ),
    RowResult.BAD_CARRIER: (
        "Không có nhà mạng này; ghi như trong danh sách đã thống nhất.",
        "There is no such carrier; write it as in the list that was agreed on.",
    ),
}


@dataclass(frozen=True, slots=True)
class PostedRow:
    """One receipt that a partner has posted; without ``outcome`` its code says what became."""

    reference: str
    sid: str
    outcome: Outcome | None
    code: str
    happened_at: datetime | None
    carrier: str


def read_row(raw: object, *, now: datetime) -> PostedRow | RowResult:
    """Read one row as it was posted, or return what is wrong with it."""
    given = _as_text(raw)
    if given is None:
        return RowResult.MALFORMED
    outcome = _read_state(given["state"])
    at = _read_moment(given["at"], now=now)
    checks = (
        (bool(given["reference"] or given["sid"]), RowResult.NO_NAME),
        (bool(outcome or (given["code"] and not given["state"])), RowResult.BAD_STATE),
        (not given["code"] or _CODE(given["code"]) is not None, RowResult.BAD_CODE),
        (not given["at"] or at is not None, RowResult.BAD_TIME),
        (not given["carrier"] or given["carrier"] in known_carriers(), RowResult.BAD_CARRIER),
    )
    wrong = next((result for is_right, result in checks if not is_right), None)
    if wrong is not None:
        return wrong
    return PostedRow(given["reference"], given["sid"], outcome, given["code"], at, given["carrier"])


def _as_text(raw: object) -> dict[str, str] | None:
    if not isinstance(raw, Mapping) or not set(raw) <= set(FIELDS):
        return None
    given = {field: raw.get(field) or "" for field in FIELDS}
    if any(not isinstance(value, str) for value in given.values()):
        return None
    stripped = {field: value.strip() for field, value in given.items()}
    is_short = all(len(value) <= _LONGEST_NAME for value in stripped.values())
    return stripped if is_short and "\x00" not in "".join(stripped.values()) else None


def _read_state(written: str) -> Outcome | None:
    try:
        outcome = Outcome(written)
    except ValueError:
        return None
    return None if outcome is Outcome.SILENT else outcome


def _read_moment(written: str, *, now: datetime) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.tzinfo is None or not _EARLIEST <= moment <= now + _AHEAD:
        return None
    return moment

"""Lists as tests send them in, and imports of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from campaigns.subscribers.imports import Outcome, merge_import, stage_list
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.rows import Rejection
from campaigns.subscribers.sheets import open_sheet
from tests.builders import NOON

HEADING = "phone,area,language,tags,consent,consent_at"


def a_list(directory: Path, *lines: str, heading: str = HEADING, name: str = "list.csv") -> Path:
    path = directory / name
    path.write_text("\n".join((heading, *lines, "")), encoding="utf-8")
    return path


def a_workbook(path: Path, *rows: Sequence[object], above: int = 0) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for _ in range(above):
        sheet.append(["DANH SÁCH THUÊ BAO"])
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def import_now(
    session: Session,
    path: Path,
    *,
    sealer: Sealer,
    now: datetime = NOON,
    area_code: str | None = None,
    complete: bool = False,
    rejections: list[Rejection] | None = None,
) -> Outcome:
    """Stage and merge *path* in the test's own transaction."""
    collected = [] if rejections is None else rejections
    with open_sheet(path) as sheet:
        staged = stage_list(
            session,
            sheet,
            sealer=sealer,
            now=now,
            area_code=area_code,
            on_reject=collected.append,
        )
    return merge_import(session, staged, now=now, complete=complete)


def people(session: Session, sealer: Sealer) -> dict[str, Subscriber]:
    """Return everybody by number; who was erased has none and is left out."""
    return {
        sealer.unseal(subscriber.sealed): subscriber
        for subscriber in session.scalars(select(Subscriber))
        if subscriber.sealed is not None
    }


def reasons(rejections: list[Rejection]) -> Counter[str]:
    return Counter(rejection.reason for rejection in rejections)

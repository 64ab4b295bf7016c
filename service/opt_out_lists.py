"""Lists of opt-outs: a clerk's file, in any of the forms in which subscribers are imported."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from campaigns.subscribers.headings import PHONE, read_headings
from campaigns.subscribers.opt_outs import Listed, opt_out_listed
from campaigns.subscribers.sheets import Sheet, open_sheet
from campaigns.subscribers.topics import EVERYTHING


def opt_out_file(
    sessions: sessionmaker[Session],
    path: Path,
    *,
    source: str,
    sealer: Sealer,
    now: datetime,
    topic: str = EVERYTHING,
) -> Listed:
    """Opt out whoever is in the list at *path*; its other columns are not looked at.

    Everybody in it, or nobody. The evidence is the file itself: only its keyed digest is kept.
    Raises SubscriberFileError for a file that is no list, or has no column for the number.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with open_sheet(path) as sheet, sessions.begin() as session:
        return opt_out_listed(
            session,
            _numbers(sheet),
            source=source,
            evidence=sealer.evidence("file", digest),
            sealer=sealer,
            now=now,
            topic=topic,
        )


def _numbers(sheet: Sheet) -> Iterator[str]:
    at = read_headings(sheet.headings, name=sheet.name).at[PHONE]
    for _, cells in sheet.rows:
        yield cells[at] if at < len(cells) else ""

"""Editions: the hotline's files as they were loaded, each set kept for good; the last one runs."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import LARGEST_ID, Base, BigId
from campaigns.bulk import change, insert_new
from hotline.errors import UnknownEditionError


class Edition(Base):
    """One loaded set of files; ``files`` is a JSON object of their sources by name."""

    __tablename__ = "hotline_editions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    digest: Mapped[str]
    files: Mapped[str] = mapped_column(Text)
    author: Mapped[str]
    loaded_at: Mapped[datetime]


class LibraryRevision(Base):
    """One row that counts every change to what the hotline may say.

    A process keeps the library in memory and reads this number along with the turns it is
    asked for, so that it speaks what holds at that moment and still reads one row.
    """

    __tablename__ = "hotline_library_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]


_REVISION = select(LibraryRevision.number).where(LibraryRevision.id == 1)


def keep_edition(
    session: Session, files: Mapping[str, str], *, author: str, now: datetime
) -> Edition:
    """Keep *files* as the edition that runs from now on; the same set again stays as it is."""
    written = json.dumps(dict(sorted(files.items())), ensure_ascii=False)
    digest = hashlib.sha256(written.encode()).hexdigest()
    newest = find_edition(session)
    if newest is not None and newest.digest == digest:
        return newest
    edition = Edition(digest=digest, files=written, author=author, loaded_at=now)
    session.add(edition)
    session.flush()
    mark_changed(session)
    before = newest.digest if newest else None
    record(session, "edition.loaded", f"edition:{edition.id}", now=now, before=before, after=digest)
    return edition


def find_edition(session: Session) -> Edition | None:
    """Return the edition that runs, or None when nothing has been loaded yet."""
    return session.scalar(select(Edition).order_by(Edition.id.desc()).limit(1))


def get_edition(session: Session, number: int) -> Edition:
    """Return the edition with this *number*, or raise UnknownEditionError."""
    edition = session.get(Edition, number) if number <= LARGEST_ID else None
    if edition is None:
        raise UnknownEditionError("There is no such edition of the hotline's files.")
    return edition


def list_editions(session: Session, *, before: int | None, limit: int) -> list[Edition]:
    """Return up to *limit* editions, the newest first, older than number *before*."""
    newest = select(Edition).order_by(Edition.id.desc()).limit(limit)
    return list(session.scalars(newest if before is None else newest.where(Edition.id < before)))


def mark_changed(session: Session) -> None:
    """Count a change to what may be said; call it in the change's own transaction."""
    session.execute(insert_new(session, LibraryRevision).values(id=1, number=0))
    change(
        session,
        update(LibraryRevision)
        .where(LibraryRevision.id == 1)
        .values(number=LibraryRevision.number + 1),
    )


def library_revision(session: Session) -> int:
    """Return the count of changes so far; 0 when nothing has been loaded."""
    return session.scalar(_REVISION) or 0

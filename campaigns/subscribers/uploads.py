"""Uploads: lists handed over by programs, kept sealed until a worker has imported them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.audit import Actor, record
from campaigns.base import Base, BigId
from campaigns.bulk import change
from campaigns.errors import UnknownUploadError, UploadTakenError
from campaigns.people import Person
from campaigns.sealing import Sealer

LONGEST_NAME = 80
PART_BYTES = 1024 * 1024
# A list is deleted as soon as it is imported; its refused rows are for whoever mends them.
KEPT_FOR = timedelta(days=7)
_MOST_ATTEMPTS = 3


class UploadState(StrEnum):
    """How far an upload is; REFUSED and DONE are for good."""

    WAITING = "waiting"
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"


class Upload(Base):
    """One list, for whom it is imported and how.

    ``rows_read`` grows meanwhile. ``said`` is in the end the outcome in JSON, or why the list was
    refused. ``attempts`` counts the workers that took it: only the last one's word counts.
    """

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    source: Mapped[str] = mapped_column(String(120))
    area_code: Mapped[str | None] = mapped_column(String(16))
    is_complete: Mapped[bool]
    is_dry_run: Mapped[bool]
    uploaded_at: Mapped[datetime]
    state: Mapped[UploadState] = mapped_column(default=UploadState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    rows_read: Mapped[int] = mapped_column(default=0)
    said: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    has_rejects: Mapped[bool] = mapped_column(default=False)
    person: Mapped[Person] = relationship(lazy="joined", init=False)

    @property
    def actor(self) -> Actor:
        """In whose name the list is imported."""
        return Actor(self.person.login, self.source)


class UploadPart(Base):
    """A sealed piece of a list, or of the rows that were refused."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[int] = mapped_column(
        ForeignKey(Upload.id, ondelete="CASCADE"), primary_key=True
    )
    is_rejects: Mapped[bool] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a list is to be imported; the fields are those of the import itself."""

    name: str
    area_code: str | None = None
    is_complete: bool = False
    is_dry_run: bool = False


def keep_upload(
    session: Session,
    content: bytes,
    wish: Wish,
    *,
    person: Person,
    source: str,
    sealer: Sealer,
    now: datetime,
) -> Upload:
    """Keep *content*, sealed, to be imported by a worker in the name of *person*."""
    upload = Upload(
        name=wish.name,
        person_id=person.id,
        source=source,
        area_code=wish.area_code,
        is_complete=wish.is_complete,
        is_dry_run=wish.is_dry_run,
        uploaded_at=now,
    )
    session.add(upload)
    session.flush()
    _keep_parts(session, upload, content, is_rejects=False, sealer=sealer)
    record(session, "list.uploaded", _subject(upload), now=now, bytes=len(content))
    return upload


def get_upload(session: Session, number: int) -> Upload:
    """Return an upload, or raise UnknownUploadError."""
    upload = session.get(Upload, number)
    if upload is None:
        raise UnknownUploadError("There is no such import. Nothing was changed.")
    return upload


def list_uploads(session: Session, *, before: int | None, limit: int) -> list[Upload]:
    """Return up to *limit* uploads, the newest first, older than number *before*."""
    newest = select(Upload).order_by(Upload.id.desc()).limit(limit)
    return list(session.scalars(newest if before is None else newest.where(Upload.id < before)))


def read_parts(
    session: Session, upload: Upload, *, is_rejects: bool = False, sealer: Sealer
) -> Iterator[bytes]:
    """Yield the list, or with *is_rejects* its refused rows, piece by piece."""
    of = (UploadPart.upload_id == upload.id, UploadPart.is_rejects == is_rejects)
    numbers = session.scalars(select(UploadPart.number).where(*of).order_by(UploadPart.number))
    for number in numbers.all():
        sealed = session.scalars(select(UploadPart.sealed).where(*of, UploadPart.number == number))
        yield sealer.unseal_bytes(sealed.one())


def claim_upload(session: Session, *, lease: timedelta, now: datetime) -> Upload | None:
    """Take the next list for *lease*: one that waits, or one whose worker has gone silent.

    One that has ended several workers is refused, lest it end the next one too.
    """
    is_due = or_(
        Upload.state == UploadState.WAITING,
        (Upload.state == UploadState.IMPORTING) & (Upload.lease_until < now),
    )
    upload = session.scalar(
        select(Upload)
        .where(is_due)
        .order_by(Upload.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Upload)
    )
    if upload is None:
        return None
    upload.attempts += 1
    if upload.attempts > _MOST_ATTEMPTS:
        sentence = (
            f"The import was begun {_MOST_ATTEMPTS} times and never came to its end. Nothing was "
            "imported. Split the list, and tell whoever runs Loa."
        )
        end_upload(session, upload, UploadState.REFUSED, sentence, now=now)
        return None
    upload.state, upload.lease_until, upload.rows_read = UploadState.IMPORTING, now + lease, 0
    session.flush()
    return upload


def note_progress(session: Session, upload: Upload, *, rows: int, lease_until: datetime) -> None:
    """Keep how many *rows* are read, and go on holding the list; raise as `end_upload` does."""
    values = {"rows_read": rows, "lease_until": lease_until}
    if not change(session, update(Upload).where(*_still_held(upload)).values(values)):
        raise _taken()


def end_upload(
    session: Session,
    upload: Upload,
    state: UploadState,
    said: str,
    *,
    rows: int = 0,
    now: datetime,
) -> None:
    """Say how it ended, and delete the list.

    Raises UploadTakenError when another worker has the list by now: then nothing of this one's
    work may be kept.
    """
    values = {"state": state, "said": said, "rows_read": rows, "ended_at": now}
    session.flush()
    if not change(session, update(Upload).where(*_still_held(upload)).values(values)):
        raise _taken()
    session.execute(
        delete(UploadPart).where(UploadPart.upload_id == upload.id, ~UploadPart.is_rejects)
    )


def keep_rejects(session: Session, upload: Upload, content: bytes, *, sealer: Sealer) -> None:
    """Keep the refused rows of *upload*, sealed, to be fetched and mended."""
    change(session, update(Upload).where(Upload.id == upload.id).values(has_rejects=True))
    _keep_parts(session, upload, content, is_rejects=True, sealer=sealer)


def forget_uploads(session: Session, *, now: datetime) -> None:
    """Delete uploads and their refused rows after their time."""
    session.execute(
        delete(Upload).where(Upload.ended_at < now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )


def _keep_parts(
    session: Session, upload: Upload, content: bytes, *, is_rejects: bool, sealer: Sealer
) -> None:
    for number, begin in enumerate(range(0, len(content), PART_BYTES)):
        sealed = sealer.seal_bytes(content[begin : begin + PART_BYTES])
        session.add(
            UploadPart(upload_id=upload.id, is_rejects=is_rejects, number=number, sealed=sealed)
        )
        session.flush()


def _still_held(upload: Upload) -> tuple[ColumnElement[bool], ...]:
    return (
        Upload.id == upload.id,
        Upload.attempts == upload.attempts,
        Upload.state.in_([UploadState.WAITING, UploadState.IMPORTING]),
    )


def _taken() -> UploadTakenError:
    return UploadTakenError("Another worker imports this list. Nothing was changed.")


def _subject(upload: Upload) -> str:
    return f"import:{upload.id}"

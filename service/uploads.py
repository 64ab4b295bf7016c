"""Uploads: lists that programs handed over, put on the disk for as long as they are read."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError, UploadTakenError
from campaigns.subscribers.imports import Outcome
from campaigns.subscribers.rejects import RejectsFile
from campaigns.subscribers.sheets import Row, Sheet
from campaigns.subscribers.uploads import (
    Upload,
    UploadState,
    end_upload,
    keep_rejects,
    note_progress,
    read_parts,
)
from service.database import open_sessions, reading
from service.lists import describe_outcome, import_list
from service.resources import Resources

_NOTED_EVERY_S = 1.0
_ROWS_BETWEEN_LOOKS = 2000

log = logging.getLogger(__name__)


def import_upload(resources: Resources, upload: Upload, *, lease: timedelta) -> None:
    """Import the list of *upload* in its person's name, and say there how it ended.

    Whatever its sender can mend is said there. The list lies on this machine's disk, for our own
    user only, until this ends; what a killed process leaves, `remove_forsaken` removes.
    """
    sessions = open_sessions(resources.engine, actor=upload.actor)
    try:
        with a_directory(resources.settings.data_dir) as directory:
            path = _write(resources, upload, directory)
            import_list(
                sessions,
                path,
                sealer=resources.sealer,
                now=resources.now(),
                area_code=upload.area_code,
                complete=upload.is_complete,
                dry_run=upload.is_dry_run,
                rejects=path.with_name("rejects.csv"),
                watch=partial(_watch, resources, upload, lease),
                end=partial(_end, resources, upload),
            )
    except UploadTakenError:
        log.warning("an import took too long, and another worker has begun it anew")
    except CampaignError as refused:
        with sessions.begin() as session:
            end_upload(session, upload, UploadState.REFUSED, str(refused), now=resources.now())


def _watch(
    resources: Resources, upload: Upload, lease: timedelta, _: Sheet, rows: Iterable[Row]
) -> Iterator[Row]:
    """Keep how far reading is, and the list held, once a second."""
    noted_at = time.monotonic()
    for number, row in enumerate(rows):
        is_look = number % _ROWS_BETWEEN_LOOKS == 0
        if is_look and time.monotonic() - noted_at > _NOTED_EVERY_S:
            with resources.sessions.begin() as session:
                until = resources.now() + lease
                note_progress(session, upload, rows=number, lease_until=until)
            noted_at = time.monotonic()
        yield row


def _end(
    resources: Resources, upload: Upload, session: Session, outcome: Outcome, refused: RejectsFile
) -> None:
    if outcome.rows_rejected:
        keep_rejects(session, upload, refused.content(), sealer=resources.sealer)
    said = orjson.dumps(describe_outcome(outcome)).decode()
    rows = outcome.rows_read
    end_upload(session, upload, UploadState.DONE, said, rows=rows, now=resources.now())


@contextmanager
def a_directory(data_dir: Path) -> Iterator[Path]:
    """Lend a directory for a list, for our own user only; it ends with the block.

    It is locked for as long, and a lock dies with its process: so what nobody holds is forsaken.
    """
    with ExitStack() as held:
        with _locked(_uploads(data_dir)):
            _remove_forsaken(data_dir)
            directory = Path(held.enter_context(TemporaryDirectory(dir=_uploads(data_dir))))
            held.enter_context(_locked(directory))
        yield directory


def remove_forsaken(data_dir: Path) -> None:
    """Remove every list that a killed process left on the disk."""
    with _locked(_uploads(data_dir)):
        _remove_forsaken(data_dir)


def _remove_forsaken(data_dir: Path) -> None:
    for left in _uploads(data_dir).iterdir():
        with suppress(OSError), _locked(left, waits=False):
            shutil.rmtree(left, ignore_errors=True)


def _uploads(data_dir: Path) -> Path:
    directory = data_dir / "uploads"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


@contextmanager
def _locked(directory: Path, *, waits: bool = True) -> Iterator[None]:
    """Hold *directory*; raise BlockingIOError when another holds it and we do not wait."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        yield
    finally:
        os.close(opened)


def _write(resources: Resources, upload: Upload, directory: Path) -> Path:
    # In a directory of its own, so that a list may be called as its sender likes.
    path = directory / "list" / upload.name
    path.parent.mkdir()
    with path.open("wb") as file, reading(resources.sessions) as session:
        for part in read_parts(session, upload, sealer=resources.sealer):
            file.write(part)
    return path

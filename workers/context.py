"""What a job may use, handed over once per process by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from campaigns.gateway import TextGateway
from campaigns.lanes import Lane
from campaigns.partners.push_gateway import PushGateway
from campaigns.sealing import Sealer
from campaigns.subscribers.uploads import Upload
from hotline.voice_gateway import VoiceGateway


@dataclass(frozen=True, slots=True)
class JobContext:
    """Everything a job needs; *lease* is how long a claim is honoured, *worker* names us in it.

    *reading* opens a session that only reads and so waits for no writer. *keep_file* writes
    content under a name in the data directory, *drop_file* removes it. *import_upload* imports a
    list that was claimed, *do_errand* carries out the errand of a number; each says in its row
    how it ended. *remove_forsaken* removes the lists that killed imports left on this disk.
    """

    sessions: sessionmaker[Session]
    reading: Callable[[], Session]
    redis: Redis
    gateways: Mapping[str, TextGateway]
    lanes: tuple[Lane, ...]
    sealer: Sealer
    lease: timedelta
    worker: str
    now: Callable[[], datetime]
    voices: VoiceGateway
    keep_file: Callable[[str, bytes], object]
    drop_file: Callable[[str], object]
    import_upload: Callable[[Upload], object]
    remove_forsaken: Callable[[], object]
    do_errand: Callable[[int], object]
    pushes: PushGateway


class ContextMissingError(RuntimeError):
    """A job ran in a process that no composition root had prepared."""


_context: JobContext | None = None


def provide(context: JobContext | None) -> None:
    """Make *context* what jobs of this process use; RQ imports jobs by name, so it is their way."""
    global _context  # noqa: PLW0603 - see above
    _context = context


def context() -> JobContext:
    """Return this process's context, or raise ContextMissingError."""
    if _context is None:
        raise ContextMissingError("call workers.context.provide() before working")
    return _context

"""What a process may use: opened once from the settings, closed when the process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from service.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Resources:
    """The settings, the database and the seal; *now* is the only clock a process reads."""

    settings: Settings
    sessions: sessionmaker[Session]
    sealer: Sealer

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


@contextmanager
def open_resources(settings: Settings | None = None) -> Iterator[Resources]:
    """Open the database and the seal for *settings* (default: those of the environment)."""
    settings = (settings or load_settings()).require_secrets()
    engine = open_engine(settings.database)
    try:
        yield Resources(
            settings,
            open_sessions(engine),
            Sealer(settings.seal_key.get_secret_value().encode()),
        )
    finally:
        engine.dispose()

"""The web's application on real databases, with a clock that a test may set."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.passwords import Passwords
from campaigns.sealing import Sealer
from service.settings import Settings
from service.web.app import create_app
from tests.fakes.telephones import Clock, ClockedResources

# Real hashes at a price that a test can pay.
QUICK = Passwords(memory_kib=64, rounds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    data_dir: Path,
    *,
    valkey_url: str,
    clock: Clock,
) -> Flask:
    settings = Settings.model_validate({"data_dir": data_dir, "redis_url": valkey_url})
    return create_app(ClockedResources(settings, engine, sessions, sealer, clock, passwords=QUICK))

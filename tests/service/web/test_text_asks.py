"""Text asks: a text that a caller asked for leaves at once, and no call waits for the queue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.caller_texts import CallerText
from service.queue_server import open_redis
from service.web.text_asks import TextAsker
from tests.builders import a_phone
from tests.fakes.telephones import Exchange, an_exchange, heard_on, put_library
from workers.queues import QueueName, queue


@pytest.fixture
def exchange(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Exchange:
    with sessions.begin() as session:
        put_library(session)
    return an_exchange(engine, sessions, sealer, data_dir)


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with open_redis(valkey_url) as client:
        yield client


def test_only_the_turn_that_owes_a_text_asks_for_it(exchange: Exchange) -> None:
    """The row is there when the worker looks; listening, or asking again, asks for nothing."""
    line = exchange.ringing(a_phone())
    for key in "111":
        line.press(key)
    assert exchange.text_asks == []
    line.press("5")
    assert "sms_sent" in heard_on(line)
    assert exchange.text_asks == ["asked"]
    with exchange.sessions() as session:
        assert len(session.scalars(select(CallerText)).all()) == 1
    line.hang_up()
    assert exchange.text_asks == ["asked"]


def test_a_withheld_number_is_owed_nothing(exchange: Exchange) -> None:
    line = exchange.ringing()
    for key in "1115":
        line.press(key)
    assert "sms_withheld" in heard_on(line)
    assert exchange.text_asks == []


def test_many_asks_become_one_job(redis: Redis, valkey_url: str) -> None:
    """A hundred callers at once need one worker."""
    asker = TextAsker(open_redis(valkey_url))
    for _ in range(100):
        asker.ask()
    asker.close()
    assert len(queue(QueueName.URGENT, redis)) == 1


def test_a_queue_that_is_away_is_nobodys_trouble(tmp_path: Path) -> None:
    """The timetable asks again once it is back."""
    asker = TextAsker(open_redis(f"unix://{tmp_path}/nobody.sock"))
    asker.ask()
    asker.close()

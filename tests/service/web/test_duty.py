"""What machines ask at night: readiness that names what is away, and metrics with a token."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from campaigns.partners.endpoints import draw_push_secret, push_to
from campaigns.partners.push_gateway import Failed
from campaigns.partners.pushing import claim_pushes, settle_push
from campaigns.sealing import Sealer
from service.queue_server import open_async_redis, open_redis
from service.settings import Settings
from service.web.app import create_app
from service.web.turn_times import TurnTimer
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_partner, a_told_feed
from tests.fakes.telephones import ClockedResources
from tests.guards.sources import ROOT
from workers.queues import QueueName, ask_for
from workers.upkeep import recover
from workers.vitals import note_answer, note_failed_job

TOKEN = "a token that shows only tests"  # noqa: S105 - of no value
DASHBOARD = ROOT / "docs" / "grafana.json"
NOBODY = "redis://127.0.0.1:1"


@pytest.fixture
def settings(data_dir: Path, valkey_url: str) -> dict[str, Any]:
    return {"data_dir": data_dir, "redis_url": valkey_url, "metrics_token": TOKEN}


def a_web(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> FlaskClient:
    given = Settings.model_validate(settings)
    return create_app(ClockedResources(given, engine, sessions, sealer)).test_client()


def read(web: FlaskClient, token: str = TOKEN) -> dict[tuple[str, str], float]:
    """Return the metrics by name and the values of their labels."""
    answer = web.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def families(web: FlaskClient) -> set[str]:
    """Return the names of all metrics, also of those that have no values now."""
    answer = web.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    return {family.name for family in text_string_to_metric_families(answer.text)}


def test_ready_is_said_when_everything_answers(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    with open_redis(settings["redis_url"]) as redis:
        note_answer(redis, "twilio", now=NOON)
    answer = a_web(settings, engine, sessions, sealer).get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "checks": {"database": "ok", "schema": "ok", "queue": "ok"},
        "carrier_last_success": {"twilio": "2026-03-02T12:00:00+07:00"},
    }


def test_what_is_away_is_named_and_the_process_still_lives(
    settings: dict[str, Any], own_engine: Engine, commits: sessionmaker[Session], sealer: Sealer
) -> None:
    web = a_web(settings | {"redis_url": NOBODY}, own_engine, commits, sealer)
    with own_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["database"] == "ok"
    assert "loa db upgrade" in answer.json["checks"]["schema"]
    assert answer.json["checks"]["queue"] == "does not answer"
    assert web.get("/healthz").status_code == 200


def test_metrics_are_for_whoever_shows_the_token(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    """And for nobody where none is set, not even with an empty one."""
    web = a_web(settings, engine, sessions, sealer)
    for header in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": TOKEN}):
        assert web.get("/metrics", headers=header).status_code == 401
    untold = a_web(settings | {"metrics_token": ""}, engine, sessions, sealer)
    assert untold.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_figures_are_those_of_the_tables_and_the_queue(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    with sessions.begin() as session:
        a_province(session, sealer, people=3)
        a_broadcast(session)
    with open_redis(settings["redis_url"]) as redis:
        ask_for(redis, QueueName.UPKEEP, recover)
        note_failed_job(redis, "recover")
        note_answer(redis, "twilio", now=NOON)
        redis.xadd("loa:receipts", {"reports": "[]"}, id=f"{int(NOON.timestamp() * 1000) - 4000}-0")
    asyncio.run(_take_turns(settings["redis_url"], 0.003, 0.3, 20.0))
    found = read(a_web(settings, engine, sessions, sealer))
    assert found["loa_texts", "twilio,,planned"] == 6
    assert found["loa_queue_server_up", ""] == 1
    assert (found["loa_queue_jobs", "upkeep"], found["loa_queue_jobs", "urgent"]) == (1, 0)
    assert found["loa_jobs_failed_total", "recover"] == 1
    assert found["loa_carrier_last_success_timestamp_seconds", "twilio"] == NOON.timestamp()
    assert (found["loa_receipts_waiting", ""], found["loa_receipts_lag_seconds", ""]) == (1, 4)
    assert found["loa_turn_seconds_bucket", "0.005"] == 1
    assert found["loa_turn_seconds_bucket", "0.5"] == 2
    assert found["loa_turn_seconds_count", ""] == found["loa_turn_seconds_bucket", "+Inf"] == 3
    assert found["loa_turn_seconds_sum", ""] == 20.303
    drawn = set(re.findall(r"loa_\w+", DASHBOARD.read_text(encoding="utf-8")))
    # Where there are no partners and no alarms, theirs are named and have no values.
    measured = {name for name, _ in found} | families(a_web(settings, engine, sessions, sealer))
    assert drawn - measured == set(), "the dashboard draws what nobody measures"
    assert {"loa_texts", "loa_queue_jobs", "loa_turn_seconds_bucket"} <= drawn


def test_the_figures_say_which_partner_is_behind(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    with sessions.begin() as session:
        a_province(session, sealer, people=1)
        broadcast_id = a_broadcast(session).id
        partner = a_partner(session)
        a_told_feed(session, partner, entries=7, broadcast_id=broadcast_id)
        draw_push_secret(session, partner, sealer=sealer, now=NOON)
        push_to(session, partner, "https://partner.example.vn/loa", now=NOON)
        [claim] = claim_pushes(session, busy=(), limit=1, now=NOON)
        settle_push(session, claim, Failed("it answered 500"), now=NOON - timedelta(seconds=9))
    found = read(a_web(settings, engine, sessions, sealer))
    assert found["loa_push_waiting", "viettel-ls"] == 7
    assert found["loa_push_lag_seconds", "viettel-ls"] == 0
    assert found["loa_push_failing_seconds", "viettel-ls"] == 9
    assert found["loa_push_off", "viettel-ls"] == found["loa_push_given_up", "viettel-ls"] == 0


def test_without_the_queue_server_the_tables_are_still_counted(
    settings: dict[str, Any], engine: Engine, sessions: sessionmaker[Session], sealer: Sealer
) -> None:
    found = read(a_web(settings | {"redis_url": NOBODY}, engine, sessions, sealer))
    assert found == {("loa_database_up", ""): 1, ("loa_queue_server_up", ""): 0}


def test_without_the_database_the_queues_are_still_counted(
    settings: dict[str, Any], own_engine: Engine, commits: sessionmaker[Session], sealer: Sealer
) -> None:
    """The queue server's figures tell how much waits until it is back."""
    web = a_web(settings, own_engine, commits, sealer)
    with own_engine.begin() as connection:
        connection.execute(text("ALTER TABLE deliveries RENAME TO elsewhere"))
    found = read(web)
    assert (found["loa_database_up", ""], found["loa_queue_server_up", ""]) == (0, 1)
    assert found["loa_queue_jobs", "upkeep"] == 0


async def _take_turns(redis_url: str, *seconds: float) -> None:
    """Count turns as a web process does, in two of them."""
    for some in (seconds[:1], seconds[1:]):
        timer = TurnTimer(open_async_redis(redis_url))
        for one in some:
            timer.count(one)
        await timer.close()

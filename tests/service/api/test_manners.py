"""What every answer carries: strict headers, gzip where asked for, an id, how much is left."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.people import Role
from campaigns.sealing import Sealer
from service.api.limits import STRANGERS_A_MINUTE
from service.queue_server import open_redis
from service.settings import Settings
from service.web.app import create_app
from tests.fakes.telephones import Clock, ClockedResources
from tests.service.api.conftest import Program

Make = Callable[..., Program]
NOBODY = "redis://127.0.0.1:1"


@pytest.mark.parametrize("path", ["/healthz", "/api/openapi.json", "/nothing", "/api/v1/me"])
def test_no_answer_may_be_framed_kept_or_read_by_another_site(app: Flask, path: str) -> None:
    headers = app.test_client().get(path, headers={"Origin": "https://elsewhere.vn"}).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    assert not [name for name, _ in headers if name.startswith("Access-Control")]


def a_web(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, **settings: Any
) -> Flask:
    given = Settings.model_validate(settings)
    return create_app(ClockedResources(given, engine, sessions, sealer, Clock()))


def test_where_people_come_by_https_they_are_told_to_stay_there(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> None:
    web = a_web(engine, sessions, sealer, data_dir=data_dir, public_url="https://loa.example.vn")
    assert "max-age" in web.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_long_answers_are_compressed_for_whoever_can_read_that(app: Flask) -> None:
    web = app.test_client()
    plain = web.get("/api/openapi.json")
    small = web.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert json.loads(gzip.decompress(small.data)) == plain.json
    assert len(small.data) < len(plain.data) / 3
    for path, wanted in (("/api/openapi.json", "gzip;q=0"), ("/healthz", "gzip")):
        answer = web.get(path, headers={"Accept-Encoding": wanted})
        assert "Content-Encoding" not in answer.headers


def test_every_answer_names_its_request(app: Flask) -> None:
    """A proxy's own id is kept, unless it is something one would not want in a log."""
    web = app.test_client()
    ours = {web.get("/healthz").headers["X-Request-Id"] for _ in range(2)}
    assert len(ours) == 2
    assert all(one.isalpha() for one in ours), "a log would mask what looks like a number"
    given = web.get("/healthz", headers={"X-Request-Id": "proxy-000123"})
    assert given.headers["X-Request-Id"] == "proxy-000123"
    for strange in ("short", "x" * 65, 'a"b-c-d-e-f'):
        named = web.get("/healthz", headers={"X-Request-Id": strange}).headers["X-Request-Id"]
        assert named != strange


def test_a_program_that_asks_too_often_waits_and_others_do_not(
    program: Make,
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    *,
    data_dir: Path,
    valkey_url: str,
) -> None:
    web = a_web(
        engine, sessions, sealer, data_dir=data_dir, redis_url=valkey_url, api_requests_a_minute=60
    )
    busy, calm = program("lan", Role.AUTHOR), program("hoa", Role.AUTHOR)
    busy.app = calm.app = web
    headers = {"Authorization": f"Bearer {busy.key}"}
    first = web.test_client().get("/api/v1/me", headers=headers)
    assert first.headers["RateLimit-Policy"] == '"minute";q=60;w=60'
    assert first.headers["RateLimit"].startswith('"minute";r=59;t=')
    for _ in range(59):
        busy.get("/me")
    assert busy.get("/me", code=429)["type"] == "/api/problems/too-many-requests"
    waiting = web.test_client().get("/api/v1/me", headers=headers)
    assert 1 <= int(waiting.headers["Retry-After"]) <= 60
    calm.get("/me")


def test_web_processes_count_together(
    program: Make,
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    *,
    data_dir: Path,
    valkey_url: str,
) -> None:
    """Each counts a few requests at a time; both together let through what one would."""
    asking = program("lan", Role.AUTHOR)
    webs = [
        a_web(
            engine,
            sessions,
            sealer,
            data_dir=data_dir,
            redis_url=valkey_url,
            api_requests_a_minute=200,
        ).test_client()
        for _ in range(2)
    ]
    headers = {"Authorization": f"Bearer {asking.key}"}
    codes = [web.get("/api/v1/me", headers=headers).status_code for _ in range(103) for web in webs]
    assert codes.count(200) == 200
    assert set(codes[200:]) == {429}


def test_strangers_hold_nobody_up(program: Make, app: Flask, *, valkey_url: str) -> None:
    """From one address: wrong keys are soon refused unheard, the right one never is."""
    asking = program("lan", Role.AUTHOR)
    stranger = Program(app, "", "loa_1_wrong")
    for _ in range(STRANGERS_A_MINUTE):
        stranger.get("/me", code=401)
    stranger.get("/me", code=429)
    assert asking.get("/me")["login"] == "lan"
    with open_redis(valkey_url) as redis:
        assert 0 < redis.ttl("loa:limit:stranger:127.0.0.1") <= 60


def test_without_a_queue_server_operators_may_still_ask(
    program: Make, engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> None:
    asking = program("lan", Role.AUTHOR)
    asking.app = a_web(engine, sessions, sealer, data_dir=data_dir, redis_url=NOBODY)
    assert asking.get("/me")["login"] == "lan"
    assert asking.get("/me")["login"] == "lan"


def test_what_comes_compressed_is_refused(app: Flask) -> None:
    """It would be read as if it were not."""
    said = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    web = app.test_client()
    body = gzip.compress(b'{"login": "minh", "password": "x"}')
    assert web.post("/api/v1/sessions", data=body, headers=said).status_code == 415
    assert web.post("/stop/x", data=body, headers=said).status_code == 415


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("application/json; charset=utf-8", 401),
        (None, 401),
    ],
)
def test_what_says_that_it_is_no_json_is_not_read_as_json(
    app: Flask, said: str | None, status: int
) -> None:
    """What a form of another site can send has one of these types; without one it is looked at."""
    body = b'{"login": "minh", "password": "x"}'
    answer = app.test_client().post("/api/v1/sessions", data=body, content_type=said)
    assert answer.status_code == status

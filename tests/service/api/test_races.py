"""Two programs change one campaign at the same moment: one is told, and nothing is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.people import Role
from campaigns.revisions import lock_campaign
from campaigns.sealing import Sealer
from service.settings import Settings
from service.web.app import create_app
from tests.builders import NOON, a_document, a_person, a_province
from tests.databases import someone_waits
from tests.fakes.processes import eventually
from tests.fakes.telephones import ClockedResources
from tests.service.api.conftest import Program
from tests.service.api.test_journey import a_campaign

PATIENCE_S = 30
ADDRESS = "/api/v1/campaigns/cap-do-3"


@pytest.fixture
def lan(
    own_engine: Engine,
    commits: sessionmaker[Session],
    sealer: Sealer,
    data_dir: Path,
    valkey_url: str,
) -> Program:
    """An author's program."""
    settings = Settings.model_validate({"data_dir": data_dir, "redis_url": valkey_url})
    app: Flask = create_app(ClockedResources(settings, own_engine, commits, sealer))
    with commits.begin() as session:
        a_province(session, sealer, people=1)
        key = add_key(
            session, a_person(session, "lan", Role.AUTHOR), name="test", scopes=(), now=NOON
        )
        key.key.used_at = NOON
    return Program(app, "lan", key.text)


def all_at_once(
    engine: Engine, held: sessionmaker[Session], *requests: Callable[[], int]
) -> list[int]:
    """Let *requests* begin while another transaction has the campaign; return their status."""
    with ThreadPoolExecutor(len(requests)) as pool:
        with held() as session:
            lock_campaign(session, "cap-do-3", now=NOON)
            asked = [pool.submit(each) for each in requests]
            assert eventually(lambda: someone_waits(engine, how_many=len(requests)))
        return sorted(each.result(PATIENCE_S) for each in asked)


def a_change(program: Program, *, base: str = "", **changes: str) -> Callable[[], int]:
    """Return a request that writes the campaign with *changes*, made from version *base*."""
    headers = {"Authorization": f"Bearer {program.key}"}
    if base:
        headers["If-Match"] = f'"{base}"'

    def put() -> int:
        client = program.app.test_client()
        return client.put(ADDRESS, json=a_campaign(**changes), headers=headers).status_code

    return put


def test_two_changes_of_one_version_are_one_change(
    own_engine: Engine, commits: sessionmaker[Session], lan: Program
) -> None:
    """Both read the same version; the slower one is told instead of winning."""
    base = lan.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())["digest"]
    changes = [a_change(lan, base=base, title=title) for title in ("Một", "Hai")]

    assert all_at_once(own_engine, commits, *changes) == [200, 412]
    assert lan.get("/campaigns/cap-do-3")["revision"] == 2


def test_two_first_versions_of_one_name_are_one_campaign(
    own_engine: Engine, commits: sessionmaker[Session], lan: Program
) -> None:
    """Whoever comes second changes a campaign unread, and is told."""
    first = [a_change(lan, title=title) for title in ("Một", "Hai")]

    assert all_at_once(own_engine, commits, *first) == [200, 428]
    assert lan.get("/campaigns/cap-do-3")["revision"] == 1


def test_what_is_planned_is_the_newest_version_when_it_is_kept(
    own_engine: Engine, commits: sessionmaker[Session], lan: Program
) -> None:
    """A plan submitted during somebody's change never brings the older version back."""
    base = lan.ask("PUT", "/campaigns/cap-do-3", json=a_campaign())["digest"]
    change = a_change(lan, base=base, title="Mới")

    def submit() -> int:
        lan.post("/campaigns/cap-do-3/plans", code=201)
        return 201

    assert all_at_once(own_engine, commits, change, submit) == [200, 201]
    newest = lan.get("/campaigns/cap-do-3")
    assert (newest["revision"], newest["title"]) == (2, "Mới")
    assert newest["document"] == a_document(title="Mới").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )

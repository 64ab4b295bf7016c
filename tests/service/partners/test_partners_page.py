"""The page for a carrier's engineers: each of its examples is run against a real server."""

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from campaigns.broadcasts.ordering import order_plan
from campaigns.gateway import Accepted
from campaigns.partners.endpoints import draw_push_secret
from campaigns.partners.keys import add_partner_key
from campaigns.partners.statements import read_statement
from campaigns.sealing import Sealer
from service.pushes.signatures import sign
from service.settings import Settings
from service.web.app import create_app
from tests.builders import NOON, TERMS, a_document, a_province, a_signed_plan
from tests.campaigns.partners.builders import a_day_of_texts, a_partner, settle_all
from tests.fakes.telephones import ClockedResources

PAGE = Path("docs/partners.md")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NEXT_DAY = NOON + timedelta(days=1)


@dataclass
class Server:
    """A real web server, and what a partner was given for it."""

    url: str
    key: str
    secret: str

    def environment(self) -> dict[str, str]:
        return {**os.environ, "LOA": self.url, "KEY": self.key, "SECRET": self.secret}


@pytest.fixture
def server(
    commits: sessionmaker[Session],
    own_engine: Engine,
    sealer: Sealer,
    data_dir: Path,
    valkey_url: str,
) -> Iterator[Server]:
    """Serve a province in which a day was settled with a partner and something was ordered."""
    with commits.begin() as session:
        partner = a_partner(session)
        key = add_partner_key(session, partner, now=NOON).text
        secret = draw_push_secret(session, partner, sealer=sealer, now=NOON)
        a_province(session, sealer, people=2)
        answers = [Accepted(f"SM{number}") for number in range(4)]
        a_day_of_texts(session, sealer, now=NOON, answers=answers)
        settle_all(session, partner, sealer, now=NEXT_DAY)
        plan = a_signed_plan(session, a_document(campaign="don-hang"), now=NOON)
        order_plan(session, plan, partner, terms=TERMS, signer=sealer.signer, now=NOON)
    settings = Settings.model_validate({"data_dir": data_dir, "redis_url": valkey_url})
    app = create_app(ClockedResources(settings, own_engine, commits, sealer))
    http = make_server("127.0.0.1", 0, app)
    serving = threading.Thread(target=http.serve_forever)
    serving.start()
    try:
        yield Server(f"http://127.0.0.1:{http.port}", key, secret)
    finally:
        http.shutdown()
        serving.join()
        http.server_close()


def examples() -> list[tuple[str, str]]:
    """Return every example of the page, in order, as (language, text); not what sets it up."""
    return FENCED.findall(PAGE.read_text(encoding="utf-8"))


def keys_of(answer: object) -> object:
    """Return the names of all fields of *answer*, and of the first of each list."""
    if isinstance(answer, dict):
        return {name: keys_of(value) for name, value in answer.items()}
    return keys_of(answer[0]) if isinstance(answer, list) and answer else None


def test_every_example_does_what_the_page_says(server: Server, tmp_path: Path) -> None:
    """One after the other, as an engineer would; what is printed has the fields that are shown."""
    kinds = []
    said = ""
    for language, text in examples():
        kinds.append(language)
        match language:
            case "sh":
                command = ["bash", "-euo", "pipefail", "-c", text]
            case "python":
                command = [sys.executable, "-W", "ignore", "-c", text]
            case "json":
                assert keys_of(json.loads(said.splitlines()[-1])) == keys_of(json.loads(text))
                continue
            case _:
                continue
        done = subprocess.run(
            command,
            env=server.environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        said = done.stdout
    assert kinds.count("sh") >= 6
    assert kinds.count("python") == 2
    assert kinds.count("json") == 3


def test_the_page_s_receiver_takes_what_we_push(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", server.secret)
    receiver = next(text for language, text in examples() if "def take_batch" in text)
    namespace: dict[str, object] = {}
    exec(receiver, namespace)  # noqa: S102 - the page's own example
    row = {"seq": 7, "reference": "x", "state": "handset"}
    body = json.dumps({"data": {"first": 7, "last": 7, "receipts": [row]}}).encode()
    secret = base64.b64decode(server.secret.removeprefix("whsec_"))
    headers = sign(body, "viettel-ls-7-7", secrets=[secret], at=datetime.now(UTC))
    take_batch = namespace["take_batch"]
    assert callable(take_batch)
    assert take_batch(headers, body) == 7


def test_the_page_s_month_can_be_read() -> None:
    table = next(text for language, text in examples() if language == "csv")
    with read_statement(BytesIO(table.encode()), name="month.csv") as statement:
        assert statement.fault == ""
        (row,) = statement.rows
    assert row.fault == ""

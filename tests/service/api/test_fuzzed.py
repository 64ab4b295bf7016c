"""Everything the description allows, and much it does not, asked by a program that may do all."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.orm import Session

from campaigns.people import Role
from campaigns.sealing import Sealer
from service.queue_server import open_redis
from tests.builders import a_broadcast, a_province
from tests.databases import kinds
from tests.service.api.conftest import Program

Make = Callable[..., Program]
# What is given in a form that was not described may be read with some good will: then only the
# answer is held to the description.
CHECKS: dict[GenerationMode, list[Any] | None] = {
    GenerationMode.POSITIVE: None,
    GenerationMode.NEGATIVE: [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ],
}


def ask_everything(
    app: Flask, *keys: str, mode: GenerationMode, examples: int, valkey_url: str
) -> int:
    """Ask each address *examples* times with each of *keys*; return how many there are."""
    described: Any = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()
        asked += 1

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            for key in keys:
                headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}
                case.call_and_validate(headers=headers, checks=CHECKS[mode])

        # It asks without a key, too, more often than strangers may in a minute.
        with open_redis(valkey_url) as server:
            server.flushall()
        ask()
    return asked


@pytest.fixture
def something_to_show(session: Session, sealer: Sealer) -> None:
    a_province(session, sealer, people=2)
    a_broadcast(session)
    session.commit()


@pytest.mark.usefixtures("something_to_show")
@pytest.mark.parametrize(
    ("mode", "engine"),
    [*zip(CHECKS, (kinds()[0], kinds()[-1]), strict=True)],
    indirect=["engine"],
)
def test_whatever_is_asked_the_answer_is_one_that_was_described(
    app: Flask, program: Make, *, mode: GenerationMode, valkey_url: str
) -> None:
    """Never a 500, and always the status, the content and the form that the description names."""
    key = program("ai-do", *Role).key
    assert ask_everything(app, key, mode=mode, examples=4, valkey_url=valkey_url) > 25


@pytest.mark.usefixtures("something_to_show")
@pytest.mark.parametrize("engine", [kinds()[0]], indirect=True)
def test_each_role_is_answered_as_was_described(
    app: Flask, program: Make, *, valkey_url: str
) -> None:
    """Also where it is refused."""
    keys = [program(f"nguoi-{role}".replace("_", "-"), role).key for role in Role]
    mode = GenerationMode.POSITIVE
    assert ask_everything(app, *keys, mode=mode, examples=1, valkey_url=valkey_url) > 25

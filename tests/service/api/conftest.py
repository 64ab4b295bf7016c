"""The interface on real databases, and programs that ask it with keys of their own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.people import Role
from tests.builders import NOON, a_person

_number = count(1)


@dataclass
class Program:
    """An operator's program: it sends its key, and its own key for every POST."""

    app: Flask
    login: str
    key: str

    def ask(self, method: str, path: str, *, code: int = 200, **options: Any) -> Any:
        """Ask below /api/v1 and return the answer's JSON, which must come with *code*."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", f"test-{next(_number)}")
        answer = self.app.test_client().open(
            f"/api/v1{path}", method=method, headers=headers, **options
        )
        assert answer.status_code == code, answer.get_data(as_text=True)
        if code >= 400:
            assert answer.content_type == "application/problem+json"
        return answer.get_json()

    def get(self, path: str, *, code: int = 200, **options: Any) -> Any:
        return self.ask("GET", path, code=code, **options)

    def post(self, path: str, json: Any = None, *, code: int = 200, **options: Any) -> Any:
        return self.ask("POST", path, code=code, json=json, **options)


@pytest.fixture
def program(app: Flask, sessions: sessionmaker[Session]) -> Callable[..., Program]:
    """Make a program of a person with the given roles."""

    def make(
        login: str, *roles: Role, agency: str = "Sở KH&CN", areas: Iterable[str] = ()
    ) -> Program:
        with sessions.begin() as session:
            person = a_person(session, login, *roles, agency=agency, areas=areas)
            new = add_key(session, person, name="test", scopes=(), now=NOON)
        return Program(app, login, new.text)

    return make

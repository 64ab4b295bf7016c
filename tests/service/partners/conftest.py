"""Telecom partners' programs, as they ask the partners' door."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from campaigns.partners.accounts import get_partner
from campaigns.partners.keys import PartnerScope, add_partner_key
from campaigns.partners.models import Partner
from tests.builders import NOON
from tests.campaigns.partners.builders import a_partner


@dataclass
class Carrier:
    """A partner's program: it sends its key, perhaps from an address of its own."""

    app: Flask
    name: str
    key: str
    address: str = "203.0.113.7"

    def ask(self, method: str, path: str, *, code: int = 200, **options: Any) -> TestResponse:
        """Ask below /partner/v1 and return the answer, which must come with *code*."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        answer = self.app.test_client().open(
            f"/partner/v1{path}",
            method=method,
            headers=headers,
            environ_base={"REMOTE_ADDR": self.address},
            **options,
        )
        assert answer.status_code == code, answer.get_data(as_text=True)
        if code >= 400:
            assert answer.content_type == "application/problem+json"
        return answer

    def get(self, path: str, *, code: int = 200, **options: Any) -> Any:
        return orjson.loads(self.ask("GET", path, code=code, **options).data)

    def post(self, path: str, json: Any, *, code: int = 200) -> Any:
        return orjson.loads(self.ask("POST", path, code=code, json=json).data)


Join = Callable[..., Carrier]


@pytest.fixture
def join(app: Flask, sessions: sessionmaker[Session]) -> Join:
    """Make a partner with a key, and its program."""

    def make(
        name: str = "viettel-ls",
        *,
        carriers: Iterable[str] = ("viettel",),
        scopes: Iterable[PartnerScope] = (),
        networks: str = "",
    ) -> Carrier:
        with sessions.begin() as session:
            a_partner(session, name, carriers=carriers).networks = networks
            session.flush()
            return Carrier(app, name, _key(session, get_partner(session, name), scopes))

    return make


def _key(session: Session, partner: Partner, scopes: Iterable[PartnerScope]) -> str:
    return add_partner_key(session, partner, scopes=list(scopes), now=NOON).text

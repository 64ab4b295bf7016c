"""The hotline's web in this process: a small library in its tables, a clock, and a line to it."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.people import Role, find_person
from campaigns.sealing import Sealer
from hotline.answers.document import TopicDocument
from hotline.answers.versions import approve_answers, keep_topic
from hotline.editions import keep_edition
from hotline.library import Library
from service.loopback.telephone import Answer, Telephone
from service.resources import Resources
from service.settings import Settings
from service.web.app import create_app
from service.web.asgi import open_calls_door
from service.web.calls_door import CallsDoor
from service.web.inbound_door import InboundDoor
from service.web.receipts_door import ReceiptsDoor
from tests.builders import NOON, a_person
from tests.hotline.builders import LONG_AGO, SCRIPT, a_library

PUBLIC_URL = "https://loa.example.vn"
TOKEN = "a token that signs only tests"  # noqa: S105 - of no value


@dataclass
class Clock:
    """What time it is for the web, until a test says otherwise."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class ClockedResources(Resources):
    """Resources whose clock a test sets."""

    clock: Clock = field(default_factory=Clock)

    def now(self) -> datetime:  # type: ignore[override]  # asked of an instance, as everywhere
        return self.clock.now()


@dataclass
class Exchange:
    """The web application, and everything a test rings it with."""

    app: Flask
    door: CallsDoor
    sessions: sessionmaker[Session]
    clock: Clock
    data_dir: Path
    text_asks: list[str]

    def ask(
        self, url: str, form: list[tuple[str, str]] | None, headers: Mapping[str, str]
    ) -> Answer:
        """Ask as a carrier does: the public address leads to this application."""
        path = url.removeprefix(PUBLIC_URL)
        if form is None or not CallsDoor.opens(path.partition("?")[0]):
            page = self.app.test_client().open(path, method="POST" if form else "GET")
            return Answer(page.status_code, page.headers.get("Content-Type", ""), page.data)
        return asyncio.run(ask_asgi(self.door, path, urlencode(form).encode(), headers))

    def telephone(self, caller: str = "anonymous") -> Telephone:
        return Telephone(self.ask, PUBLIC_URL, TOKEN, caller=caller)

    def ringing(self, caller: str = "anonymous") -> Telephone:
        """Return a telephone that has rung and heard the first thing."""
        telephone = self.telephone(caller)
        telephone.ring()
        return telephone


async def ask_asgi(
    application: CallsDoor | InboundDoor | ReceiptsDoor,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Answer:
    """Post a form to *application* as a server would hand it over."""
    plain, _, query = path.partition("?")
    given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": plain,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    said = dict(sent[0]["headers"])
    content = b"".join(message["body"] for message in sent[1:])
    return Answer(sent[0]["status"], said.get(b"content-type", b"").decode(), content)


def settings_of(data_dir: Path) -> Settings:
    """Return the settings of a web that is signed for with TOKEN under PUBLIC_URL."""
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "public_url": PUBLIC_URL,
            "loopback_account_sid": "AC" + "0" * 32,
            "loopback_auth_token": TOKEN,
        }
    )


def an_exchange(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Exchange:
    """Build the real application on *sessions*, signed for with TOKEN under PUBLIC_URL."""
    settings = settings_of(data_dir)
    clock = Clock()
    resources = ClockedResources(settings, engine, sessions, sealer, clock)
    asks: list[str] = []
    door = open_calls_door(resources, lambda: asks.append("asked"), took=lambda _: None)
    return Exchange(create_app(resources), door, sessions, clock, data_dir, asks)


def put_library(session: Session, library: Library | None = None, *, script: str = SCRIPT) -> None:
    """Keep the builders' library in the tables, every answer of it approved."""
    library = library or a_library(script=script)
    files = {
        "script.yaml": script,
        "phrases.yaml": library.phrases.model_dump_json(by_alias=True),
        "desks.yaml": library.desks.model_dump_json(by_alias=True),
        "declaration.yaml": library.declaration.model_dump_json(by_alias=True),
    }
    keep_edition(session, files, author="tacgia", now=LONG_AGO)
    answers = {code: kept[-1].document for code, kept in library.answers.versions.items()}
    topic = {
        "topic": "vaccination",
        "title": {"vi": "Tiêm chủng", "zh": "接种", "en": "Vaccination"},
        "owner": "Sở Y tế",
        "answers": {
            code: json.loads(answer.model_dump_json(by_alias=True))
            for code, answer in answers.items()
        },
    }
    keep_topic(session, TopicDocument.model_validate(topic), author="tacgia", now=LONG_AGO)
    doctor = find_person(session, "bacsi") or a_person(session, "bacsi", Role.HEALTH_DATA_OWNER)
    approve_answers(session, answers, person=doctor, now=LONG_AGO)


def heard_on(telephone: Telephone) -> str:
    """Return everything heard since the caller last did something, as one text."""
    return " | ".join(
        getattr(sound, "text", getattr(sound, "url", "")) for sound in telephone.heard
    )

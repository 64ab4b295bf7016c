"""The hotline's web in this process: a small library in its tables, a clock, and a line to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

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
    sessions: sessionmaker[Session]
    clock: Clock
    data_dir: Path
    text_asks: list[str]

    def ask(
        self, url: str, form: list[tuple[str, str]] | None, headers: Mapping[str, str]
    ) -> Answer:
        """Ask as a carrier does: the public address leads to this application."""
        client, path = self.app.test_client(), url.removeprefix(PUBLIC_URL)
        fields: dict[str, list[str]] = {}
        for name, value in form or ():
            fields.setdefault(name, []).append(value)
        answer = (
            client.get(path, headers=dict(headers))
            if form is None
            else client.post(path, data=fields, headers=dict(headers))
        )
        return Answer(answer.status_code, answer.headers.get("Content-Type", ""), answer.data)

    def telephone(self, caller: str = "anonymous") -> Telephone:
        return Telephone(self.ask, PUBLIC_URL, TOKEN, caller=caller)

    def ringing(self, caller: str = "anonymous") -> Telephone:
        """Return a telephone that has rung and heard the first thing."""
        telephone = self.telephone(caller)
        telephone.ring()
        return telephone


def an_exchange(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Exchange:
    """Build the real application on *sessions*, signed for with TOKEN under PUBLIC_URL."""
    settings = Settings.model_validate(
        {
            "data_dir": data_dir,
            "public_url": PUBLIC_URL,
            "loopback_account_sid": "AC" + "0" * 32,
            "loopback_auth_token": TOKEN,
        }
    )
    clock = Clock()
    resources = ClockedResources(settings, engine, sessions, sealer, clock)
    asks: list[str] = []
    app = create_app(resources, ask_for_texts=lambda: asks.append("asked"))
    return Exchange(app, sessions, clock, data_dir, asks)


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

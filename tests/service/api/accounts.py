"""People with a password and an app of their own, who log in as anybody does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
from flask import Flask

from tests.fakes.telephones import Clock
from tests.service.api.conftest import Program

PASSWORD = "mười hai con trâu trắng"  # noqa: S105 - of nobody
OFFICE = "10.0.0.7"
ELSEWHERE = "203.0.113.9"


def post(
    app: Flask, path: str, json: Any, *, status: int = 200, address: str = OFFICE, **headers: str
) -> Any:
    """Send *json* without any key, from *address*."""
    answer = app.test_client().post(
        f"/api/v1{path}", json=json, headers=headers, environ_base={"REMOTE_ADDR": address}
    )
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


@dataclass
class Member:
    """A person who remembers a password and carries a telephone with an app."""

    app: Flask
    clock: Clock
    login: str
    password: str = PASSWORD
    totp_secret: str = ""

    def code(self) -> str:
        """Return what the app shows; each call waits for the next one, for each counts once."""
        self.clock.moment += timedelta(seconds=30)
        return self.shown()

    def shown(self) -> str:
        """Return what the app shows now; nothing without an app."""
        return pyotp.TOTP(self.totp_secret).at(self.clock.now()) if self.totp_secret else ""

    def try_login(self, *, status: int = 201, address: str = OFFICE, **changes: str) -> Any:
        """Log in with what the person knows, but for *changes*, and expect *status*."""
        json = {"login": self.login, "password": self.password} | changes
        if "code" not in json:
            json["code"] = self.code()
        return post(self.app, "/sessions", json, status=status, address=address)

    def log_in(self, **options: Any) -> Program:
        """Open a session and return a program that shows it."""
        return Program(self.app, self.login, self.try_login(**options)["text"])

    def accept(self, invitation: str, *, status: int = 200, **changes: str) -> Any:
        """Set up whatever the invitation asks for."""
        opened = post(self.app, "/invitations/open", {"invitation": invitation})
        self.totp_secret = opened["totp_secret"] or self.totp_secret
        json = {"invitation": invitation, "password": self.password} | changes
        if "code" not in json:
            json["code"] = self.code()
        return post(self.app, "/invitations/accept", json, status=status)


def a_member(admin: Program, clock: Clock, login: str, *roles: str, **changes: str) -> Member:
    """Have *admin* add and invite a person, who sets up a password and an app."""
    person = {"login": login, "name": login, "agency": "Sở KH&CN", "roles": roles} | changes
    admin.post("/people", person, code=201)
    member = Member(admin.app, clock, login)
    member.accept(admin.post(f"/people/{login}/invitations", {}, code=201)["text"])
    return member

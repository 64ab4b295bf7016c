"""Pushing to partners is switched on, off and begun anew by administrators' programs."""

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from campaigns.people import Role
from tests.campaigns.partners.builders import a_partner
from tests.service.api.conftest import Program

PUSH = "/partners/viettel-ls/push"


def test_pushing_is_switched_on_off_and_begun_anew(
    program: Callable[..., Program], sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        a_partner(session)
    admin = program("quantri", Role.ADMINISTRATOR)
    url = {"url": "https://8.8.8.8/loa"}
    assert "no secret" in admin.ask("PUT", PUSH, json=url, code=409)["detail"]
    secret = admin.post(f"{PUSH}/secret/rotate", code=201)
    assert secret["secret"].startswith("whsec_")
    on = admin.ask("PUT", PUSH, json=url)["push"]
    assert (on["url"], on["pushed_seq"], on["dead_letters"]) == (url["url"], 0, [])
    assert admin.post(f"{PUSH}/replay", {"after": 0})["push"]["pushed_seq"] == 0
    assert admin.post(f"{PUSH}/replay", {"after": 5}, code=409)["remedy"]
    assert admin.ask("DELETE", PUSH)["push"]["disabled_why"] == "switched off over the interface"


def test_nobody_has_us_speak_to_our_own_machines(
    program: Callable[..., Program], sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        a_partner(session)
    admin = program("quantri", Role.ADMINISTRATOR)
    admin.post(f"{PUSH}/secret/rotate", code=201)
    refused = admin.ask("PUT", PUSH, json={"url": "https://169.254.169.254/"}, code=409)
    assert "no address of the internet" in refused["detail"]
    assert admin.get("/partners")["items"][0]["push"]["url"] == ""

"""Orders over the partners' door: fetched, verified, carried out, and reported on."""

import base64
import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.signing import is_signed
from tests.builders import NOON, a_document, a_person, a_province, a_signed_plan
from tests.service.api.conftest import Program
from tests.service.partners.conftest import Carrier, Join


@pytest.fixture
def program(app: Flask, sessions: sessionmaker[Session]) -> Callable[[str, Role], Program]:
    def make(login: str, role: Role) -> Program:
        with sessions.begin() as session:
            person = a_person(session, login, role)
            key = add_key(session, person, name="test", scopes=(), now=NOON)
        return Program(app, login, key.text)

    return make


@pytest.fixture
def sender(program: Callable[[str, Role], Program]) -> Program:
    return program("gui2", Role.SENDER)


@pytest.fixture
def plan(sessions: sessionmaker[Session], sealer: Sealer) -> int:
    with sessions.begin() as session:
        a_province(session, sealer)
        return a_signed_plan(session, a_document(), now=NOON).id


@pytest.fixture
def viettel(join: Join) -> Carrier:
    return join()


def test_an_order_goes_to_the_carrier_and_its_count_comes_back(
    sender: Program, plan: int, viettel: Carrier, sealer: Sealer
) -> None:
    made = sender.post(f"/plans/{plan}/order", {"partner": "viettel-ls"}, code=201)
    assert made["reported"] is None
    (listed,) = viettel.get("/orders")["orders"]
    assert listed["digest"] == made["digest"]
    answer = viettel.ask("GET", f"/orders/{made['order']}")
    signature = base64.b64decode(answer.headers["Loa-Signature"])
    assert is_signed(answer.data, signature, public_pem=sealer.signer.public_pem)
    assert answer.headers["Loa-Withdrawn"] == "false"
    area = json.loads(answer.data)["areas"][0]["code"]
    count = {"sent": 500, "delivered": 450, "failed": 20}
    viettel.post(f"/orders/{made['order']}/report", {**count, "areas": {area: count}})

    ledger = sender.get(f"/broadcasts/{made['broadcast']}/ledger")
    assert (ledger["planned"], ledger["balanced"]) == (0, True)
    figure = ledger["ordered"][0]["reported"]
    assert figure["label"] == "the carrier's own figure, not counted by Loa"
    assert figure["areas"] == {area: count}
    assert sender.get(f"/broadcasts/{made['broadcast']}/orders")["items"] == ledger["ordered"]


def test_an_order_can_be_printed(sender: Program, plan: int, viettel: Carrier) -> None:
    made = sender.post(f"/plans/{plan}/order", {"partner": "viettel-ls"}, code=201)
    table = viettel.ask("GET", f"/orders/{made['order']}", headers={"Accept": "text/csv"})
    lines = table.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "area,name,language,segments,sender,hours,not_after,text"
    assert len(lines) == 3


def test_a_withdrawn_order_says_so(sender: Program, plan: int, viettel: Carrier) -> None:
    made = sender.post(f"/plans/{plan}/order", {"partner": "viettel-ls"}, code=201)
    sender.post(f"/orders/{made['order']}/withdraw")
    answer = viettel.ask("GET", f"/orders/{made['order']}")
    assert answer.headers["Loa-Withdrawn"] == "true"


def test_figures_that_cannot_be_are_a_problem(sender: Program, plan: int, viettel: Carrier) -> None:
    made = sender.post(f"/plans/{plan}/order", {"partner": "viettel-ls"}, code=201)
    wrong = {"sent": 1, "delivered": 2, "failed": 0}
    refused = viettel.post(f"/orders/{made['order']}/report", wrong, code=409)
    assert refused["type"].endswith("/order-report-refused")


def test_another_partners_order_is_not_there(
    sender: Program, plan: int, viettel: Carrier, join: Join
) -> None:
    made = sender.post(f"/plans/{plan}/order", {"partner": viettel.name}, code=201)
    vina = join("vina", carriers=["vinaphone"])
    assert vina.get("/orders")["orders"] == []
    vina.get(f"/orders/{made['order']}", code=404)
    count = {"sent": 1, "delivered": 1, "failed": 0}
    vina.post(f"/orders/{made['order']}/report", count, code=404)


def test_who_may_not_launch_may_not_order(
    program: Callable[[str, Role], Program], plan: int, viettel: Carrier
) -> None:
    author = program("lan2", Role.AUTHOR)
    author.post(f"/plans/{plan}/order", {"partner": viettel.name}, code=403)

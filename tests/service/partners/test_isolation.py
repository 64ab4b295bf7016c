"""Two partners at every address: neither is shown, or may touch, anything of the other's."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from campaigns.broadcasts.ordering import order_plan
from campaigns.gateway import Accepted
from campaigns.partners.accounts import get_partner
from campaigns.partners.endpoints import draw_push_secret
from campaigns.sealing import Sealer
from service.api.requests import NEEDS_SCOPE
from service.pushes.signatures import sign
from tests.builders import NOON, TERMS, a_document, a_phone, a_province, a_signed_plan
from tests.campaigns.partners.builders import a_day_of_texts, settle_all
from tests.service.partners.conftest import Carrier, Join

NEXT_DAY = NOON + timedelta(days=1)
DAY = "2026-03-02"


class Pair:
    """A partner with a feed, settlements and an order, and another that asks for them."""

    def __init__(self, owner: Carrier, other: Carrier, *, order: int, secret: str) -> None:
        self.owner, self.other, self.order, self.secret = owner, other, order, secret
        feed = owner.get("/receipts")["receipts"]
        self.reference = feed[-1]["reference"]
        self.digest = next(
            one["digest"] for one in owner.get("/reports")["reports"] if one["day"] == DAY
        )
        theirs = {row["reference"] for row in feed} | {row["sid"] for row in feed if row["sid"]}
        self.marks = theirs | {self.digest, owner.name, f'"order":{order},'}

    def asked_as(self, method: str, path: str, **options: Any) -> Any:
        """Ask as the other partner and return the status and what was said."""
        answer = self.other.app.test_client().open(
            f"/partner/v1{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.other.key}"} | options.pop("headers", {}),
            **options,
        )
        return answer.status_code, answer.get_data().decode("latin-1")


@pytest.fixture
def pair(join: Join, sessions: sessionmaker[Session], sealer: Sealer) -> Pair:
    owner, other = join(), join("mobifone-ls", carriers=["mobifone"])
    with sessions.begin() as session:
        viettel, mobifone = (get_partner(session, one.name) for one in (owner, other))
        for person in a_province(session, sealer, people=2)[2:]:
            person.carrier_guess = "mobifone"
        session.flush()
        answers = [Accepted(f"SM-of-{number}") for number in range(4)]
        a_day_of_texts(session, sealer, now=NOON, answers=answers)
        for partner in (viettel, mobifone):
            settle_all(session, partner, sealer, now=NEXT_DAY)
        plan = a_signed_plan(session, a_document(campaign="don-hang"), now=NOON)
        order = order_plan(session, plan, viettel, terms=TERMS, signer=sealer.signer, now=NOON)
        secret = draw_push_secret(session, mobifone, sealer=sealer, now=NOON)
    return Pair(owner, other, order=order.id, secret=secret)


def _post_receipts(pair: Pair) -> Any:
    rows = [
        {"reference": pair.reference, "state": "handset"},
        {"sid": "SM-of-0", "state": "failed"},
    ]
    body = orjson.dumps({"receipts": rows})
    secret = base64.b64decode(pair.secret.removeprefix("whsec_"))
    headers = sign(body, "thu", secrets=[secret], at=datetime.now(UTC))
    headers["Content-Type"] = "application/json"
    code, said = pair.asked_as("POST", "/receipts", headers=headers, data=body)
    assert code == 200
    assert [row["result"] for row in orjson.loads(said)["rows"]] == ["unknown", "unknown"]
    return code, said


COUNT = {"sent": 1, "delivered": 1, "failed": 0}
# What the other partner asks at each address, and how it is answered.
ASKED: dict[str, tuple[int, Callable[[Pair], Any]]] = {
    "GET /receipts": (200, lambda pair: pair.asked_as("GET", "/receipts")),
    "POST /receipts": (200, _post_receipts),
    "GET /reports": (200, lambda pair: pair.asked_as("GET", "/reports")),
    "GET /reports/key": (200, lambda pair: pair.asked_as("GET", "/reports/key")),
    "GET /reports/<string(maxlength=10):day>": (
        200,
        lambda pair: pair.asked_as("GET", f"/reports/{DAY}"),
    ),
    "GET /reports/<string(maxlength=10):day>/signature": (
        200,
        lambda pair: pair.asked_as("GET", f"/reports/{DAY}/signature"),
    ),
    "POST /acknowledgements": (
        409,
        lambda pair: pair.asked_as(
            "POST", "/acknowledgements", json={"report": DAY, "digest": pair.digest}
        ),
    ),
    "POST /opt-outs": (
        200,
        lambda pair: pair.asked_as(
            "POST", "/opt-outs", json={"numbers": [a_phone()], "proof": "x"}
        ),
    ),
    "GET /orders": (200, lambda pair: pair.asked_as("GET", "/orders")),
    "GET /orders/<int(max=9223372036854775807):number>": (
        404,
        lambda pair: pair.asked_as("GET", f"/orders/{pair.order}"),
    ),
    "POST /orders/<int(max=9223372036854775807):number>/report": (
        404,
        lambda pair: pair.asked_as("POST", f"/orders/{pair.order}/report", json=COUNT),
    ),
}


def test_every_address_is_asked(app: Flask) -> None:
    """Whoever adds one has to say here what another partner is answered."""
    found = {
        f"{method} {rule.rule.removeprefix('/partner/v1')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/partner/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == set(ASKED)
    assert all(
        hasattr(app.view_functions[rule.endpoint], NEEDS_SCOPE)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/partner/")
    )


def test_no_address_shows_or_touches_what_is_anothers(pair: Pair) -> None:
    before = [pair.owner.get(path) for path in ("/receipts", "/reports", "/orders")]
    assert len(pair.marks) > 5
    for address, (expected, ask) in ASKED.items():
        code, said = ask(pair)
        assert code == expected, f"{address}: {said}"
        assert not [mark for mark in pair.marks if mark in said], address
    assert [pair.owner.get(path) for path in ("/receipts", "/reports", "/orders")] == before

"""Everything over HTTP: people of two agencies take a campaign from an invitation to its ledger.

Only the first administrator is made on the machine. All else is asked of the real web server by
an ordinary client, as an operator's console would.
"""

import json
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pyotp

from campaigns.areas import LANG_SON
from service.demonstration import write_subscribers
from tests.campaigns.definitions.files import GOOD
from tests.journeys.conftest import Installation

PASSWORD = "mười hai con trâu trắng"  # noqa: S105 - of nobody
PEOPLE = 400
_STEP_S = 30
_number = count(1)


@dataclass
class Client:
    """An ordinary client of the interface, with whatever its person has to show."""

    url: str
    shows: str = ""

    def ask(
        self, method: str, path: str, body: Any = None, *, code: int = 200, **headers: str
    ) -> Any:
        """Ask below /api/v1 and return the answer's JSON, which must come with *code*."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given.setdefault("Idempotency-Key", f"journey-{next(_number)}")
        if self.shows:
            given["Authorization"] = f"Bearer {self.shows}"
        if isinstance(body, dict):
            body, given["Content-Type"] = json.dumps(body).encode(), "application/json"
        asked = Request(f"{self.url}/api/v1{path}", body, given, method=method)  # noqa: S310
        try:
            with urlopen(asked, timeout=30) as answer:  # noqa: S310 - our own machine
                status, said = answer.status, json.load(answer)
        except HTTPError as refused:
            status, said = refused.code, json.load(refused)
        assert status == code, said
        return said

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, *, code: int = 200, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, code=code, **headers)


def join(admin: Client, login: str, role: str, *, agency: str) -> Client:
    """Have *admin* invite somebody, who sets up password and app and logs in."""
    person = {"login": login, "name": login, "agency": agency, "roles": [role]}
    admin.post("/people", person, code=201)
    invitation = admin.post(f"/people/{login}/invitations", {}, code=201)["text"]
    own = Client(admin.url)
    app = pyotp.TOTP(own.post("/invitations/open", {"invitation": invitation})["totp_secret"])
    now = time.time()
    accepted = {"invitation": invitation, "password": PASSWORD, "code": app.at(now)}
    own.post("/invitations/accept", accepted)
    # Each code counts once; the next one is that of a clock which is a little ahead.
    opening = {"login": login, "password": PASSWORD, "code": app.at(now + _STEP_S)}
    own.shows = own.post("/sessions", opening, code=201)["text"]
    return own


def the_administrator(loa: Installation) -> Client:
    loa.loa("users", "add", "quantri", "--agency", "Sở KH&CN", "--role", "administrator")
    key = loa.loa("keys", "add", "quantri", "--name", "máy của phòng")["text"]
    return Client(loa.machine.web_url, key)


def prepare(loa: Installation, owner: Client, sender: Client, directory: Path) -> None:
    """Decide every commune's level, and hand over a list of people."""
    communes = [line.split(",")[0] for line in LANG_SON.read_text().splitlines()[2:]]
    decided = {"level": 3, "effective_at": "2026-01-01T00:00+07:00", "document": "1/QĐ-UBND"}
    decisions = [decided | {"area": code} for code in communes]
    owner.post("/levels", {"decisions": decisions}, code=201)
    people = write_subscribers(directory / "people.csv", communes, count=PEOPLE)
    path = "/subscribers/imports?name=people.csv"
    taken = sender.post(path, people.read_bytes(), code=202)["import"]
    loa.until(lambda: sender.get(f"/subscribers/imports/{taken}")["state"] == "done")
    assert sender.get("/subscribers/counts")["reachable"] == PEOPLE


def test_from_an_invitation_to_a_balanced_ledger(
    installation: Installation, tmp_path: Path
) -> None:
    """Whoever wrote it cannot sign it, nobody launches early, and the trail names everybody."""
    admin = the_administrator(installation)
    owner = join(admin, "syt", "health_data_owner", agency="Sở Y tế")
    author = join(admin, "lan", "author", agency="Sở KH&CN")
    approver = join(admin, "hoa", "content_approver", agency="Ban Tuyên giáo")
    sender = join(admin, "minh", "sender", agency="Sở KH&CN")
    prepare(installation, owner, sender, tmp_path)

    document = GOOD.replace("  tags: [border_gate]\n", "").replace("2026-12-01", "2036-12-01")
    document = document.replace('"07:00-21:00"', '"00:00-24:00"')
    document = document.replace("public_info", "emergency")
    author.ask("PUT", "/campaigns/cap-do-3-cam", document.encode(), Content_Type="application/yaml")
    plan = author.post("/campaigns/cap-do-3-cam/plans", code=201)
    assert plan["recipients"] == PEOPLE
    path, digest = f"/plans/{plan['plan']}", {"digest": plan["digest"]}
    author.post(f"{path}/signatures", digest, code=403)
    sender.post(f"{path}/broadcast", code=409)
    approver.post(f"{path}/signatures", digest, code=201)
    sender.post(f"{path}/signatures", digest, code=201)
    broadcast = sender.post(f"{path}/broadcast", code=201)["broadcast"]
    approver.post(f"{path}/broadcast", code=403)

    where = f"/broadcasts/{broadcast}"
    installation.until(lambda: sender.get(where)["state"] == "finished")
    installation.until(lambda: sender.get(f"{where}/ledger")["accepted_by"]["silent"] == 0)
    ledger = sender.get(f"{where}/ledger")
    assert (ledger["planned"], ledger["accepted"], ledger["balanced"]) == (PEOPLE, PEOPLE, True)
    assert installation.carrier_says()["doubled"] == 0
    auditor = {"login": "soat", "name": "s", "agency": "Thanh tra", "roles": ["auditor"]}
    admin.post("/people", auditor, code=201)
    key = admin.post("/keys", {"login": "soat", "name": "x"}, code=201)["text"]
    entries = Client(admin.url, key).get("/audit?limit=200")["items"]
    deeds = {(one["actor"], one["action"]) for one in entries}
    assert deeds >= {
        ("quantri", "person.invited"),
        ("minh", "subscribers.imported"),
        ("lan", "plan.submitted"),
        ("hoa", "plan.signed"),
        ("minh", "broadcast.launched"),
    }

"""Settlements over the partners' door: the file, its proof, and that the partner has it."""

import base64
import csv
import hashlib
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from campaigns.audit import list_entries
from campaigns.gateway import Accepted
from campaigns.partners.accounts import get_partner
from campaigns.partners.keys import PartnerScope
from campaigns.sealing import Sealer
from campaigns.signing import is_signed
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import a_day_of_texts, settle_all
from tests.service.partners.conftest import Carrier, Join

NEXT_MORNING = NOON + timedelta(hours=13)


@pytest.fixture
def viettel(join: Join, sessions: sessionmaker[Session], sealer: Sealer) -> Carrier:
    """A partner with one day of four texts, settled."""
    carrier = join()
    with sessions.begin() as session:
        a_province(session, sealer, people=2)
        answers = [Accepted(f"SM{number}") for number in range(4)]
        a_day_of_texts(session, sealer, now=NOON, answers=answers)
        settle_all(session, get_partner(session, carrier.name), sealer, now=NEXT_MORNING)
    return carrier


def test_a_file_is_what_its_digest_and_signature_say(viettel: Carrier) -> None:
    listed = viettel.get("/reports")
    assert [one["day"] for one in listed["reports"]] == ["2026-03-01", "2026-03-02"]
    assert listed["reports"][1]["previous_digest"] == listed["reports"][0]["digest"]
    assert listed["next"] is None
    assert viettel.get("/reports?after=2026-03-01")["reports"] == listed["reports"][1:]
    answer = viettel.ask("GET", "/reports/2026-03-02")
    pem = viettel.ask("GET", "/reports/key").get_data(as_text=True)

    assert hashlib.sha256(answer.data).hexdigest() == listed["reports"][1]["digest"]
    signature = base64.b64decode(answer.headers["Loa-Signature"])
    assert is_signed(answer.data, signature, public_pem=pem)
    assert viettel.ask("GET", "/reports/2026-03-02/signature").data == signature
    (line,) = json.loads(answer.data)["lines"]
    assert (line["state"], line["texts"]) == ("submitted", 4)


def test_the_table_holds_the_same_lines_and_is_signed_itself(viettel: Carrier) -> None:
    answer = viettel.ask("GET", "/reports/2026-03-02", headers={"Accept": "text/csv"})
    assert answer.content_type == "text/csv; charset=utf-8"
    lines = answer.data.decode("utf-8-sig").splitlines()
    table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [(row["kind"], row["state"], row["texts"]) for row in table] == [
        ("ordinary", "submitted", "4")
    ]
    assert f"# digest: {answer.headers['Loa-Digest']}" in lines
    pem = viettel.ask("GET", "/reports/key").get_data(as_text=True)
    signature = viettel.ask("GET", "/reports/2026-03-02/signature?form=csv").data
    assert is_signed(answer.data, signature, public_pem=pem)


def test_openssl_verifies_a_file(viettel: Carrier, tmp_path: Path) -> None:
    """What docs show an accountant is what works."""
    openssl = shutil.which("openssl")
    assert openssl is not None
    files = {
        "loa.pem": viettel.ask("GET", "/reports/key").data,
        "day.json": viettel.ask("GET", "/reports/2026-03-02").data,
        "day.sig": viettel.ask("GET", "/reports/2026-03-02/signature").data,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    asked = "pkeyutl -verify -pubin -inkey loa.pem -rawin -in day.json -sigfile day.sig"
    told = subprocess.run(
        [openssl, *asked.split()], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert "Signature Verified Successfully" in told.stdout


def test_a_settlement_is_acknowledged_by_its_digest(
    viettel: Carrier, sessions: sessionmaker[Session]
) -> None:
    digest = viettel.ask("GET", "/reports/2026-03-02").headers["Loa-Digest"]
    wrong = {"report": "2026-03-02", "digest": "0" * 64}
    refused = viettel.post("/acknowledgements", wrong, code=409)
    assert refused["type"].endswith("/acknowledgement-refused")
    said = viettel.post("/acknowledgements", {"report": "2026-03-02", "digest": digest})
    again = viettel.post("/acknowledgements", {"report": "2026-03-02", "digest": digest})
    assert said == again
    assert said["acknowledged_at"] is not None
    assert viettel.get("/reports")["reports"][1]["acknowledged_at"] == said["acknowledged_at"]
    with sessions() as session:
        entries = list_entries(session, after=0, limit=99)
    acknowledged = [one for one in entries if one.action == "partner.acknowledged"]
    assert [one.actor for one in acknowledged] == ["partner:viettel-ls"]


def test_the_feed_is_acknowledged_forwards_and_not_beyond_its_end(
    viettel: Carrier, sessions: sessionmaker[Session]
) -> None:
    assert viettel.post("/acknowledgements", {"receipts": 5})["receipts"] == 5
    assert viettel.post("/acknowledgements", {"receipts": 3})["receipts"] == 5
    viettel.post("/acknowledgements", {"receipts": 9}, code=409)
    with sessions() as session:
        assert get_partner(session, "viettel-ls").acknowledged_seq == 5


@pytest.mark.parametrize("day", ["2026-03-09", "yesterday", "2026-13-01"])
def test_a_day_that_was_not_settled_is_not_there(viettel: Carrier, day: str) -> None:
    assert viettel.get(f"/reports/{day}", code=404)["type"].endswith("/unknown-settlement")


def test_another_partner_sees_nothing_of_it(viettel: Carrier, join: Join) -> None:
    vina = join("vina", carriers=["vinaphone"])
    assert viettel.get("/reports")["reports"]
    assert vina.get("/reports")["reports"] == []
    vina.get("/reports/2026-03-02", code=404)


def test_a_key_for_receipts_alone_reads_no_settlement(join: Join) -> None:
    join(scopes=[PartnerScope.RECEIPTS_READ]).get("/reports", code=403)

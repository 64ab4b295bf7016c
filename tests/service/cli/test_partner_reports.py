"""``loa partners reports``, ``settle``, ``reconcile``; ``loa reports carriers``; orders."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from campaigns.partners.models import Partner
from service.database import open_engine, open_sessions
from tests.service.cli.clerk import Clerk, a_campaign_file


@pytest.fixture
def partner(busy_clerk: Clerk, fresh_database: str) -> str:
    """A partner since three days ago."""
    busy_clerk.answer("partners", "add", "viettel-ls", "--carriers", "viettel")
    engine = open_engine(fresh_database)
    sessions: sessionmaker[Session] = open_sessions(engine)
    with sessions.begin() as session:
        found = session.query(Partner).one()
        joined = found.created_at - timedelta(days=3)
        session.execute(update(Partner).values(created_at=joined))
    engine.dispose()
    return "viettel-ls"


def test_days_are_settled_and_written_to_files(
    busy_clerk: Clerk, partner: str, tmp_path: Path
) -> None:
    out = tmp_path / "day.csv"
    made = busy_clerk.answer("partners", "settle", partner, "--out", str(out))
    assert made["settled"] in {2, 3}
    assert busy_clerk.answer("partners", "settle", partner)["settled"] == 0
    assert f"# digest: {made['digest']}" in out.read_text(encoding="utf-8-sig").splitlines()
    listed = busy_clerk.answer("partners", "reports", partner)["reports"]
    assert listed[-1]["digest"] == made["digest"]
    first = busy_clerk.answer("partners", "settle", partner, "--date", listed[0]["day"])
    assert first["digest"] == listed[0]["digest"]
    assert "PUBLIC KEY" in busy_clerk.answer("partners", "signing-key")["public_key"]


def test_a_month_is_reconciled_into_files(busy_clerk: Clerk, partner: str, tmp_path: Path) -> None:
    theirs = tmp_path / "viettel.csv"
    theirs.write_text("sid,sent_at,state,segments\nSM1,2026-03-02 12:00,delivered,1\n")
    for name in ("found.csv", "found.json"):
        out = tmp_path / name
        arguments = ("reconcile", partner, "2026-03", str(theirs), "--out", str(out))
        found = busy_clerk.answer("partners", *arguments)
        assert found["differences"] == {"unknown_id": 1}
    with (tmp_path / "found.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    (one,) = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["list"]
    assert row["kind"] == one["kind"] == "unknown_id"
    assert row["reason"] == one["reason"]


def test_a_file_with_wrong_columns_is_a_refusal_with_its_reason(
    busy_clerk: Clerk, partner: str, tmp_path: Path
) -> None:
    theirs = tmp_path / "viettel.csv"
    theirs.write_text("sid,when\nSM1,2026-03-02 12:00\n")
    refused = busy_clerk.run("partners", "reconcile", partner, "2026-03", str(theirs), "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["differences"] == {"wrong_columns": 1}


def test_a_plan_is_ordered_and_the_order_withdrawn(
    busy_clerk: Clerk, partner: str, tmp_path: Path
) -> None:
    plan = str(busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))["plan"])
    for login in ("duyet", "gui"):
        busy_clerk.answer("campaigns", "sign", plan, "--user", login)
    made = busy_clerk.answer("broadcasts", "order", plan, "--partner", partner)
    broadcast = str(made["broadcast"])
    (listed,) = busy_clerk.answer("broadcasts", "orders", broadcast)["orders"]
    assert listed["digest"] == made["digest"]
    assert "its own figure" in busy_clerk.run("broadcasts", "ledger", broadcast).stdout
    withdrawn = busy_clerk.answer("broadcasts", "withdraw-order", str(made["order"]))
    assert withdrawn["withdrawn_at"] is not None


def test_a_day_without_texts_says_so(busy_clerk: Clerk) -> None:
    found = busy_clerk.answer("reports", "carriers", "--date", "2026-03-02")
    assert found == {"day": "2026-03-02", "hours": [], "quiet": []}
    assert "Nothing was handed over" in busy_clerk.run("reports", "carriers").stdout

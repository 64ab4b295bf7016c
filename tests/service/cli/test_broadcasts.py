"""``loa broadcasts``: watching, holding and ending what is being sent."""

from pathlib import Path
from typing import Any

import pytest

from tests.service.cli.clerk import Clerk, a_campaign_file


def launch(clerk: Clerk, directory: Path, queue: str, *, slug: str) -> str:
    """Submit, sign and launch a campaign called *slug*; return its broadcast's number."""
    file = a_campaign_file(directory, campaign=slug)
    plan = str(clerk.answer("campaigns", "submit", file)["plan"])
    for login in ("duyet", "gui"):
        clerk.answer("campaigns", "sign", plan, "--user", login)
    return str(clerk.answer("campaigns", "launch", plan, LOA_REDIS_URL=queue)["broadcast"])


@pytest.fixture
def broadcast(busy_clerk: Clerk, tmp_path: Path, valkey_url: str) -> str:
    """The number of a broadcast to three people that no worker sends."""
    return launch(busy_clerk, tmp_path, valkey_url, slug="mot")


def state(clerk: Clerk, broadcast: str) -> Any:
    return clerk.answer("broadcasts", "status", broadcast)["state"]


def test_the_ledger_is_the_one_that_is_promised(busy_clerk: Clerk, broadcast: str) -> None:
    ledger = busy_clerk.answer("broadcasts", "ledger", broadcast)

    promised = {
        "broadcast": int(broadcast),
        "planned": 3,
        "skipped": {},
        "cancelled": 0,
        "expired": 0,
        "refused": {},
        "in_flight": 3,
        "accepted": 0,
        "unknown": 0,
        "accepted_by": {"network": 0, "handset": 0, "failed": 0, "silent": 0},
        "balanced": True,
    }
    assert {name: ledger[name] for name in promised} == promised


def test_status_and_list_say_where_it_stands(busy_clerk: Clerk, broadcast: str) -> None:
    status = busy_clerk.answer("broadcasts", "status", broadcast)

    assert (status["state"], status["ledger"]["in_flight"]) == ("running", 3)
    assert busy_clerk.answer("broadcasts", "list")[0]["title"] == status["title"]
    assert "running" in busy_clerk.run("broadcasts", "list").stdout
    assert status["title"] in busy_clerk.run("broadcasts", "status", broadcast).stdout
    assert "in flight" in busy_clerk.run("broadcasts", "ledger", broadcast).stdout


def test_watching_ends_when_it_is_over(busy_clerk: Clerk, broadcast: str) -> None:
    busy_clerk.answer("broadcasts", "stop", broadcast)

    status = busy_clerk.answer("broadcasts", "status", broadcast, "--watch")

    assert (status["state"], status["ledger"]["cancelled"]) == ("stopped", 3)


def test_it_is_paused_and_resumed(busy_clerk: Clerk, broadcast: str) -> None:
    paused = busy_clerk.answer("broadcasts", "pause", broadcast)
    assert (paused["state"], paused["note"]) == ("paused", "paused by an operator")
    assert state(busy_clerk, broadcast) == "paused"

    resumed = busy_clerk.answer("broadcasts", "resume", broadcast)

    assert (resumed["state"], resumed["note"]) == ("running", "")
    assert state(busy_clerk, broadcast) == "running"


def test_stopped_is_for_good(busy_clerk: Clerk, broadcast: str) -> None:
    assert busy_clerk.answer("broadcasts", "stop", broadcast)["state"] == "stopped"

    for command in ("resume", "pause"):
        said = busy_clerk.refusal("broadcasts", command, broadcast)
        assert "is stopped" in said
        assert "Nothing was changed" in said
    ledger = busy_clerk.answer("broadcasts", "ledger", broadcast)
    assert (ledger["cancelled"], ledger["in_flight"], ledger["balanced"]) == (3, 0, True)


def test_the_emergency_brake_stops_everything_that_is_not_over(
    busy_clerk: Clerk, broadcast: str, tmp_path: Path, valkey_url: str
) -> None:
    other = launch(busy_clerk, tmp_path, valkey_url, slug="hai")
    busy_clerk.answer("broadcasts", "pause", other)

    stopped = busy_clerk.answer("broadcasts", "stop-all")

    assert {str(one["broadcast"]) for one in stopped} == {broadcast, other}
    assert {state(busy_clerk, one) for one in (broadcast, other)} == {"stopped"}
    assert busy_clerk.answer("broadcasts", "stop-all") == []
    assert "Nothing was being sent" in busy_clerk.run("broadcasts", "stop-all").stdout


@pytest.mark.parametrize("command", ["status", "ledger", "pause", "resume", "stop"])
@pytest.mark.parametrize("number", ["7", "0", "99999999999999999999"])
def test_a_broadcast_that_is_none_is_refused(clerk: Clerk, command: str, number: str) -> None:
    said = clerk.refusal("broadcasts", command, number)

    assert f"There is no broadcast {number}" in said
    assert "loa broadcasts list" in said

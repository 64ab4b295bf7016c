"""The main job: from a subscriber file and a campaign file to a balanced ledger.

Real processes, a real queue, a real carrier on this machine, on each database; every receipt
arrives twice, late and out of order.
"""

import csv
import json
import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from campaigns.areas import LANG_SON
from campaigns.phones import read_phone
from service.demonstration import CAMPAIGN, write_levels, write_subscribers
from tests.builders import NOON
from tests.journeys.conftest import Installation
from tests.journeys.feeds import check_the_feeds, partners_of_all_networks

PEOPLE = 1200


def launch_to_everybody(loa: Installation, directory: Path) -> int:
    """Do what an operator and two approvers do, by commands, and return the broadcast."""
    communes = [line.split(",")[0] for line in LANG_SON.read_text().splitlines()[2:]]
    people = write_subscribers(directory / "subscribers.csv", communes, count=PEOPLE)
    levels = write_levels(directory / "levels.csv", communes, now=NOON)
    campaign = directory / "campaign.yaml"
    campaign.write_text(CAMPAIGN.read_text(encoding="utf-8"), encoding="utf-8")
    loa.loa("areas", "levels", "load", str(levels))
    loa.loa("subscribers", "import", str(people))
    loa.loa("users", "add", "tacgia", "--agency", "Sở KH&CN", "--role", "author")
    loa.loa("users", "add", "duyet", "--agency", "Ban Tuyên giáo", "--role", "content_approver")
    loa.loa("users", "add", "gui", "--agency", "Sở KH&CN", "--role", "sender")
    planned = loa.loa("campaigns", "plan", str(campaign))
    submitted = loa.loa("campaigns", "submit", str(campaign), "--user", "tacgia")
    assert submitted["digest"] == planned["digest"]
    loa.loa("campaigns", "launch", submitted["digest"], code=1)
    loa.loa("campaigns", "sign", submitted["digest"], "--user", "tacgia", code=1)
    loa.loa("campaigns", "sign", submitted["digest"], "--user", "duyet")
    loa.loa("campaigns", "sign", str(submitted["plan"]), "--user", "gui")
    launched = loa.loa("campaigns", "launch", str(submitted["plan"]))
    assert launched["deliveries"] == PEOPLE
    broadcast: int = launched["broadcast"]
    return broadcast


def wait_until_finished(loa: Installation, broadcast: int) -> None:
    loa.until(lambda: loa.loa("broadcasts", "status", str(broadcast))["state"] == "finished")


def check_the_books(loa: Installation, broadcast: int) -> None:
    """Hold the ledger against the carrier's own log: everybody once, nobody twice, nobody lost."""
    ledger = loa.loa("broadcasts", "ledger", str(broadcast))
    assert ledger["balanced"]
    assert ledger["settled"]
    assert ledger["planned"] == ledger["accepted"] == PEOPLE
    carrier = loa.carrier_says()
    assert (carrier["count"], carrier["distinct"], carrier["doubled"]) == (PEOPLE, PEOPLE, 0)


def everything_heard(loa: Installation, broadcast: int) -> bool:
    by = loa.ledger(broadcast).accepted_by
    return by.silent + by.network == 0


def numbers_in(people: Path) -> list[str]:
    """Return everybody in the list, by their number in E.164."""
    with people.open(encoding="utf-8", newline="") as file:
        typed = [row[0] for row in list(csv.reader(file))[1:]]
    return [read_phone(one) for one in typed[:PEOPLE]]


def ask_about(loa: Installation, people: Path, phone: str) -> None:
    """Search for a number and hand over a list, as an operator's program does over HTTP."""
    loa.loa("users", "add", "tracuu", "--agency", "Sở KH&CN", "--role", "sender")
    key = loa.loa("keys", "add", "tracuu", "--name", "tra cứu")["text"]

    def ask(path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "list-1"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{loa.machine.web_url}/api/v1{path}"
        with urlopen(Request(url, body, headers), timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    assert ask("/subscribers/search", json.dumps({"phone": phone}).encode())["phone"] != phone
    number = ask("/subscribers/imports?name=again.csv", people.read_bytes())["import"]
    path = f"/subscribers/imports/{number}"
    loa.until(lambda: ask(path)["state"] == "done")
    assert ask(path)["outcome"]["unchanged"] == PEOPLE


def check_the_logs(loa: Installation, broadcast: int, numbers: list[str]) -> None:
    """Every process has told what it did, under its ids, and nobody's number."""
    logs = loa.logs()
    read = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    lines = [line for line in read if "event" in line]
    assert any(line.get("broadcast") == broadcast and line.get("job") for line in lines)
    assert any(line.get("path") == "/api/v1/subscribers/search" for line in lines)
    assert all(line.get("request") for line in lines if line["event"] == "request")
    digits = re.findall(r"[0-9]{9,}", re.sub(r"(?<=[0-9])[ .-]+(?=[0-9])", "", logs))
    assert not [run for run in digits if any(number[-9:] in run for number in numbers)]


def test_everybody_is_texted_once_and_every_receipt_arrives(
    installation: Installation, tmp_path: Path
) -> None:
    broadcast = launch_to_everybody(installation, tmp_path)
    wait_until_finished(installation, broadcast)
    installation.until(lambda: everything_heard(installation, broadcast))
    check_the_books(installation, broadcast)
    by = installation.ledger(broadcast).accepted_by
    assert by.handset + by.failed == PEOPLE
    assert 0 < by.failed < PEOPLE / 5
    numbers = numbers_in(tmp_path / "subscribers.csv")
    ask_about(installation, tmp_path / "subscribers.csv", numbers[0])
    check_the_logs(installation, broadcast, numbers)


# A carrier that takes its time: on a busy machine everything else would be over at the first look.
@pytest.mark.parametrize("installation", [("--latency-ms", "50")], indirect=True)
def test_workers_killed_in_the_middle_lose_and_double_nobody(
    installation: Installation, tmp_path: Path
) -> None:
    """Nor is any step of a text missing from its partner's feed, or in it twice."""
    with partners_of_all_networks(installation) as partners:
        broadcast = launch_to_everybody(installation, tmp_path)
        installation.kill_a_worker_that_speaks(broadcast)
        installation.kill_workers_that_tell()

        wait_until_finished(installation, broadcast)
        check_the_books(installation, broadcast)
        installation.until(lambda: everything_heard(installation, broadcast))
        check_the_feeds(installation, partners)


def test_a_queue_flushed_in_the_middle_loses_and_doubles_nobody(
    installation: Installation, tmp_path: Path
) -> None:
    broadcast = launch_to_everybody(installation, tmp_path)
    installation.until(lambda: installation.ledger(broadcast).accepted > 0)
    installation.flush_the_queue()

    wait_until_finished(installation, broadcast)
    check_the_books(installation, broadcast)

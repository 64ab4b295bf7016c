"""``loa campaigns``: from a file to a broadcast, by the commands of four people."""

from pathlib import Path

import pytest

from tests.campaigns.definitions.files import GOOD
from tests.service.cli.clerk import Clerk, a_campaign_file


def test_a_campaign_is_planned_submitted_signed_and_launched(
    busy_clerk: Clerk, tmp_path: Path, valkey_url: str
) -> None:
    file = a_campaign_file(tmp_path)
    planned = busy_clerk.answer("campaigns", "plan", file)
    assert planned["recipients"] == 3
    assert planned["by_commune"] == {"06196": 2, "06184": 1}

    submitted = busy_clerk.answer("campaigns", "submit", file)
    assert submitted["digest"] == planned["digest"]
    assert (submitted["author"], submitted["revision"]) == ("tacgia", 1)
    assert submitted["needs"] == ["content_approver", "sender"]

    plan, digest = str(submitted["plan"]), submitted["digest"]
    first = busy_clerk.answer("campaigns", "sign", digest[:8], "--user", "duyet")
    assert (first["signed_by"], first["agency"]) == ("duyet", "Ban Tuyên giáo")
    assert first["needs"] == ["sender"]
    assert busy_clerk.answer("campaigns", "sign", plan, "--user", "gui")["needs"] == []

    launched = busy_clerk.answer("campaigns", "launch", plan, LOA_REDIS_URL=valkey_url)
    assert launched["deliveries"] == 3
    (broadcast,) = busy_clerk.answer("broadcasts", "list")
    assert (broadcast["broadcast"], broadcast["state"]) == (launched["broadcast"], "running")


def test_people_read_what_programs_get(busy_clerk: Clerk, tmp_path: Path) -> None:
    file = a_campaign_file(tmp_path)

    plan = busy_clerk.run("campaigns", "plan", file)
    submitted = busy_clerk.run("campaigns", "submit", file)
    signed = busy_clerk.run("campaigns", "sign", "1", "--user", "duyet")

    digest = busy_clerk.answer("campaigns", "plan", file)["digest"]
    assert "3 people would be texted" in plan.stdout
    assert plan.stdout.splitlines()[-1] == f"Digest {digest}"
    assert "Plan 1 for 3 people, by tacgia." in submitted.stdout
    assert "Still to be signed by: content_approver, sender." in submitted.stdout
    assert "Plan 1 is signed by duyet (Ban Tuyên giáo)." in signed.stdout


def test_planning_keeps_nothing(busy_clerk: Clerk, tmp_path: Path) -> None:
    file = a_campaign_file(tmp_path)
    busy_clerk.answer("campaigns", "plan", file)

    assert "no plan 1" in busy_clerk.refusal("campaigns", "sign", "1", "--user", "duyet")


def test_a_plan_that_breaks_a_rule_says_so_and_is_not_kept(
    busy_clerk: Clerk, tmp_path: Path
) -> None:
    file = a_campaign_file(tmp_path, budget={"segments": 1})

    planned = busy_clerk.run("campaigns", "plan", file)

    assert planned.exit_code == 1
    assert "broken: The plan needs 3 segments" in planned.stdout
    assert "The plan needs 3 segments" in busy_clerk.refusal("campaigns", "submit", file)
    assert "no plan 1" in busy_clerk.refusal("campaigns", "sign", "1", "--user", "duyet")


def test_nobody_signs_what_they_wrote_or_may_not(busy_clerk: Clerk, tmp_path: Path) -> None:
    busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path), "--user", "gui")

    assert "nobody signs what they wrote" in busy_clerk.refusal(
        "campaigns", "sign", "1", "--user", "gui"
    )
    assert "may not sign" in busy_clerk.refusal("campaigns", "sign", "1", "--user", "tacgia")
    assert "Nobody has the login" in busy_clerk.refusal("campaigns", "sign", "1", "--user", "x")
    assert "Nobody has the login" in busy_clerk.refusal(
        "campaigns", "submit", a_campaign_file(tmp_path), "--user", "x"
    )


def test_a_revision_voids_the_signatures(
    busy_clerk: Clerk, tmp_path: Path, valkey_url: str
) -> None:
    busy_clerk.answer("campaigns", "submit", a_campaign_file(tmp_path))
    for login in ("duyet", "gui"):
        busy_clerk.answer("campaigns", "sign", "1", "--user", login)
    changed = a_campaign_file(tmp_path, title="Một tên khác")

    again = busy_clerk.answer("campaigns", "submit", changed, "--revise")

    assert (again["plan"], again["revision"]) == (2, 2)
    said = busy_clerk.refusal("campaigns", "launch", "1", LOA_REDIS_URL=valkey_url)
    assert "signatures are void" in said
    assert busy_clerk.answer("broadcasts", "list") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Lạng Sơn: Xem https://bit.ly/abc. Hỏi đáp: {hotline}.", "link_shortener"),
    ],
)
def test_a_remark_that_stops_a_campaign_fails_the_check_already(
    busy_clerk: Clerk, tmp_path: Path, text: str, code: str
) -> None:
    """An author hears it from `check`, not only from `submit` with the approvers waiting."""
    file = a_campaign_file(tmp_path, texts={"vi": text})

    document = busy_clerk.answer("campaigns", "check", file, code=1)

    assert document["valid"] is document["files"][0]["valid"] is False
    stopping = [
        one["code"] for one in document["files"][0]["remarks"] if one["severity"] == "error"
    ]
    assert stopping == [code]
    shown = busy_clerk.run("campaigns", "check", file)
    assert shown.exit_code == 1
    assert "`submit` would refuse" in shown.stdout
    assert "can be planned" not in shown.stdout
    assert busy_clerk.run("campaigns", "submit", file).exit_code == 1


def test_a_remark_to_weigh_does_not_fail_the_check(clerk: Clerk, tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")

    document = clerk.answer("campaigns", "check", file)

    assert document["valid"] is True
    assert document["files"][0]["remarks"] != []


def test_a_plan_is_sent_back_with_a_reason(busy_clerk: Clerk, tmp_path: Path) -> None:
    """Whoever could sign it says why; the author hears it when the plan is to be launched."""
    file = a_campaign_file(tmp_path)
    busy_clerk.answer("campaigns", "submit", file)
    busy_clerk.answer("users", "add", "nga", "--agency", "A", "--role", "content_approver")
    words = ("campaigns", "return", "1", "--user", "nga", "--reason", "Thiếu giờ.")
    assert busy_clerk.answer(*words)["by"] == "nga"
    assert "sent back by nga" in busy_clerk.run(*words).stdout
    assert "Thiếu giờ." in busy_clerk.refusal("campaigns", "sign", "1", "--user", "nga")
    rejected = busy_clerk.answer("campaigns", "reject", "1", "--user", "nga", "--reason", "Thôi.")
    assert rejected["is_final"] is True
    assert "rejected by nga: Thôi." in busy_clerk.run(*words).stdout

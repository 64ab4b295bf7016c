"""``loa figures``: the day's figures from a file."""

from pathlib import Path

from tests.service.cli.clerk import Clerk


def test_a_file_is_taken_over_whole_or_not_at_all(clerk: Clerk, tmp_path: Path) -> None:
    owner = ("--agency", "Sở Y tế", "--role", "health_data_owner")
    clerk.answer("users", "add", "syt", *owner)
    clerk.answer("users", "add", "minh", "--agency", "Sở KH&CN", "--role", "sender")
    file = tmp_path / "figures.csv"
    good = "2026-11-20,2026-11-20T15:00+07:00,Sở Y tế,12,"
    heading = "day,as_of,source,cases_today,cases_total"
    file.write_text(f"{heading}\n{good}\n2026-11-19,x,Sở Y tế,12,\n", encoding="utf-8")
    said = clerk.refusal("figures", "load", str(file), "--user", "syt")
    assert "line 3" in said
    assert "Nothing was kept" in said
    assert clerk.answer("figures", "show")["days"] == []
    file.write_text(f"{heading}\n{good}\n", encoding="utf-8")
    assert "health_data_owner" in clerk.refusal("figures", "load", str(file), "--user", "minh")
    assert clerk.answer("figures", "load", str(file), "--user", "syt") == {"days": ["2026-11-20"]}
    (day,) = clerk.answer("figures", "show")["days"]
    assert day["figures"] == {"cases_today": 12}
    assert "12" in clerk.run("figures", "show").stdout

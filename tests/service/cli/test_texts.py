"""The commands about texts and campaign files, as a clerk and a program use them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from campaigns.definitions.schema import json_schema
from campaigns.texts.segments import measure
from service.cli.definitions import check, schema
from service.cli.texts import texts
from tests.campaigns.definitions.files import GOOD


def run_texts(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(texts, ["measure", *arguments], input=given)


def test_a_program_gets_one_object_for_each_line_in_order() -> None:
    """Ten thousand texts are measured through one pipe."""
    bodies = ["", "Xin chào", "a" * 161, "ế" * 71, "một\nhai", "€{}", "您好"] * 20
    given = "".join(f"{json.dumps(body)}\n" for body in bodies)
    result = run_texts("--lines", "--json", given=given)
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    expected = [measure(body) for body in bodies]
    assert [(a["encoding"], a["segments"]) for a in answers] == [
        (counted.encoding, counted.segments) for counted in expected
    ]


@pytest.mark.parametrize(
    "bad", [b"xyz", b"5", b"", b"null", b'["a"]', b'"\\ud800"', b'"\xff"', b"[" * 100_000]
)
def test_a_bad_line_is_answered_in_its_place_and_fails_the_command(bad: bytes) -> None:
    """The lines around it are measured all the same, and the program can tell which was bad."""
    result = run_texts("--lines", "--json", given=b'"a"\n' + bad + b'\n"b"\n')
    assert result.exit_code == 1
    first, wrong, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert first["segments"] == last["segments"] == 1
    assert "Line 2" in wrong["error"]
    assert "segments" not in wrong


def test_people_get_columns() -> None:
    """Encoding, segments with accents, segments without."""
    result = run_texts("--lines", given="Xin chào\n" + "ế" * 71 + "\n")
    assert result.stdout.splitlines() == ["GSM-7\t1\t1", "UCS-2\t2\t1"]


def test_one_text_is_shown_both_ways_with_what_makes_it_dear() -> None:
    """An author sees the price of accents and the words that need them."""
    document = json.loads(run_texts("--json", "--text", "Cấm mở tiệm " * 8).stdout)
    assert (document["encoding"], document["segments"]) == ("UCS-2", 2)
    assert document["forcing"] == ["ấ", "ở", "ệ"]
    assert (document["unaccented"]["encoding"], document["unaccented"]["segments"]) == ("GSM-7", 1)
    assert document["cheapest"] == "unaccented"
    tiem = next(one for one in document["confusions"] if one["word"] == "tiệm")
    assert "tiêm" in tiem["others"]


def test_one_text_is_shown_to_people_letter_for_letter() -> None:
    """Brackets are letters, not formatting, and invisible letters are named."""
    shown = run_texts("--text", "Đề nghị [/b]\u00a0tiêm").stdout
    assert "De nghi [/b] tiem" in shown
    assert "U+00A0" in shown
    assert "tiêm/tiệm" in shown


def test_a_text_and_lines_at_once_are_wrong_usage() -> None:
    """The clerk is told what to choose between."""
    for arguments in ((), ("--lines", "--text", "a")):
        result = run_texts(*arguments)
        assert result.exit_code == 2
        assert "--lines" in result.stderr


def test_a_text_that_is_no_utf8_is_refused_in_one_sentence() -> None:
    """A terminal with another encoding gives a sentence, not a traceback."""
    result = run_texts("--text", "L\udce2ng")
    assert result.exit_code == 1
    assert "UTF-8" in result.stderr


def test_a_good_campaign_file_is_checked_with_its_digest(tmp_path: Path) -> None:
    """The answer names the campaign and what will be signed."""
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    result = CliRunner().invoke(check, [str(path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["valid"] is True
    (entry,) = document["files"]
    assert (entry["campaign"], len(entry["digest"])) == ("cap-do-3-cam", 64)


def test_a_faulty_campaign_file_is_refused_with_lines_and_remedies(tmp_path: Path) -> None:
    """Exit code 1, one line for each fault, and the good file beside it is checked too."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD.replace("public_info", "promo"), encoding="utf-8")
    result = CliRunner().invoke(check, [str(good), str(bad)])
    assert result.exit_code == 1
    assert "cap-do-3-cam can be planned" in result.stdout
    assert "line 5, class: promo is advertising" in result.stdout
    assert "[QC]" in result.stdout
    document = json.loads(CliRunner().invoke(check, [str(bad), "--json"]).stdout)
    assert document["files"][0]["complaints"][0]["line"] == 5


def test_the_schema_is_printed_whole() -> None:
    """What an editor is given is what Loa checks."""
    for arguments in ([], ["--json"]):
        result = CliRunner().invoke(schema, arguments)
        assert json.loads(result.stdout) == json_schema()

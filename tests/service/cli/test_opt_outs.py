"""Opt-outs at the command line: of one number, about one topic, and of a clerk's whole list."""

from pathlib import Path

import pytest

from service.database import open_engine, open_sessions
from tests.builders import an_area
from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import Clerk

NUMBERS = ("0961234515", "0961234516", "0961234517")


@pytest.fixture
def clerk(fresh_database: str, data_dir: Path, tmp_path: Path) -> Clerk:
    """A clerk whose list has three people."""
    engine = open_engine(fresh_database)
    with open_sessions(engine).begin() as session:
        an_area(session, "06196")
    engine.dispose()
    clerk = Clerk(fresh_database, data_dir)
    people = a_list(tmp_path, *(f"{number},06196" for number in NUMBERS), name="people.csv")
    assert clerk.answer("subscribers", "import", people)["entered"] == 3
    return clerk


def reachable(clerk: Clerk) -> int:
    found: int = clerk.answer("subscribers", "count")["reachable"]
    return found


def test_a_clerks_list_stops_texts_whatever_else_is_in_it(clerk: Clerk, tmp_path: Path) -> None:
    """A second run changes nothing, and says so."""
    path = tmp_path / "stops.csv"
    rows = "Họ tên;Số điện thoại\nA;0961234515\nB;+84 96 123 4516\nC;1022\n"
    path.write_text(rows, encoding="utf-8")
    words = ("subscribers", "opt-out-list", path, "--source", "họp thôn")
    first = clerk.answer(*words)
    assert (first["opted_out"], first["known"], first["refused"]) == (2, 0, {"short_code": 1})
    again = clerk.answer(*words)
    assert (again["opted_out"], again["known"]) == (0, 2)
    assert "2 had said so before" in clerk.run(*words).stdout
    assert reachable(clerk) == 1
    (_, stopped) = clerk.answer("subscribers", "history", NUMBERS[0])["events"]
    assert (stopped["source"], len(stopped["evidence"])) == ("họp thôn", 32)


def test_a_list_without_any_number_is_refused(clerk: Clerk, tmp_path: Path) -> None:
    path = a_list(tmp_path, "1022,06196", "không có,06196", name="none.csv")
    said = clerk.answer("subscribers", "opt-out-list", path, "--source", "x", code=1)
    assert sum(said["refused"].values()) == 2
    other = tmp_path / "other.csv"
    other.write_text("tên,xã\nA,B\n", encoding="utf-8")
    words = ("subscribers", "opt-out-list", other, "--source", "x")
    assert "names the column of the numbers" in clerk.refusal(*words)
    assert reachable(clerk) == 3


def test_a_topic_can_be_stopped_alone(clerk: Clerk) -> None:
    words = ("subscribers", "opt-out", NUMBERS[0], "--source", "x", "--topic", "vaccination")
    assert clerk.answer(*words)["topic"] == "vaccination"
    assert "about vaccination" in clerk.run(*words).stdout
    assert reachable(clerk) == 3
    events = clerk.answer("subscribers", "history", NUMBERS[0])["events"]
    assert [event["topic"] for event in events] == ["", "vaccination", "vaccination"]

"""Every path of the shipped hotline, in every language, on a day of 2021 and on one of today."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.areas import load_lang_son
from campaigns.levels import decide_level
from campaigns.people import Role
from campaigns.sealing import Sealer
from hotline.answers.versions import approve_answers
from hotline.loading import HotlineSet, load_set, read_set, shipped_files
from hotline.scripts.checks import LONGEST_NODE_S, LONGEST_WAY_S
from tests.builders import a_person
from tests.databases import kinds
from tests.fakes.telephones import Exchange, an_exchange
from tests.hotline.builders import LONG_AGO
from tests.journeys.crawling import Crawler, Walk

LANGUAGES = {"vi": "1", "tyz": "2", "ium": "3", "zh": "8", "en": "9"}
# A Monday in office hours, when every answer held; and a Monday evening, when few still do.
MOMENTS = {
    "2021": datetime.fromisoformat("2021-11-15T10:00+07:00"),
    "2026": datetime.fromisoformat("2026-11-16T20:00+07:00"),
}
COMMUNE = "06196"


@pytest.fixture(scope="module")
def shipped() -> HotlineSet:
    return read_set(shipped_files())


@pytest.fixture(scope="module")
def declaring() -> HotlineSet:
    """The declaration, switched on, behind a menu with nothing else of any length."""
    files = shipped_files()
    script = yaml.safe_load(files["script.yaml"])
    choices = {"1": script["nodes"]["declarations"]["choices"]["5"], "2": {"answer": "V08"}}
    nodes = {name: script["nodes"][name] for name in ("welcome", "declare")}
    script["nodes"] = nodes | {"main": {"kind": "menu", "choices": choices}}
    switched = files["declaration.yaml"].replace("enabled: false", "enabled: true")
    return read_set(files | {"script.yaml": yaml.safe_dump(script), "declaration.yaml": switched})


@pytest.fixture
def exchange(
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    data_dir: Path,
    request: pytest.FixtureRequest,
) -> Exchange:
    """The named hotline, every answer of it approved, and a commune with a level."""
    found: HotlineSet = request.getfixturevalue(getattr(request, "param", "shipped"))
    with sessions.begin() as session:
        load_lang_son(session)
        decide_level(
            session,
            COMMUNE,
            level=3,
            effective_at=datetime.fromisoformat("2021-11-01T00:00+07:00"),
            document="1825/QĐ-UBND",
            now=LONG_AGO,
        )
        load_set(session, found, author="tacgia", now=LONG_AGO)
        both = (Role.HEALTH_DATA_OWNER, Role.CONTENT_APPROVER)
        person = a_person(session, "duyet", *both, agency="Sở Y tế")
        approve_answers(session, found.answers, person=person, now=LONG_AGO)
    return an_exchange(engine, sessions, sealer, data_dir)


@pytest.mark.parametrize(
    ("moment", "language", "engine"),
    [
        *(("2021", language, "sqlite") for language in LANGUAGES),
        *(("2026", language, "sqlite") for language in LANGUAGES if language != "vi"),
        ("2026", "vi", kinds()[-1]),
    ],
    indirect=["engine"],
)
def test_no_path_ends_in_silence_or_in_a_circle(
    exchange: Exchange, shipped: HotlineSet, moment: str, language: str
) -> None:
    """Whatever a caller presses, says or does not say: sense is heard, and a way leads on.

    The telephone itself fails on any answer that is not 200, on any TwiML that not every switch
    runs, and on redirects without end.
    """
    exchange.clock.moment = MOMENTS[moment]
    walk = walk_all(exchange, language)
    nodes = {state.node for state in walk.edges}
    if moment == "2021":
        everywhere = set(shipped.script.nodes) - {"declare", "welcome"}
        assert everywhere <= nodes
        assert {node for node in nodes if node.startswith("answer:")}


@pytest.mark.parametrize("language", ["vi", "zh", "ium"])
@pytest.mark.parametrize(
    ("exchange", "engine"), [("declaring", "sqlite")], indirect=["exchange", "engine"]
)
def test_no_path_of_a_declaration_does_either(
    exchange: Exchange, declaring: HotlineSet, language: str
) -> None:
    """Off as it is shipped, and yet every question of it is asked here, and answered badly."""
    exchange.clock.moment = MOMENTS["2026"]
    walk = walk_all(exchange, language)
    asked = {json.loads(state.notes).get("asked") for state in walk.edges}
    assert {question.id for question in declaring.declaration.questions} <= asked


def walk_all(exchange: Exchange, language: str) -> Walk:
    """Walk every path; whatever is wrong with any of them fails here."""
    connection = exchange.sessions.kw["bind"]
    assert isinstance(connection, Connection)
    walk = Crawler(exchange, connection, language, first=LANGUAGES[language]).walk()
    assert walk.dead_ends() == []
    assert walk.circles() == []
    assert walk.longest_sound_s <= LONGEST_NODE_S
    assert walk.longest_turn[0] <= LONGEST_WAY_S, walk.longest_turn
    return walk

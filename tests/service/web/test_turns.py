"""Turns in groups: each as if it had been asked for alone, whatever becomes of the others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.call_records import Call, Turn
from service.database import open_engine, open_sessions
from service.ports import free_port
from service.twilio.voice import VoiceRenderer
from service.web.switchboard import Switchboard
from service.web.turns import Asked
from tests.builders import NOON
from tests.fakes.telephones import PUBLIC_URL, put_library

Open = Callable[[], Switchboard]


@pytest.fixture
def open_one(sessions: sessionmaker[Session], sealer: Sealer) -> Open:
    """A switchboard as one of many processes would have it."""
    with sessions.begin() as session:
        put_library(session)
    return lambda: a_switchboard(sessions, sealer)


def a_switchboard(sessions: sessionmaker[Session], sealer: Sealer) -> Switchboard:
    renderer = VoiceRenderer(public_url=PUBLIC_URL, voices={"vi": "v", "zh": "z", "en": "e"})
    return Switchboard(sessions, sealer, renderer, ask_for_texts=lambda: None, now=lambda: NOON)


def rings(sid: str) -> Asked:
    return Asked.of(None, {"CallSid": sid})


def presses(sid: str, number: int, key: str) -> Asked:
    return Asked.of(number, {"CallSid": sid, "Digits": key})


def turns_kept(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Turn)) or 0


def test_a_group_is_answered_as_if_each_were_alone(open_one: Open) -> None:
    """Calls at different places, one that rings and one that nobody knows, in one group."""
    alone, together = open_one(), open_one()
    every = [rings("CA1"), rings("CA2"), presses("CA2", 1, "1"), presses("CA2", 2, "1")]
    for one in every:
        alone.answer([one])
    asked = [presses("CA1", 1, "9"), rings("CA3"), presses("CA2", 3, "1"), presses("CA4", 7, "1")]
    answered = together.answer(asked)

    # Asked again alone, every one of them is given the same document.
    assert [alone.answer([one])[0] for one in asked] == answered
    assert len(set(answered)) == 3  # the third call's beginning is the fourth's as well
    assert "câu trả lời Tien".encode() in answered[2]


def test_turns_of_one_call_do_not_overtake_each_other(
    open_one: Open, sessions: sessionmaker[Session]
) -> None:
    """Whoever keys faster than we answer, or asks twice, is answered turn by turn."""
    switchboard = open_one()
    switchboard.answer([rings("CA1")])
    answered = switchboard.answer(
        [presses("CA1", 1, "1"), presses("CA1", 1, "9"), presses("CA1", 1, "1")]
    )
    assert len(set(answered)) == 1
    assert turns_kept(sessions) == 2


def test_one_call_that_cannot_be_answered_costs_nobody_else_an_answer(
    open_one: Open, sessions: sessionmaker[Session]
) -> None:
    """Its caller hears whom to call; the others hear what they asked for."""
    switchboard = open_one()
    switchboard.answer([rings("CA1"), rings("CA2"), rings("CA3")])
    with sessions.begin() as session:
        broken = select(Call.id).where(Call.sid == "CA2").scalar_subquery()
        session.execute(update(Turn).where(Turn.call_id == broken).values(visit="{"))
    good, bad, other = switchboard.answer(
        [presses("CA1", 1, "1"), presses("CA2", 1, "1"), presses("CA3", 1, "1")]
    )
    assert good == other
    assert b"~choice~" in good
    assert b"~fault~" in bad


def test_processes_that_take_the_same_turns_agree_on_every_one(
    commits: sessionmaker[Session], sealer: Sealer
) -> None:
    """Four processes are asked for the same turns at once, in different orders."""
    with commits.begin() as session:
        put_library(session)
    sids = [f"CA{number}" for number in range(12)]
    boards = [a_switchboard(commits, sealer) for _ in range(4)]

    def ask(index: int) -> dict[str, bytes]:
        mine = sids[index * 3 :] + sids[: index * 3]
        boards[index].answer([rings(sid) for sid in mine])
        keys = [presses(sid, 1, "19"[index % 2]) for sid in mine]
        return dict(zip(mine, boards[index].answer(keys), strict=True))

    with ThreadPoolExecutor(4) as processes:
        first, *others = processes.map(ask, range(4))
    kept = turns_kept(commits)
    assert all(other == first for other in others)
    assert all(b"~choice~" in document for document in first.values())
    assert kept == 2 * len(sids)


def test_while_the_database_is_away_everybody_hears_whom_to_call(sealer: Sealer) -> None:
    """At once for the whole group, not one after the other."""
    engine = open_engine(f"postgresql://loa@127.0.0.1:{free_port()}/loa")
    switchboard = a_switchboard(open_sessions(engine), sealer)
    answered = switchboard.answer([rings("CA1"), rings("CA2")])
    engine.dispose()
    assert all("một một năm".encode() in document for document in answered)

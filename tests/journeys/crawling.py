"""Crawling: every path of the hotline walked breadth-first, over HTTP, by a telephone."""

import copy
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from hotline.call_records import Call, Turn
from hotline.speaking.durations import seconds_of
from service.loopback.telephone import Telephone
from service.loopback.twiml import Dial, Gather, Record, Say
from tests.fakes.telephones import Exchange, heard_on

SILENCE = "silence"
NONSENSE = "say quả táo màu xanh"
KEYS = "0123456789*#"
# A code that exists, one that does not, letters that fit one commune, several, or none.
ENTRIES = ("06196", "00000", "2", "22", "99999", "0", "*", "#")
# What a declaration asks for by so many keys: a province, a year, a number to be reached on.
FITTING = {2: ("20",), 4: ("1970",), 10: ("1", "0912345678")}
OVER = "over"
# Another language: that is another walk.
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class State:
    """Where a call is, as its row says, and what it waits for."""

    node: str
    language: str
    notes: str
    misses: int
    waits: str


@dataclass
class Walk:
    """What a crawl has seen: where each thing done leads, and how long each turn takes."""

    edges: dict[State, dict[str, State | str]] = field(default_factory=dict)
    longest_sound_s: float = 0
    longest_turn: tuple[float, State | str, str] = (0, "", "")
    heard: set[str] = field(default_factory=set)

    def dead_ends(self) -> list[State]:
        """Return the states from which no way leads to the end of the call."""
        leads_out: set[State | str] = {OVER, ELSEWHERE}
        while True:
            more = {
                state
                for state, doings in self.edges.items()
                if state not in leads_out and leads_out & set(doings.values())
            }
            if not more:
                return [state for state in self.edges if state not in leads_out]
            leads_out |= more

    def circles(self) -> list[State]:
        """Return the states from which somebody who does nothing at all is never let go."""
        caught = []
        for start in self.edges:
            seen: set[State] = set()
            state: State | str = start
            while isinstance(state, State) and state not in seen:
                seen.add(state)
                state = self.edges[state][SILENCE]
            if not isinstance(state, str):
                caught.append(start)
        return caught


@dataclass
class Crawler:
    """Walks from the greeting; everything done is undone again before the next."""

    exchange: Exchange
    connection: Connection
    language: str
    first: str

    def walk(self) -> Walk:
        walk = Walk()
        known: set[State | str] = {OVER, ELSEWHERE}
        waiting: deque[tuple[str, ...]] = deque([(self.first,)])
        while waiting:
            path = waiting.popleft()
            with self._undone():
                telephone = self._go(path)
                here = self._state(telephone)
                assert isinstance(here, State), f"the language is not chosen by {path}"
                waiting += [(*path, *on) for on in self._expand(telephone, here, walk, known)]
        return walk

    def _expand(
        self, telephone: Telephone, here: State, walk: Walk, known: set[State | str]
    ) -> Iterator[tuple[str, ...]]:
        """Do everything that can be done *here*; yield the ways to places not yet known."""
        doings = walk.edges[here] = {}
        for doing in _doings(telephone, here):
            with self._undone():
                another = copy.copy(telephone)
                there = doings[doing] = self._try(another, doing, walk)
                if there in known:
                    continue
                known.add(there)
                if isinstance(there, State) and there.misses:
                    # The same place with a miss: going on from here needs no way of its own.
                    ways = [(doing, *on) for on in self._expand(another, there, walk, known)]
                else:
                    ways = [(doing,)]
            yield from ways

    def _try(self, telephone: Telephone, doing: str, walk: Walk) -> State | str:
        telephone._rest = list(telephone._rest)
        do(telephone, doing)
        there = self._state(telephone)
        said = [sound for sound in telephone.heard if isinstance(sound, Say)]
        sounds = [seconds_of(sound.text, sound.language[:2]) for sound in said]
        assert sounds, f"nothing was heard at {there}"
        walk.longest_sound_s = max(walk.longest_sound_s, *sounds)
        walk.longest_turn = max(
            walk.longest_turn, (sum(sounds), there, heard_on(telephone)), key=lambda turn: turn[0]
        )
        walk.heard |= {sound.text for sound in said}
        return there

    def _go(self, path: tuple[str, ...]) -> Telephone:
        telephone = self.exchange.ringing()
        for doing in path:
            do(telephone, doing)
        return telephone

    def _state(self, telephone: Telephone) -> State | str:
        if telephone.is_over:
            return OVER
        with self.exchange.sessions() as session:
            written = session.scalars(
                select(Turn.visit)
                .join(Call, Call.id == Turn.call_id)
                .where(Call.sid == telephone.sid)
                .order_by(Turn.number.desc())
            ).first()
        visit = json.loads(written or "{}")
        if visit["language"] != self.language:
            return ELSEWHERE
        return State(
            visit["node"],
            visit["language"],
            # Which of a household's declarations it is makes no other place.
            json.dumps(visit["notes"] | {"declaration": ""}, sort_keys=True),
            visit["misses"],
            _waits(telephone),
        )

    @contextmanager
    def _undone(self) -> Iterator[None]:
        with self.connection.begin_nested() as savepoint:
            yield
            savepoint.rollback()


def do(telephone: Telephone, doing: str) -> None:
    word, _, rest = doing.partition(" ")
    match word:
        case "silence":
            telephone.stay_silent()
        case "say":
            telephone.say(rest)
        case "message":
            telephone.leave_message(int(rest))
        case "rung":
            telephone.end_ringing(rest)
        case keys:
            assert telephone.press(keys) == ""


def _doings(telephone: Telephone, here: State) -> Iterator[str]:
    yield SILENCE
    if here.misses:
        # What else can be done here was done in the same place with a clean sheet.
        return
    match telephone.waits:
        case Gather(most=1):
            yield from KEYS
            yield NONSENSE
        case Gather(most=most):
            entries = [entry[:most] for entry in (*ENTRIES, *FITTING.get(most, ()))]
            yield from (
                entry if len(entry) == most or entry == "#" else f"{entry}#" for entry in entries
            )
            yield NONSENSE
        case Record():
            yield from ("message 1", "message 9")
        case Dial():
            yield from ("rung completed", "rung busy", "rung no-answer", "rung failed")
        case None:
            raise AssertionError("nothing is waited for")


def _waits(telephone: Telephone) -> str:
    waits = telephone.waits
    return f"Gather {waits.most}" if isinstance(waits, Gather) else type(waits).__name__

"""Turns asked for at the same time: looked up together, thought out one by one, kept together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.calls.keeping import Latest, Opening, find_latest, find_opening, keep_calls
from hotline.calls.opening import LONGEST_CALL
from hotline.calls.turns import (
    Answer,
    Taken,
    begin_call,
    keep,
    keep_all,
    repeat,
    think,
    think_opening,
)
from hotline.errors import NothingToSayError, TurnTakenError
from hotline.library import Library
from service.database import reading_sessions
from service.twilio.hearing import read_call_sid, read_caller, read_heard
from service.web.libraries import HeldLibrary

_TRIES = 3
# A call's first turn is thought out before the call has its number in the tables.
_NO_ID = 0

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a carrier asks about the call *sid*: its turn *number*, None when it rings."""

    sid: str
    number: int | None
    form: Form

    @property
    def caller(self) -> str | None:
        return read_caller(self.form)

    @classmethod
    def of(cls, number: int | None, form: Form) -> "Asked":
        return cls(read_call_sid(form), number, form)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the tables say before anything is thought: of each call where it is, or who rings."""

    library: Library
    latest: Mapping[str, Latest]
    openings: Mapping[str, Opening]
    answers: Mapping[int, Answer]


class Turns:
    """Takes the turns of every call; any process may take any turn."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        sealer: Sealer,
        library: HeldLibrary,
        *,
        ask_for_texts: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Answer as of *now*; *ask_for_texts* is called after a turn that owes somebody a text."""
        self._sessions = sessions
        self._looking = reading_sessions(sessions)
        self._sealer = sealer
        self._library = library
        self._ask_for_texts = ask_for_texts
        self._now = now

    def take(self, asked: Sequence[Asked]) -> list[Answer]:
        """Return for each of *asked* the turn that answers it, every one of them kept.

        A call that nobody knows begins, whatever is asked of it. Raises NothingToSayError when
        there is no script, TurnTakenError when others took the same turns again and again.
        """
        answers: dict[int, Answer] = {}
        left = dict(enumerate(asked))
        for _ in range(_TRIES):
            try:
                answers |= self._take(left)
            except OperationalError as fault:
                # Instead of a connection that the server has closed there will be another.
                if not fault.connection_invalidated:
                    raise
            left = {index: one for index, one in left.items() if index not in answers}
            if not left:
                return [answers[index] for index in range(len(asked))]
        raise TurnTakenError("Other processes took these turns. Nothing was changed; ask again.")

    def _take(self, left: Mapping[int, Asked]) -> dict[int, Answer]:
        """Answer what can be answered now: of each call one new turn, unless others take it."""
        now = self._now()
        looked = self._look(left, now=now)
        answers = dict(looked.answers)
        waiting = {one.sid: index for index, one in left.items() if index not in answers}
        thought: dict[str, Taken] = {}
        with self._sessions() as session:
            for sid, index in waiting.items():
                taken = self._think(session, looked, left[index], now=now)
                # Most turns write nothing but themselves. What reads or writes more is kept
                # alone, in one transaction with whatever that was.
                if not session.in_transaction():
                    thought[sid] = taken
                elif kept := self._keep_alone(session, looked, left[index], taken, now=now):
                    answers[index] = kept
            kept_together = self._keep(session, looked, thought, now=now)
        return answers | {waiting[sid]: answer for sid, answer in kept_together.items()}

    def _look(self, left: Mapping[int, Asked], *, now: datetime) -> _Looked:
        """Read what the turns begin with, and what was answered already."""
        callers = {one.sid: one.caller for one in left.values()}
        with self._looking() as session:
            latest = find_latest(session, callers)
            revision = next((one.revision for one in latest.values()), None)
            library = self._library.current(session, revision=revision)
            if library is None:
                raise NothingToSayError("No script was ever loaded; nobody can be answered.")
            openings = {
                sid: find_opening(session, caller, since=now - LONGEST_CALL, sealer=self._sealer)
                for sid, caller in callers.items()
                if sid not in latest
            }
            said = {
                index: repeat(session, latest[one.sid], one.number)
                for index, one in left.items()
                if one.sid in latest
            }
        answers = {index: answer for index, answer in said.items() if answer is not None}
        return _Looked(library, latest, openings, answers)

    def _think(self, session: Session, looked: _Looked, one: Asked, *, now: datetime) -> Taken:
        latest = looked.latest.get(one.sid)
        if latest is None:
            return think_opening(
                session,
                looked.library,
                looked.openings[one.sid],
                call_id=_NO_ID,
                sealer=self._sealer,
                now=now,
            )
        heard = read_heard(one.form)
        return think(session, looked.library, latest, heard=heard, sealer=self._sealer, now=now)

    def _keep_alone(
        self, session: Session, looked: _Looked, one: Asked, taken: Taken, *, now: datetime
    ) -> Answer | None:
        """Keep a turn with what else it wrote; None when another process has taken it."""
        try:
            if one.sid in looked.openings:
                session.rollback()
                answer = begin_call(
                    session,
                    looked.library,
                    sid=one.sid,
                    caller=one.caller,
                    sealer=self._sealer,
                    now=now,
                )
            else:
                keep(session, taken)
                answer = taken.answer
            session.commit()
        except TurnTakenError:
            session.rollback()
            return None
        if taken.owes_text:
            self._ask_for_texts()
        return answer

    def _keep(
        self, session: Session, looked: _Looked, thought: Mapping[str, Taken], *, now: datetime
    ) -> dict[str, Answer]:
        """Keep turns, by call, in one transaction; return the answers that are now kept."""
        ringing = {sid: looked.openings[sid] for sid in thought if sid in looked.openings}
        ids = keep_calls(session, ringing, now=now)
        turns = {
            sid: taken.of_call(ids[sid]) if sid in ids else taken for sid, taken in thought.items()
        }
        if keep_all(session, turns.values()):
            session.commit()
            return {sid: taken.answer for sid, taken in turns.items()}
        session.rollback()
        if len(thought) == 1:
            return {}
        # Another process has taken one of them; one by one it shows which.
        alone = [self._keep(session, looked, {sid: one}, now=now) for sid, one in thought.items()]
        return {sid: answer for kept in alone for sid, answer in kept.items()}

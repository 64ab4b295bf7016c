"""The switchboard: one request of a call in, one document out; a caller always hears something."""

import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.keeping import Found, find_turn, keep_turn
from hotline.calls.opening import LONGEST_CALL
from hotline.calls.turns import begin_call, end_call, is_taken, think, think_opening
from hotline.errors import TurnTakenError
from hotline.library import Library
from hotline.speaking.wording import say_aloud
from hotline.steps import HangUp, Reply, Spoken
from hotline.tickets import note_voice
from service.single_statements import ConnectionLostError, SingleStatements
from service.twilio.hearing import is_over, read_call_sid, read_caller, read_heard
from service.twilio.voice import VoiceRenderer
from service.web.libraries import HeldLibrary

_TRIES = 3
_BEYOND = 10_000
_LANGUAGE = "vi"
# Said when not even the phrases can be read: the hotline has none yet, or no database.
_LAST_WORDS = (
    "Xin lỗi, tổng đài đang gặp sự cố. Xin gọi lại sau ít phút. "
    "Nếu nguy hiểm đến tính mạng, hãy gọi ngay số một một năm."
)

log = logging.getLogger(__name__)

Form = Mapping[str, str]
Numbered = tuple[int, Reply]


class Switchboard:
    """Takes the turns of every call; any process may take any turn."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        sealer: Sealer,
        renderer: VoiceRenderer,
        *,
        ask_for_texts: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Answer as of *now*; *ask_for_texts* is called after a turn that owes somebody a text."""
        self._sessions = sessions
        self._sealer = sealer
        self._renderer = renderer
        self._ask_for_texts = ask_for_texts
        self._now = now
        self._library = HeldLibrary()
        bound = sessions.kw["bind"]
        # SQLite gains nothing by a second connection, and would wait for itself.
        is_served = isinstance(bound, Engine) and bound.dialect.name == "postgresql"
        self._single = SingleStatements(bound) if is_served else None

    def begin(self, form: Form) -> bytes:
        """Answer a call that comes in."""
        return self._answer(lambda: self._begin(form))

    def take(self, number: int, form: Form) -> bytes:
        """Take turn *number* of a call; a call that nobody knows begins with it."""
        # No call gets so far; a larger number would be none that a database can compare.
        number = min(number, _BEYOND)
        return self._answer(lambda: self._take(number, read_heard(form), form))

    def end(self, form: Form) -> bool:
        """Take note that a call is over; return whether that is kept, or was nothing to keep."""
        sid = read_call_sid(form)
        if not (sid and is_over(form)):
            return True
        return self._note(lambda session: end_call(session, sid=sid, now=self._now()))

    def note_recording(self, form: Form) -> bool:
        """Take note that a voice message can be fetched; return whether that is kept."""
        heard = read_heard(form)
        if heard.kind is not HeardKind.VOICE or form.get("RecordingStatus") != "completed":
            return True
        return self._note(
            lambda session: note_voice(session, heard.voice_sid, seconds=heard.seconds)
        )

    def _begin(self, form: Form) -> Numbered:
        sid, caller, now = read_call_sid(form), read_caller(form), self._now()
        with self._sessions() as session:
            if self._single and sid:
                begun = self._begin_quickly(session, self._single, sid, caller, now)
                if begun is not None:
                    return begun
                session.rollback()
            library = self._library.current(session)
            # Without a name no second turn would ever find this call again.
            if library is None or not sid:
                log.error("a call came %s", "without a CallSid" if library else "before a script")
                return 0, self._apologise()
            begun = begin_call(
                session, library, sid=sid, caller=caller, sealer=self._sealer, now=now
            )
            session.commit()
            return begun

    def _begin_quickly(
        self,
        session: Session,
        single: SingleStatements,
        sid: str,
        caller: str | None,
        now: datetime,
    ) -> Numbered | None:
        """Begin a call with two statements; None when its first place needs more than those."""
        fingerprint = self._sealer.fingerprint(caller) if caller else None
        sealed = self._sealer.seal(caller) if caller else None
        opening = single.find_opening(sid, fingerprint, since=now - LONGEST_CALL)
        if opening.number is not None:
            return opening.number, Reply.from_json(opening.reply or "")
        library = self._library.current(session, revision=opening.revision)
        if library is None:
            return None
        # Reading the library anew has begun a transaction, which tells nothing of the place.
        session.rollback()
        taken = think_opening(
            session,
            library,
            opening,
            call_id=0,
            fingerprint=fingerprint,
            sealed=sealed,
            sealer=self._sealer,
            now=now,
        )
        if session.in_transaction():
            return None
        call = {"sid": sid, "fingerprint": fingerprint, "sealed": sealed}
        if not single.keep_opening(taken.values | call):
            raise TurnTakenError("Another process took this call. Nothing was changed; ask again.")
        return 0, taken.reply

    def _take(self, number: int, heard: Heard, form: Form) -> Numbered:
        with self._sessions() as session:
            found = self._find(session, read_call_sid(form), number)
            if found is not None:
                if is_taken(found, number):
                    return found.number, Reply.from_json(found.reply)
                library = self._library.current(session, revision=found.revision)
                if library is not None:
                    return number, self._think(session, library, found, heard)
        return self._begin(form)

    def _find(self, session: Session, sid: str, number: int) -> Found | None:
        found = self._single.find_turn(sid, number) if self._single else None
        return found or find_turn(session, sid, number)

    def _think(self, session: Session, library: Library, found: Found, heard: Heard) -> Reply:
        """Think out a turn and keep it, in one transaction with whatever else it wrote."""
        taken = think(session, library, found, heard=heard, sealer=self._sealer, now=self._now())
        # Most turns write nothing but themselves, and one statement is a transaction already.
        if self._single and not session.in_transaction():
            is_kept = self._single.keep_turn(taken.values)
        else:
            is_kept = keep_turn(session, taken.values)
        if not is_kept:
            raise TurnTakenError("Another process took this turn. Nothing was changed; ask again.")
        session.commit()
        if taken.owes_text:
            self._ask_for_texts()
        return taken.reply

    def _note(self, write: Callable[[Session], None]) -> bool:
        try:
            with self._sessions.begin() as session:
                write(session)
        except Exception as fault:  # noqa: BLE001 - the carrier is asked to send it again
            _log(fault)
            return False
        return True

    def _answer(self, converse: Callable[[], Numbered]) -> bytes:
        """Hold one turn's conversation; whatever fails is said to the caller."""
        try:
            number, reply = _hold(converse)
            return self._renderer.render(reply, number=number)
        except Exception as fault:  # noqa: BLE001 - a caller must never meet with silence
            _log(fault)
            return self._renderer.render(self._apologise(), number=0)

    def _apologise(self) -> Reply:
        library = self._library.last
        words = _LAST_WORDS
        if library is not None:
            fault = library.phrases.phrases["fault"].in_language(_LANGUAGE)
            words = say_aloud(fault, _LANGUAGE)
        return Reply((Spoken(_LANGUAGE, words),), HangUp())


def _hold(converse: Callable[[], Numbered]) -> Numbered:
    for left in reversed(range(_TRIES)):
        try:
            return converse()
        except (TurnTakenError, ConnectionLostError):
            # The other process's reply can be read by a transaction that begins after it, and
            # instead of a connection that the server has closed there will be another.
            if not left:
                raise
    raise AssertionError


def _log(fault: Exception) -> None:
    """Log the kind of *fault* and its place; its message may hold a number."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    log.error("a turn failed: %s in %s:%s", type(fault).__name__, where.filename, where.lineno)

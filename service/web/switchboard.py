"""The switchboard: what carriers ask in, one document for each out; a caller always hears sense."""

import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.calls.heard import HeardKind
from hotline.calls.turns import end_call
from hotline.errors import NothingToSayError
from hotline.speaking.wording import say_aloud
from hotline.steps import HangUp, Reply, Spoken
from hotline.utterances import list_utterances
from hotline.voice_messages import note_voice
from service.database import reading
from service.twilio.hearing import is_over, read_call_sid, read_heard
from service.twilio.voice import VoiceRenderer
from service.web.libraries import HeldLibrary
from service.web.turns import Asked, Form, Turns

_LANGUAGE = "vi"
# Said when not even the phrases can be read: the hotline has none yet, or no database.
_LAST_WORDS = (
    "Xin lỗi, tổng đài đang gặp sự cố. Xin gọi lại sau ít phút. "
    "Nếu nguy hiểm đến tính mạng, hãy gọi ngay số một một năm."
)

log = logging.getLogger(__name__)


class Switchboard:
    """Answers every call; whatever fails is said to the caller."""

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
        self._renderer = renderer
        self._now = now
        self._library = HeldLibrary()
        self._turns = Turns(sessions, sealer, self._library, ask_for_texts=ask_for_texts, now=now)

    def warm(self) -> None:
        """Read the library before anybody rings, so that the first caller does not wait for it."""
        try:
            with reading(self._sessions) as session:
                library = self._library.current(session)
        except Exception as fault:  # noqa: BLE001 - without it every caller would be told of a fault
            _log(fault, "the library was not read before the first call")
            return
        for utterance in list_utterances(library, at=self._now()) if library else ():
            for language, text in utterance.texts.items():
                say_aloud(text, language)

    def answer(self, asked: Sequence[Asked]) -> list[bytes]:
        """Return a document for each of *asked*, which may be turns of many calls."""
        try:
            return [
                self._renderer.render(reply, number=number)
                for number, reply in self._turns.take(asked)
            ]
        except NothingToSayError as fault:
            _log(fault)
            return [self.apologise()] * len(asked)
        except OperationalError as fault:
            if len(asked) > 1 and not fault.connection_invalidated:
                # The server answers, and has refused one of them: a deadlock, a lock, a timeout.
                return [document for one in asked for document in self.answer([one])]
            _log(fault)
            return [self.apologise()] * len(asked)
        except Exception as fault:  # noqa: BLE001 - a caller must never meet with silence
            if len(asked) > 1:
                # What one of them cannot be answered must not cost the others their answers.
                return [document for one in asked for document in self.answer([one])]
            _log(fault)
            return [self.apologise()]

    def apologise(self) -> bytes:
        """Return what is said when nothing else can be: whom to call, and to call again."""
        library = self._library.last
        words = _LAST_WORDS
        if library is not None:
            fault = library.phrases.phrases["fault"].in_language(_LANGUAGE)
            words = say_aloud(fault, _LANGUAGE)
        return self._renderer.render(Reply((Spoken(_LANGUAGE, words),), HangUp()), number=0)

    def end(self, form: Form) -> bool:
        """Take note that a call is over; return whether that is kept, or was nothing to keep."""
        sid = read_call_sid(form)
        if not (sid and is_over(form)):
            return True
        return self._note(lambda session: end_call(session, sid=sid, now=self._now()))

    def note_voice(self, form: Form) -> bool:
        """Take note that a voice message can be fetched; return whether that is kept."""
        heard = read_heard(form)
        if heard.kind is not HeardKind.VOICE or form.get("RecordingStatus") != "completed":
            return True
        return self._note(
            lambda session: note_voice(
                session,
                heard.voice_sid,
                call_sid=read_call_sid(form),
                seconds=heard.seconds,
                now=self._now(),
            )
        )

    def _note(self, write: Callable[[Session], None]) -> bool:
        try:
            with self._sessions.begin() as session:
                write(session)
        except Exception as fault:  # noqa: BLE001 - the carrier is asked to send it again
            _log(fault)
            return False
        return True


def _log(fault: Exception, what: str = "a turn failed") -> None:
    """Log the kind of *fault* and its place; its message may hold a number."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    log.error("%s: %s in %s:%s", what, type(fault).__name__, where.filename, where.lineno)

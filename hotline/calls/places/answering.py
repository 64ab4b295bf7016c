"""Answering: one answer that is true now, spoken, repeated, or sent by text on a key."""

from campaigns.subscribers.consent import has_opted_out
from hotline.answers.bank import Approved
from hotline.caller_texts import order_text
from hotline.calls.heard import Heard
from hotline.calls.talks import Talk
from hotline.calls.visits import ANSWER

TEXT_KEY = "5"
_LIMIT = "sms_limit"


class AnswerPlace:
    """Speaks the answer under a code, or leads to a person when none is true any more."""

    def __init__(self, code: str) -> None:
        self._code = code

    def enter(self, talk: Talk) -> None:
        found = talk.library.find_answer(self._code, at=talk.now)
        if found is None:
            talk.say("answer_ended")
            talk.call_person()
            return
        speak_answer(talk, found)
        talk.say("sms_offer")
        talk.say("after_answer")
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys != TEXT_KEY:
            return False
        found = talk.library.find_answer(self._code, at=talk.now)
        if found is None:
            return False
        send_answer(talk, found)
        talk.say("after_answer")
        talk.ask_key()
        return True


def speak_answer(talk: Talk, found: Approved) -> None:
    """Say an answer; whoever asks about danger signs hears 115 first."""
    if found.document.is_danger:
        talk.say("danger_first")
    talk.utter(f"{ANSWER}{found.code}", found.document.spoken)
    talk.visit.topic = found.topic
    talk.answer = found.code


def send_answer(talk: Talk, found: Approved) -> None:
    """Owe the caller the short form of *found* as a text, and say what came of it."""
    body = found.document.text_in(talk.language)
    send_text(talk, body, subject=f"{found.code}.{found.version}")


def send_text(talk: Talk, body: str, *, subject: str) -> None:
    """Owe the caller *body*, which they asked for by a key, as a text; say what came of it."""
    talk.say(_order(talk, body, subject=subject))


def send_reference(talk: Talk, body: str, *, subject: str) -> None:
    """Owe the caller the number of what they left, unless they want no texts of ours.

    They have heard it already; only where it will not come as a text is that said.
    """
    if talk.fingerprint is not None and has_opted_out(talk.session, talk.fingerprint):
        return
    said = _order(talk, body, subject=subject)
    if said == _LIMIT:
        talk.say(said)


def _order(talk: Talk, body: str, *, subject: str) -> str:
    """Owe *body* within today's limit; return the phrase that says what came of it."""
    if talk.fingerprint is None or talk.sealed is None:
        return "sms_withheld"
    is_owed = order_text(
        talk.session,
        talk.call_id,
        body,
        subject=subject,
        fingerprint=talk.fingerprint,
        sealed=talk.sealed,
        now=talk.now,
    )
    talk.owes_text = talk.owes_text or is_owed
    return "sms_sent" if is_owed else _LIMIT

"""Answering: one answer that is true now, spoken, repeated, or sent by text on a key."""

from hotline.answers.bank import Approved
from hotline.caller_texts import order_text
from hotline.calls.heard import Heard
from hotline.calls.talks import Talk
from hotline.calls.visits import ANSWER

TEXT_KEY = "5"


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


def send_text(talk: Talk, body: str, *, subject: str, is_said: bool = True) -> None:
    """Owe the caller *body* as a text within today's limit; say what came of it if *is_said*."""
    if talk.fingerprint is None or talk.sealed is None:
        said = "sms_withheld"
    elif order_text(
        talk.session,
        talk.call_id,
        body,
        subject=subject,
        fingerprint=talk.fingerprint,
        sealed=talk.sealed,
        now=talk.now,
    ):
        said = "sms_sent"
        talk.owes_text = True
    else:
        said = "sms_limit"
    if is_said:
        talk.say(said)

"""Resuming: somebody whose call broke off a moment ago may go on where they were."""

from hotline.calls.heard import Heard
from hotline.calls.talks import Talk
from hotline.calls.visits import Visit

RESUME_KEY = "1"
ANEW_KEY = "2"
BEFORE = "before"


class ResumePlace:
    """Offers the place at which the last call broke off, kept in the notes."""

    def enter(self, talk: Talk) -> None:
        talk.say("resume_offer")
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys not in {RESUME_KEY, ANEW_KEY}:
            return False
        if heard.keys == RESUME_KEY:
            before = Visit.from_json(talk.visit.notes[BEFORE])
            talk.resume(before)
        else:
            talk.goes_to = talk.library.script.start
        return True

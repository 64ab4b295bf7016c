"""Resuming: somebody whose call broke off a moment ago may go on where they were."""

from hotline.calls.heard import Heard
from hotline.calls.places.declaring import take_over
from hotline.calls.places.menus import greet
from hotline.calls.talks import Talk
from hotline.calls.visits import Visit

RESUME_KEY = "1"
ANEW_KEY = "2"
BEFORE = "before"


class ResumePlace:
    """Offers the place at which the last call broke off, kept in the notes; 115 comes first."""

    def enter(self, talk: Talk) -> None:
        if not talk.visit.misses:
            greet(talk)
        talk.say("resume_offer")
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys not in {RESUME_KEY, ANEW_KEY}:
            return False
        if heard.keys == RESUME_KEY:
            before = Visit.from_json(talk.visit.notes[BEFORE])
            take_over(talk, before)
            talk.resume(before)
        else:
            del talk.visit.notes[BEFORE]
            talk.goes_to, talk.keeps_notes = talk.library.script.start, True
        return True

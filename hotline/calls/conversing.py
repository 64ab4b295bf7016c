"""Conversing: what one thing heard does to a talk, and where the talk comes to."""

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.directory import find_place
from hotline.calls.places.place import Place
from hotline.calls.talks import Talk
from hotline.calls.visits import PERSON
from hotline.steps import HangUp

MOST_MISSES = 3
# A call of this many turns is lost in the menus; a person helps better, and then it ends.
MOST_TURNS = 60
LAST_TURN = 80
_MOST_HOPS = 8


def respond(talk: Talk, heard: Heard, *, number: int, waited_for_keys: bool) -> None:
    if number >= LAST_TURN:
        talk.hang_up()
        return
    if number >= MOST_TURNS and not talk.visit.node.startswith(PERSON):
        talk.say("too_long")
        talk.call_person()
        enter(talk)
        return
    place = _place(talk)
    is_common = waited_for_keys and _hear_common_key(talk, heard)
    if is_common or (heard.kind is not HeardKind.SILENCE and place.hear(talk, heard)):
        talk.visit.misses = 0
    else:
        _miss(talk, heard)
    if talk.ending is None:
        enter(talk)


def _hear_common_key(talk: Talk, heard: Heard) -> bool:
    """Act on the keys that mean the same everywhere: 0 a person, * again, # back."""
    match heard.keys:
        case "0":
            talk.call_person()
        case "*":
            pass
        case "#":
            talk.back()
        case _:
            return False
    return True


def _miss(talk: Talk, heard: Heard) -> None:
    """Say what was not understood and ask again; the third time lead to a person."""
    talk.visit.misses += 1
    is_silence = heard.kind in {HeardKind.SILENCE, HeardKind.VOICE}
    words = heard.kind is HeardKind.WORDS
    talk.say("silence" if is_silence else "not_understood" if words else "wrong_key")
    if talk.visit.misses < MOST_MISSES:
        return
    talk.visit.misses = 0
    if talk.visit.node.startswith(PERSON):
        talk.hang_up()
    else:
        talk.call_person()


def enter(talk: Talk) -> None:
    """Enter the place the talk goes to, and whatever that leads on to, until it waits."""
    for _ in range(_MOST_HOPS):
        if talk.goes_to is not None:
            talk.visit.node = talk.goes_to
            if not talk.keeps_notes:
                talk.visit.notes = {}
            talk.goes_to, talk.keeps_notes = None, False
        _place(talk).enter(talk)
        if talk.goes_to is None:
            return
    talk.say("fault")
    talk.ending = HangUp()


def _place(talk: Talk) -> Place:
    """Return where the talk is; in the home menu when the script no longer has that place."""
    place = find_place(talk.library.script, talk.visit.node)
    if place is None:
        talk.visit.node, talk.visit.path = talk.library.script.home, []
        talk.visit.notes = {}
        place = find_place(talk.library.script, talk.visit.node)
    if place is None:
        raise LookupError("a script was loaded whose home menu is not among its nodes")
    return place

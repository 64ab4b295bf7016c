"""Conversing: what one thing heard does to a talk, and where the talk comes to."""

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.declaring import DeclarationPlace
from hotline.calls.places.directory import find_place
from hotline.calls.places.persons import PersonPlace
from hotline.calls.places.place import Place
from hotline.calls.talks import Talk
from hotline.steps import HangUp

MOST_MISSES = 3
# A call of so many turns is lost in the menus: a person helps better. A household's declarations
# take many more, and whoever is led to a person is let go by that place itself.
MOST_TURNS = 60
MOST_DECLARING = 360
LAST_TURN = 400
_MOST_HOPS = 8


def respond(talk: Talk, heard: Heard, *, number: int, keys_awaited: int) -> None:
    """Act on what is *heard* in turn *number*, when up to *keys_awaited* keys were waited for."""
    place = _place(talk)
    if number >= LAST_TURN:
        talk.hang_up()
        return
    most = MOST_DECLARING if isinstance(place, DeclarationPlace) else MOST_TURNS
    if number >= most and not isinstance(place, PersonPlace):
        talk.say("too_long")
        talk.call_person()
        enter(talk)
        return
    is_common = keys_awaited > 0 and _hear_common_key(talk, heard)
    talk.visit.is_full = 1 < keys_awaited == len(heard.keys)
    if is_common or (heard.kind is not HeardKind.SILENCE and place.hear(talk, heard)):
        talk.visit.misses = 0
    else:
        _miss(talk, heard, awaits_keys=keys_awaited > 0)
    if talk.ending is None:
        enter(talk)


def _hear_common_key(talk: Talk, heard: Heard) -> bool:
    """Act on the keys that mean the same everywhere: 0 a person, * again, # back."""
    match heard.keys:
        case "0":
            talk.call_person()
        case "*":
            pass
        case "#" if talk.visit.is_full:
            # It was to end an entry that had ended by itself: it goes nowhere.
            pass
        case "#":
            talk.back()
        case _:
            return False
    return True


def _miss(talk: Talk, heard: Heard, *, awaits_keys: bool) -> None:
    """Say what was not understood and ask again; the third time lead to a person."""
    talk.visit.misses += 1
    is_third = talk.visit.misses >= MOST_MISSES
    place = _place(talk)
    if is_third and isinstance(place, PersonPlace):
        place.give_up(talk)
        return
    # A place that knows better has said already what was wrong.
    if not talk.spoken:
        talk.say(_what_was_wrong(heard, awaits_keys=awaits_keys))
    if is_third:
        talk.visit.misses = 0
        talk.call_person()


def _what_was_wrong(heard: Heard, *, awaits_keys: bool) -> str:
    """Return the phrase for it; whoever is about to speak is not told to press a key."""
    match heard.kind:
        case HeardKind.SILENCE | HeardKind.VOICE:
            return "silence" if awaits_keys else "voicemail_empty"
        case HeardKind.WORDS:
            return "not_understood"
        case _:
            return "wrong_key"


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

"""Levels: the level of the caller's own commune, what it allows, and what is announced."""

from campaigns.levels import (
    LevelDecision,
    announced_level,
    level_at,
)
from hotline.answers.bank import Approved
from hotline.calls.heard import Heard
from hotline.calls.places.answering import TEXT_KEY, send_answer, speak_answer
from hotline.calls.places.localities import communes_of, find_commune
from hotline.calls.talks import Talk
from hotline.communes import LONGEST_KEYED, Commune
from hotline.documents import Wording
from hotline.level_words import slots_of_decision
from hotline.measures import measures_code
from hotline.scripts.document import MENU_CHOICES

OTHER_KEY = "1"
MEASURES_KEY = "2"
MORE_KEY = "3"
_AREA = "area"
_OFFERED = "offered"
_PART = "part"


class LevelPlace:
    """Tells the level of one commune: the registered one, or one that is keyed or named."""

    def enter(self, talk: Talk) -> None:
        notes = talk.visit.notes
        if _OFFERED in notes:
            self._offer(talk, notes[_OFFERED].split())
            return
        code = notes.get(_AREA, talk.visit.area_code)
        commune = next((one for one in communes_of(talk) if one.code == code), None)
        if commune is None:
            _ask_commune(talk)
        else:
            _tell(talk, commune)

    def hear(self, talk: Talk, heard: Heard) -> bool:
        notes = talk.visit.notes
        if _OFFERED in notes:
            return self._choose(talk, heard, notes[_OFFERED].split())
        if notes.get(_AREA):
            return self._hear_after(talk, heard)
        found = find_commune(talk, heard)
        if len(found) == 1:
            _settle_on(talk, found[0])
        elif found and len(found) <= MENU_CHOICES:
            notes[_OFFERED] = " ".join(commune.code for commune in found)
            self._offer(talk, notes[_OFFERED].split())
        else:
            if heard.keys.isdigit():
                talk.say("commune_many" if found else "commune_none")
            return False
        return True

    def _offer(self, talk: Talk, codes: list[str]) -> None:
        """Name the few communes that fit, each with a key."""
        named = {commune.code: commune for commune in communes_of(talk)}
        talk.say("commune_which")
        for key, code in enumerate(codes, start=1):
            name = named[code].full_name if code in named else code
            talk.say("choice", key=str(key), label=name)
        talk.ask_key()

    def _choose(self, talk: Talk, heard: Heard, codes: list[str]) -> bool:
        if not (heard.keys.isdigit() and 1 <= int(heard.keys) <= len(codes)):
            return False
        chosen = [one for one in communes_of(talk) if one.code == codes[int(heard.keys) - 1]]
        if not chosen:
            return False
        del talk.visit.notes[_OFFERED]
        _settle_on(talk, chosen[0])
        return True

    def _hear_after(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys == OTHER_KEY:
            talk.visit.notes[_AREA] = ""
            _ask_commune(talk)
            return True
        decision = level_at(talk.session, talk.visit.notes[_AREA], at=talk.now)
        if heard.keys not in {MEASURES_KEY, MORE_KEY, TEXT_KEY} or decision is None:
            return False
        if heard.keys == TEXT_KEY:
            found = _find_measures(talk, decision) if talk.visit.notes.get(_PART) else None
            if found is None:
                return False
            send_answer(talk, found)
        else:
            talk.visit.notes[_PART] = heard.keys
            _say_measures(talk, decision)
        talk.say("after_answer")
        talk.ask_key()
        return True


def _settle_on(talk: Talk, commune: Commune) -> None:
    """Take *commune* as the caller's from now on, unless it is known where they live."""
    talk.visit.notes[_AREA] = commune.code
    if all(one.code != talk.visit.area_code for one in communes_of(talk)):
        talk.visit.area_code = talk.remembers["area_code"] = commune.code
    _tell(talk, commune)


def _ask_commune(talk: Talk) -> None:
    talk.say("ask_commune")
    names = tuple(commune.name for commune in communes_of(talk)) if talk.language == "vi" else ()
    talk.ask_keys(LONGEST_KEYED, hints=names)


def _tell(talk: Talk, commune: Commune) -> None:
    """Say the level in force, and what it allows or the change that is announced.

    Both at once would be longer than anybody listens; then what is allowed is a key away.
    """
    talk.visit.notes |= {_AREA: commune.code, _PART: ""}
    talk.visit.topic = talk.answer = "levels"
    decision = level_at(talk.session, commune.code, at=talk.now)
    coming = announced_level(talk.session, commune.code, now=talk.now)
    if decision is None:
        talk.say("level_unknown", area=commune.full_name)
    else:
        _say_decision(talk, "level_known", decision, commune)
    if coming is not None:
        _say_decision(talk, "level_announced", coming, commune)
    if decision is not None and coming is not None:
        talk.say("level_measures_offer")
    elif decision is not None:
        talk.visit.notes[_PART] = MEASURES_KEY
        _say_measures(talk, decision)
    talk.say("level_other_commune")
    talk.say("after_answer")
    talk.ask_key()


def _say_decision(talk: Talk, phrase: str, decision: LevelDecision, commune: Commune) -> None:
    wording: Wording = talk.library.phrases.phrases[phrase]
    talk.tell_each(wording, lambda language: slots_of_decision(decision, commune, language))


def _say_measures(talk: Talk, decision: LevelDecision) -> None:
    found = _find_measures(talk, decision)
    if found is None:
        talk.say("level_measures_missing")
        return
    speak_answer(talk, found)
    if talk.visit.notes.get(_PART) != MORE_KEY and _find_more(talk, decision):
        talk.say("level_more_offer")
    talk.say("sms_offer")


def _find_measures(talk: Talk, decision: LevelDecision) -> Approved | None:
    """Return the part of the table that was asked for last: the first, or the rest of it."""
    if talk.visit.notes.get(_PART) == MORE_KEY:
        return _find_more(talk, decision)
    return talk.library.find_answer(measures_code(decision.scheme, decision.level), at=talk.now)


def _find_more(talk: Talk, decision: LevelDecision) -> Approved | None:
    code = measures_code(decision.scheme, decision.level, is_more=True)
    return talk.library.find_answer(code, at=talk.now)
